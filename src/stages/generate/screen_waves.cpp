#include "stages/generate/screen_waves.h"

#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

constexpr double kLeastShare = 0.03;  // of the spectrum's energy between the two periods
constexpr double kLongest = 24, kShortest = 2.2;  // periods, px
constexpr int kPeak = 2;        // steps of the spectrum that a peak reaches to each side
constexpr int kAround = 8;      // and its surroundings, which
constexpr double kSteep = 8;    // the peak exceeds so many times in the mean
constexpr int kFinerSteps = 7;  // halvings of the step when a frequency is made exact

/// The residual's fine detail in grey, faded out towards the edges.
cv::Mat fine_detail(const cv::Mat& residual) {
  cv::Mat grey, soft, window;
  cv::cvtColor(residual, grey, cv::COLOR_RGB2GRAY);
  cv::GaussianBlur(grey, soft, {}, kLongest / 3);
  cv::createHanningWindow(window, residual.size(), CV_32F);
  return (grey - soft).mul(window);
}

/// Energy of the detail at one frequency.
double energy_at(std::span<const cv::Mat> details, const cv::Vec2d& wave) {
  double energy = 0;
  for (const cv::Mat& detail : details) {
    std::vector<float> cosine, sine;
    for (int x = 0; x < detail.cols; ++x) {
      cosine.push_back(static_cast<float>(std::cos(wave[0] * x)));
      sine.push_back(static_cast<float>(std::sin(wave[0] * x)));
    }
    double real = 0, imaginary = 0;
    for (int y = 0; y < detail.rows; ++y) {
      const auto* d = detail.ptr<float>(y);
      float c = 0, s = 0;
      for (std::size_t x = 0; x < cosine.size(); ++x) {
        c += d[x] * cosine[x];
        s += d[x] * sine[x];
      }
      const double cy = std::cos(wave[1] * y), sy = std::sin(wave[1] * y);
      real += static_cast<double>(c) * cy - static_cast<double>(s) * sy;
      imaginary += static_cast<double>(c) * sy + static_cast<double>(s) * cy;
    }
    energy += real * real + imaginary * imaginary;
  }
  return energy;
}

/// The frequency near `wave` with the most energy: the spectrum's own steps would put a wave out of
/// phase over the width of the picture.
cv::Vec2d exact(std::span<const cv::Mat> details, cv::Vec2d wave, cv::Vec2d step) {
  double best = energy_at(details, wave);
  for (int round = 0; round < kFinerSteps; ++round) {
    step *= 0.5;
    for (bool better = true; better;) {
      better = false;
      for (const cv::Vec2d& side :
           {cv::Vec2d(step[0], 0), {-step[0], 0}, {0, step[1]}, {0, -step[1]}}) {
        const double energy = energy_at(details, wave + side);
        if (energy <= best) continue;
        best = energy;
        wave += side;
        better = true;
      }
    }
  }
  return wave;
}

}  // namespace

std::vector<cv::Vec2d> screen_waves(std::span<const cv::Mat> residuals) {
  std::vector<cv::Mat> details;
  cv::Mat power;
  for (const cv::Mat& residual : residuals) {
    details.push_back(fine_detail(residual));
    cv::Mat spectrum, parts[2];
    cv::dft(details.back(), spectrum, cv::DFT_COMPLEX_OUTPUT);
    cv::split(spectrum, parts);
    const cv::Mat one = parts[0].mul(parts[0]) + parts[1].mul(parts[1]);
    power = power.empty() ? one : cv::Mat(power + one);
  }
  const cv::Mat whole = power.clone();
  // Frequencies of row and column: the second half are the negative ones.
  const cv::Vec2d step(2 * std::numbers::pi / power.cols, 2 * std::numbers::pi / power.rows);
  const auto wave_at = [&](int x, int y) {
    return cv::Vec2d(step[0] * (x <= power.cols / 2 ? x : x - power.cols),
                     step[1] * (y <= power.rows / 2 ? y : y - power.rows));
  };
  for (int y = 0; y < power.rows; ++y) {
    for (int x = 0; x < power.cols; ++x) {
      const double length = cv::norm(wave_at(x, y));
      // One half plane is enough: the other mirrors it.
      if (length < 2 * std::numbers::pi / kLongest || length > 2 * std::numbers::pi / kShortest ||
          x > power.cols / 2 || (x == 0 && y > power.rows / 2))
        power.at<float>(y, x) = 0;
    }
  }
  const double all = cv::sum(power)[0];
  std::vector<cv::Vec2d> waves;
  while (all > 0 && waves.size() < kMostScreenWaves) {
    cv::Point peak;
    cv::minMaxLoc(power, nullptr, nullptr, nullptr, &peak);
    const auto within = [&](int reach) {
      return cv::Rect(peak.x - reach, peak.y - reach, 2 * reach + 1, 2 * reach + 1) &
             cv::Rect(0, 0, power.cols, power.rows);
    };
    const cv::Rect close = within(kPeak), around = within(kAround);
    const double held = cv::sum(power(close))[0];
    const double beside = (cv::sum(whole(around))[0] - held) / (around.area() - close.area());
    if (held < kLeastShare * all || held < kSteep * beside * close.area()) break;
    power(close).setTo(0);
    waves.push_back(exact(details, wave_at(peak.x, peak.y), step));
  }
  return waves;
}

}  // namespace ditto::stages
