#include "stages/judge/detail.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"
#include "stages/judge/series.h"
#include "stages/judge/wording.h"

namespace ditto::stages::measure {
namespace {

/// Levels beyond which a difference between neighbours is an edge of the picture, not of a block.
constexpr double kLargestStep = 12;

cv::Mat gradient_energy(const cv::Mat& grey) {
  cv::Mat gx, gy;
  cv::Sobel(grey, gx, CV_32F, 1, 0, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::Sobel(grey, gy, CV_32F, 0, 1, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  return gx.mul(gx) + gy.mul(gy);
}

/// Steps across the columns' borders: |d(x)| - (|d(x-1)| + |d(x+1)|) / 2 by phase of x modulo 8.
double column_blocking(const cv::Mat& grey) {
  std::array<double, 8> sum{};
  std::array<double, 8> count{};
  for (int y = 0; y < grey.rows; ++y) {
    const auto* row = grey.ptr<uchar>(y);
    const auto step = [row](int x) {
      return std::min(kLargestStep, std::abs(double(row[x + 1]) - row[x]));
    };
    for (int x = 1; x + 2 < grey.cols; ++x) {
      sum[static_cast<std::size_t>(x % 8)] += step(x) - 0.5 * (step(x - 1) + step(x + 1));
      ++count[static_cast<std::size_t>(x % 8)];
    }
  }
  std::vector<double> phases;
  for (std::size_t i = 0; i < 8; ++i) phases.push_back(count[i] > 0 ? sum[i] / count[i] : 0.0);
  return *std::max_element(phases.begin(), phases.end()) - quantile(phases, 0.5);
}

}  // namespace

double fine_contrast(const cv::Mat& grey) {
  constexpr double kNoise = 0.5;  // squared levels that are no detail
  return std::sqrt(cv::mean(gradient_energy(grey))[0] + kNoise);
}

double edge_blur(const cv::Mat& grey) {
  // For a step blurred by s, the gradient behind a Gaussian of standard deviation b is proportional
  // to 1 / sqrt(s² + b²): two values of b give s. The Sobel operator itself blurs by about 0.7.
  constexpr double kWide = 2.0, kSobel = 0.5;
  constexpr double kStrongest = 0.03;
  cv::Mat wide;
  cv::GaussianBlur(grey, wide, {0, 0}, kWide);
  const cv::Mat fine_energy = gradient_energy(grey), wide_energy = gradient_energy(wide);
  std::vector<double> some;
  for (int y = 0; y < wide_energy.rows; y += 2) {
    const auto* row = wide_energy.ptr<float>(y);
    for (int x = y / 2 % 3; x < wide_energy.cols; x += 3) some.push_back(row[x]);
  }
  const cv::Mat strong = wide_energy >= quantile(std::move(some), 1 - kStrongest);
  const double fine = cv::mean(fine_energy, strong)[0], smooth = cv::mean(wide_energy, strong)[0];
  if (smooth < 1e-9) return 0.0;
  const double excess = std::max(1e-3, fine / smooth - 1);
  return std::sqrt(std::max(0.0, kWide * kWide / excess - kSobel));
}

double blocking(const cv::Mat& grey) {
  return std::max(column_blocking(grey), column_blocking(grey.t()));
}

std::vector<Finding> inspect_detail(const media::Video& source, const media::Video& edited,
                                    const JudgeContext& context, const config::Judge& limits) {
  constexpr int kFrames = 7;
  const cv::Mat source_key =
      media::grey(source.frames[static_cast<std::size_t>(context.key_frame)]);
  // What the edit itself does to edges and blocks, as far as it is known.
  double edit_blur = 0, edit_blocks = 0, edit_contrast = 1;
  if (!context.edited_key_frame.empty()) {
    const cv::Mat key = media::grey(context.edited_key_frame);
    edit_blur = std::pow(edge_blur(key), 2) - std::pow(edge_blur(source_key), 2);
    edit_blocks = std::max(0.0, blocking(key) - blocking(source_key));
    edit_contrast = fine_contrast(key) / fine_contrast(source_key);
  }
  std::vector<double> blurs, blocks, contrasts;
  std::vector<std::size_t> frames;
  const auto last = static_cast<double>(source.frames.size() - 1);
  for (int i = 0; i < kFrames; ++i) {
    const auto t = static_cast<std::size_t>(std::lround(i * last / (kFrames - 1)));
    frames.push_back(t);
    const cv::Mat s = media::grey(source.frames[t]), e = media::grey(edited.frames[t]);
    const double added =
        std::pow(edge_blur(e), 2) - std::pow(edge_blur(s), 2) - std::max(0.0, edit_blur);
    blurs.push_back(std::sqrt(std::max(0.0, added)));
    blocks.push_back(std::max(0.0, blocking(e) - blocking(s) - edit_blocks));
    contrasts.push_back(fine_contrast(e) / (edit_contrast * fine_contrast(s)));
  }
  const bool key_known = !context.edited_key_frame.empty();
  const char* than = key_known ? "the edited key frame's" : "the source's";
  // Without the edited key frame the text alone says that softness or blocks are wanted.
  const DetailWords asked = key_known ? DetailWords{} : detail_words(context.instruction.text);
  const auto most = [&](const std::vector<double>& values) {
    return frames[static_cast<std::size_t>(std::max_element(values.begin(), values.end()) -
                                           values.begin())];
  };
  constexpr double kSoft = 2.5;  // times as much blur may be when the text asks for a soft picture
  constexpr double kUnknown = 1.25;  // and of a look that may be a little soft itself
  const double blur = quantile(blurs, 0.7);
  const double most_blur = limits.max_blur * (asked.soft ? kSoft : key_known ? 1.0 : kUnknown);
  const double block = asked.blocks ? 0.0 : quantile(blocks, 0.7);
  std::vector<Finding> findings = {
      at_most(
          {"quality", "blur", "blur"}, blur, most_blur,
          fmt::format("edges are blurred by {:.1f} pixels more than {}, most in frame {} (at most "
                      "{:.1f} allowed{})",
                      blur, than, most(blurs), most_blur,
                      asked.soft ? ", because the text asks for a soft picture" : "")),
      at_most({"quality", "blocking", "blocking"}, block, limits.max_blocking,
              asked.blocks ? std::string("the text asks for blocks: they are not held against it")
                           : fmt::format("steps on an 8-pixel grid are {:.2f} levels above {}, "
                                         "most in frame {} (at most "
                                         "{:.2f} allowed)",
                                         block, than, most(blocks), limits.max_blocking))};
  if (key_known) {
    // The lines and dots of a drawn look are too fine for edges to tell their blur.
    const double contrast = quantile(contrasts, 0.5);
    findings.push_back(at_least(
        {"quality", "blur", "fine_contrast"}, contrast, limits.min_fine_contrast, 1.0,
        fmt::format("neighbouring pixels have {:.0f} % of the contrast that the edited key frame "
                    "gives them (at least {:.0f} % wanted)",
                    100 * contrast, 100 * limits.min_fine_contrast)));
  }
  return findings;
}

}  // namespace ditto::stages::measure
