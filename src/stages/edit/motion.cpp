#include "stages/edit/motion.h"

#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"
#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

constexpr int kFlowSize = 416;  // longer side at which flow is computed
constexpr int kTerms = 6;       // of a quadratic in x and y

using Terms = cv::Vec<double, kTerms>;

Terms terms_at(double x, double y) { return {1, x, y, x * x, x * y, y * y}; }

// How far each pixel moves on its own between the key frame and frame `t`, in pixels of the small
// frames.
cv::Mat own_motion(const Clip& clip, int t) {
  const cv::Mat from = grey_for_flow(clip, clip.key_frame);
  const cv::Mat to = grey_for_flow(clip, t);
  const cv::Mat flow = media::flow(from, to, media::FlowQuality::kMedium);
  const cv::Mat rest = flow - camera_flow(flow, {});
  std::array<cv::Mat, 2> parts;
  cv::split(rest, parts.data());
  cv::Mat out;
  cv::magnitude(parts[0], parts[1], out);
  return out;
}

cv::Mat ellipse(int size) { return cv::getStructuringElement(cv::MORPH_ELLIPSE, {size, size}); }

// The outline of what moves, by colour: flow is blurred across it.
cv::Mat outlined(const cv::Mat& key, const cv::Mat& moving) {
  cv::Mat small;
  cv::resize(key, small, moving.size(), 0, 0, cv::INTER_AREA);
  cv::Mat sure;
  cv::Mat near;
  cv::erode(moving, sure, ellipse(9));
  cv::dilate(moving, near, ellipse(15));
  if (cv::countNonZero(sure) < 20 || cv::countNonZero(near) == static_cast<int>(near.total()))
    return moving;
  cv::Mat labels(moving.size(), CV_8UC1, cv::Scalar(cv::GC_BGD));
  labels.setTo(cv::GC_PR_BGD, near);
  labels.setTo(cv::GC_PR_FGD, moving);
  labels.setTo(cv::GC_FGD, sure);
  const cv::Mat cut = cut_out(small, labels, 3);
  // Where the colours don't tell them apart, motion does.
  const double share = cv::countNonZero(cut & moving) / (1.0 * cv::countNonZero(moving));
  return share > 0.6 ? cut : moving;
}

// What moves between the key frame and the frames `reach` before and after it. What is uncovered on
// one side of the key frame has no flow there, but on the other side.
cv::Mat moved_within(const Clip& clip, int reach) {
  const int last = static_cast<int>(clip.video.frames.size()) - 1;
  cv::Mat path;
  for (const int t : {clip.key_frame - reach, clip.key_frame + reach}) {
    if (t < 0 || t > last) continue;
    const cv::Mat own = own_motion(clip, t);
    if (path.empty()) {
      path = own;
    } else {
      cv::min(path, own, path);
    }
  }
  if (path.empty()) return path;
  const cv::Mat smooth = blurred(path, 1.5);
  return smooth > std::max(1.0, 4 * cv::mean(cv::min(smooth, 1.0))[0]);
}

}  // namespace

cv::Mat grey_for_flow(const Clip& clip, int t) {
  const cv::Mat& frame = clip.video.frames[static_cast<std::size_t>(t)];
  const double scale =
      std::min(1.0, static_cast<double>(kFlowSize) / std::max(frame.cols, frame.rows));
  cv::Mat out;
  cv::resize(media::grey(frame), out, {}, scale, scale, cv::INTER_AREA);
  return out;
}

cv::Mat camera_flow(const cv::Mat& flow, const cv::Mat& ignore) {
  const double scale = 2.0 / std::max(flow.cols, flow.rows);
  std::vector<Terms> terms;
  std::vector<cv::Vec2f> values;
  constexpr int kStride = 4;
  for (int y = kStride / 2; y < flow.rows; y += kStride) {
    for (int x = kStride / 2; x < flow.cols; x += kStride) {
      if (!ignore.empty() && ignore.at<uchar>(y, x) != 0) continue;
      terms.push_back(terms_at(x * scale - 1, y * scale - 1));
      values.push_back(flow.at<cv::Vec2f>(y, x));
    }
  }
  cv::Mat out = cv::Mat::zeros(flow.size(), CV_32FC2);
  if (terms.size() < 4 * kTerms) return out;
  std::vector<double> weights(terms.size(), 1.0);
  cv::Matx<double, kTerms, 2> model;
  for (int round = 0; round < 6; ++round) {
    cv::Matx<double, kTerms, kTerms> normal = cv::Matx<double, kTerms, kTerms>::eye() * 1e-6;
    cv::Matx<double, kTerms, 2> right;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      for (int r = 0; r < kTerms; ++r) {
        for (int c = 0; c < kTerms; ++c) normal(r, c) += weights[i] * terms[i][r] * terms[i][c];
        for (int c = 0; c < 2; ++c) right(r, c) += weights[i] * terms[i][r] * values[i][c];
      }
    }
    model = normal.solve(right, cv::DECOMP_CHOLESKY);
    std::vector<double> errors(terms.size());
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const auto fit = model.t() * terms[i];
      errors[i] = std::hypot(fit[0] - values[i][0], fit[1] - values[i][1]);
    }
    std::vector<double> sorted = errors;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    // Tukey's weights, at four times the median error but no finer than flow is exact.
    const double reach = std::max(0.5, 4 * *middle);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const double t = std::min(1.0, errors[i] / reach);
      weights[i] = (1 - t * t) * (1 - t * t);
    }
  }
  for (int y = 0; y < flow.rows; ++y) {
    for (int x = 0; x < flow.cols; ++x) {
      const auto fit = model.t() * terms_at(x * scale - 1, y * scale - 1);
      out.at<cv::Vec2f>(y, x) = {static_cast<float>(fit[0]), static_cast<float>(fit[1])};
    }
  }
  return out;
}

cv::Mat moving_area(const Clip& clip) { return moved_within(clip, 3); }

std::vector<Region> find_moving(const Clip& clip) {
  // The foot that a walker stands on moves a few frames later.
  cv::Mat moving;
  for (const int reach : {1, 3, 9}) {
    const cv::Mat moved = moved_within(clip, reach);
    if (moved.empty()) continue;
    moving = moving.empty() ? moved : cv::Mat(moving | moved);
  }
  std::vector<Region> out;
  if (moving.empty()) return out;
  cv::morphologyEx(moving, moving, cv::MORPH_CLOSE, ellipse(9));
  cv::morphologyEx(moving, moving, cv::MORPH_OPEN, ellipse(3));
  cv::Mat components;
  const int count = cv::connectedComponents(moving, components, 8, CV_32S);
  for (int i = 1; i < count; ++i) {
    const cv::Mat component = components == i;
    const double area = cv::countNonZero(component) / static_cast<double>(component.total());
    if (area < 0.004 || area > 0.45) continue;
    out.push_back(region_of("moving", outlined(clip.key(), component), clip.key().size()));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Region& a, const Region& b) { return a.area > b.area; });
  for (Region& region : out) region.unique = out.size() == 1;
  return out;
}

}  // namespace ditto::stages::editing
