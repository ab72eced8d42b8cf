#include "stages/edit/fill.h"

#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>

#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

cv::Mat ring_of(const cv::Mat& hole, int width) {
  cv::Mat out;
  cv::dilate(hole, out,
             cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * width + 1, 2 * width + 1}));
  return out & ~hole;
}

// Mean squared difference between the ring and itself shifted by `offset`; infinite when the
// shifted hole or ring leaves the frame or meets the hole.
double cost_of(const cv::Mat& rgb, const cv::Mat& closed, const std::vector<cv::Point>& ring,
               const std::vector<cv::Point>& inside, const cv::Point& offset) {
  const cv::Rect frame({0, 0}, rgb.size());
  for (const cv::Point& p : inside) {
    const cv::Point q = p + offset;
    if (!frame.contains(q) || closed.at<uchar>(q) != 0) return 1e9;
  }
  double sum = 0;
  int count = 0;
  for (const cv::Point& p : ring) {
    const cv::Point q = p + offset;
    if (!frame.contains(q) || closed.at<uchar>(q) != 0) continue;
    const Rgb d = rgb.at<Rgb>(p) - rgb.at<Rgb>(q);
    sum += d.dot(d) / 3;
    ++count;
  }
  return count * 2 < static_cast<int>(ring.size()) ? 1e9 : sum / count;
}

// Every `step`-th point of the mask in raster order.
std::vector<cv::Point> points_of(const cv::Mat& mask, std::size_t limit) {
  std::vector<cv::Point> all;
  cv::findNonZero(mask, all);
  const std::size_t step = std::max<std::size_t>(1, all.size() / limit);
  std::vector<cv::Point> out;
  for (std::size_t i = 0; i < all.size(); i += step) out.push_back(all[i]);
  return out;
}

cv::Point best_offset(const cv::Mat& rgb, const cv::Mat& hole, const cv::Mat& closed,
                      double& cost) {
  const cv::Rect box = cv::boundingRect(hole);
  const auto ring =
      points_of(ring_of(hole, std::max(4, std::min(box.width, box.height) / 6)) & ~closed, 700);
  const auto inside = points_of(hole, 250);
  cv::Point best;
  cost = 1e9;
  const auto consider = [&](const cv::Point& offset) {
    const double distance = std::hypot(offset.x, offset.y) / std::max(rgb.cols, rgb.rows);
    const double c = cost_of(rgb, closed, ring, inside, offset);
    // Near pieces share light and scale; sideways ones also share the perspective.
    const double tilt = std::abs(offset.y) / static_cast<double>(rgb.rows);
    const double weighted = c * (1 + 0.5 * distance + 1.0 * tilt);
    if (weighted < cost) {
      cost = weighted;
      best = offset;
    }
  };
  const int step = std::max(2, std::max(rgb.cols, rgb.rows) / 60);
  for (int dy = -rgb.rows / 2; dy <= rgb.rows / 2; dy += step) {
    for (int dx = -rgb.cols; dx <= rgb.cols; dx += step) consider({dx, dy});
  }
  if (cost > 1e8) return best;
  const cv::Point coarse = best;
  for (int dy = -step; dy <= step; ++dy) {
    for (int dx = -step; dx <= step; ++dx) consider(coarse + cv::Point(dx, dy));
  }
  return best;
}

}  // namespace

cv::Mat spread_inward(const cv::Mat& values, const cv::Mat& weight) {
  if (values.cols <= 2 || values.rows <= 2) {
    const cv::Scalar total = cv::sum(values);
    const double w = std::max(1e-6, cv::sum(weight)[0]);
    return cv::Mat(values.size(), CV_32FC3, cv::Scalar(total[0] / w, total[1] / w, total[2] / w));
  }
  // Premultiplied values and weights go down together.
  const cv::Size half((values.cols + 1) / 2, (values.rows + 1) / 2);
  cv::Mat low_values;
  cv::Mat low_weight;
  cv::resize(values, low_values, half, 0, 0, cv::INTER_AREA);
  cv::resize(weight, low_weight, half, 0, 0, cv::INTER_AREA);
  const cv::Mat low = spread_inward(low_values, low_weight);
  cv::Mat up;
  cv::resize(low, up, values.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat out(values.size(), CV_32FC3);
  for (int y = 0; y < values.rows; ++y) {
    for (int x = 0; x < values.cols; ++x) {
      const float w = weight.at<float>(y, x);
      const float t = std::min(1.0F, w * 2);
      out.at<Rgb>(y, x) =
          w > 1e-5F ? lerp(up.at<Rgb>(y, x), values.at<Rgb>(y, x) * (1 / w), t) : up.at<Rgb>(y, x);
    }
  }
  return out;
}

Fill fill_hole(const cv::Mat& rgb8, const cv::Mat& hole, const cv::Mat& unusable) {
  Fill result;
  if (cv::countNonZero(hole) == 0) {
    result.image = rgb8.clone();
    return result;
  }
  const cv::Mat closed = unusable.empty() ? hole : cv::Mat(hole | unusable);
  // The search runs on half the size: fits that differ by a pixel look the same.
  const cv::Mat rgb = to_float(rgb8);
  cv::Mat small;
  cv::Mat small_hole;
  cv::resize(rgb, small, {}, 0.5, 0.5, cv::INTER_AREA);
  cv::resize(hole, small_hole, small.size(), 0, 0, cv::INTER_AREA);
  small_hole = small_hole > 0;
  cv::Mat small_closed;
  cv::resize(closed, small_closed, small.size(), 0, 0, cv::INTER_AREA);
  small_closed = small_closed > 0;
  double cost = 0;
  const cv::Point offset = best_offset(small, small_hole, small_closed, cost) * 2;
  if (cost > 1e8) {
    cv::inpaint(rgb8, closed, result.image, 5, cv::INPAINT_TELEA);
    result.mismatch = 1;
    return result;
  }
  const cv::Rect frame({0, 0}, rgb.size());
  cv::Mat shifted = rgb.clone();
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const cv::Point q(std::clamp(x + offset.x, 0, rgb.cols - 1),
                        std::clamp(y + offset.y, 0, rgb.rows - 1));
      shifted.at<Rgb>(y, x) = rgb.at<Rgb>(q);
    }
  }
  // The membrane: what the piece lacks along the rim, spread over the hole.
  const int rim_width = std::max(3, static_cast<int>(6 * unit_of(rgb)));
  // Only where both the picture and the piece are known; the rim's noise averages out on the way
  // in.
  cv::Mat rim = ring_of(hole, rim_width) & ~closed;
  for (int y = 0; y < rim.rows; ++y) {
    for (int x = 0; x < rim.cols; ++x) {
      const cv::Point q(x + offset.x, y + offset.y);
      if (!frame.contains(q) || closed.at<uchar>(q) != 0) rim.at<uchar>(y, x) = 0;
    }
  }
  cv::Mat known = cv::Mat::zeros(rgb.size(), CV_32FC3);
  cv::Mat(rgb - shifted).copyTo(known, rim);
  cv::Mat weight;
  rim.convertTo(weight, CV_32FC1, 1.0 / 255);
  const cv::Rect box = cv::boundingRect(hole | rim) & frame;
  const cv::Mat membrane = spread_inward(known(box).clone(), weight(box).clone());
  cv::Mat filled = rgb.clone();
  cv::Mat target = filled(box);
  cv::Mat(shifted(box) + membrane).copyTo(target, hole(box));
  result.image = rgb8.clone();
  to_bytes(filled).copyTo(result.image, hole);
  result.mismatch = std::sqrt(cost);
  return result;
}

}  // namespace ditto::stages::editing
