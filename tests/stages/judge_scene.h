#pragma once

#include <functional>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "ditto/stages/judge.h"

/// A made-up scene for judge and gate: a textured background under a panning camera with a red
/// disc that moves on its own, and simple edits of it.
namespace ditto::stages::scene {

using Frames = std::vector<cv::Mat>;

inline constexpr int kFrames = 21;
inline constexpr int kKey = 10;
inline const cv::Size kSize(256, 144);

inline cv::Mat background(unsigned seed) {
  cv::RNG random(seed);
  const cv::Size size(kSize.width + 160, kSize.height + 40);
  cv::Mat picture(size, CV_8UC3, cv::Scalar(110, 120, 105));
  for (int i = 0; i < 110; ++i) {
    const cv::Point corner(random.uniform(0, size.width), random.uniform(0, size.height));
    const cv::Size extent(random.uniform(8, 50), random.uniform(8, 40));
    const int grey = random.uniform(30, 210);
    const cv::Scalar colour(grey - random.uniform(0, 25), grey, grey - random.uniform(-20, 25));
    cv::rectangle(picture, {corner, extent}, colour, cv::FILLED);
  }
  cv::GaussianBlur(picture, picture, {0, 0}, 0.8);
  return picture;
}

inline cv::Point disc_centre(int t) { return {70 + 3 * t, 72 + t}; }
inline constexpr int kDiscRadius = 22;

inline cv::Mat disc_mask(int t) {
  cv::Mat mask = cv::Mat::zeros(kSize, CV_8UC1);
  cv::circle(mask, disc_centre(t), kDiscRadius, cv::Scalar(255), cv::FILLED);
  return mask;
}

/// `first` moves the beginning in time; `seed` is another scene.
inline Frames source(int first = 0, unsigned seed = 5) {
  const cv::Mat back = background(seed);
  Frames frames;
  for (int t = first; t < first + kFrames; ++t) {
    cv::Mat frame = back(cv::Rect({4 * t, t / 2}, kSize)).clone();
    cv::circle(frame, disc_centre(t), kDiscRadius, cv::Scalar(200, 30, 30), cv::FILLED,
               cv::LINE_AA);
    cv::circle(frame, disc_centre(t) + cv::Point(5, -6), 6, cv::Scalar(240, 90, 80), cv::FILLED,
               cv::LINE_AA);
    frames.push_back(frame);
  }
  return frames;
}

inline cv::Mat sepia(const cv::Mat& frame) {
  cv::Mat result;
  cv::transform(frame, result, cv::Matx33f(.39F, .77F, .19F, .35F, .69F, .17F, .27F, .53F, .13F));
  return result;
}
inline cv::Mat night(const cv::Mat& frame) {
  cv::Mat result;
  cv::transform(frame, result, cv::Matx33f(.25F, .05F, 0, .05F, .28F, .02F, .05F, .1F, .4F));
  return result;
}
/// Red and blue swapped inside the mask: the red disc becomes blue.
inline cv::Mat recolour(const cv::Mat& frame, const cv::Mat& mask) {
  cv::Mat swapped, result = frame.clone();
  cv::cvtColor(frame, swapped, cv::COLOR_RGB2BGR);
  swapped.copyTo(result, mask);
  return result;
}
inline cv::Mat blend(const cv::Mat& from, const cv::Mat& to, double amount) {
  cv::Mat result;
  cv::addWeighted(from, 1 - amount, to, amount, 0, result);
  return result;
}
inline cv::Mat blurred(const cv::Mat& frame, double sigma) {
  cv::Mat result;
  cv::GaussianBlur(frame, result, {0, 0}, sigma);
  return result;
}
inline cv::Mat shifted(const cv::Mat& frame, double dx, double dy) {
  cv::Mat result;
  cv::warpAffine(frame, result, cv::Matx23d(1, 0, dx, 0, 1, dy), frame.size(), cv::INTER_LINEAR,
                 cv::BORDER_REPLICATE);
  return result;
}
/// About its middle, clockwise.
inline cv::Mat turned(const cv::Mat& frame, double degrees, double scale) {
  const cv::Point2f middle(0.5F * static_cast<float>(frame.cols),
                           0.5F * static_cast<float>(frame.rows));
  cv::Mat result;
  cv::warpAffine(frame, result, cv::getRotationMatrix2D(middle, -degrees, scale), frame.size(),
                 cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return result;
}
/// Each 8x8 block moved towards its mean, as coarse coding does.
inline cv::Mat blocky(const cv::Mat& frame, double amount) {
  cv::Mat small, flat;
  cv::resize(frame, small, frame.size() / 8, 0, 0, cv::INTER_AREA);
  cv::resize(small, flat, frame.size(), 0, 0, cv::INTER_NEAREST);
  return blend(frame, flat, amount);
}

inline Frames each(const Frames& frames,
                   const std::function<cv::Mat(int, const cv::Mat&)>& change) {
  Frames result;
  for (std::size_t t = 0; t < frames.size(); ++t)
    result.push_back(change(static_cast<int>(t), frames[t]));
  return result;
}

inline media::Video video(Frames frames) { return {std::move(frames), {20, 1}}; }

struct Case {
  Frames source;
  Frames edited;
  JudgeContext context;
};

inline Case global_case() {
  Case result;
  result.source = source();
  result.edited = each(result.source, [](int, const cv::Mat& f) { return sepia(f); });
  result.context.instruction.text = "Turn it into an old photograph";
  result.context.instruction.task = Task::kGlobalStyle;
  result.context.key_frame = kKey;
  result.context.edited_key_frame = result.edited[kKey];
  return result;
}

inline Case local_case() {
  Case result;
  result.source = source();
  result.edited =
      each(result.source, [](int t, const cv::Mat& f) { return recolour(f, disc_mask(t)); });
  result.context.instruction.text = "Make the red disc blue";
  result.context.instruction.target = "the red disc";
  result.context.instruction.task = Task::kLocalAttribute;
  result.context.key_frame = kKey;
  result.context.edited_key_frame = result.edited[kKey];
  result.context.mask = disc_mask(kKey);
  return result;
}

inline Judgement judged(const Case& sample, const Frames& edited) {
  return make_judge(config::Judge{})->judge(video(sample.source), video(edited), sample.context);
}

inline Score score(const Judgement& judgement, const std::string& criterion) {
  for (const Score& score : judgement.scores) {
    if (score.criterion == criterion) return score;
  }
  return {criterion, 0.0, "missing"};
}

}  // namespace ditto::stages::scene
