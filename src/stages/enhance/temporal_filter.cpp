#include "stages/enhance/temporal_filter.h"

#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"

namespace ditto::stages {
namespace {

constexpr int kTile = 64;     // px; work is done by tiles, and where there is something to correct
constexpr int kFew = 30;      // pixels at the small size in a tile that may differ by chance
constexpr float kReach = 60;  // grey levels; a larger change is another thing, not an artefact
constexpr float kSmallestStep = 0.7f;         // grey levels of brightness
constexpr float kAloneArea = 200;             // px at the small size that differ as one
constexpr float kAgreement[] = {0.3f, 0.8f};  // of the neighbours: nothing, all is corrected

/// Part `rect` of a CV_32FC(kChannels) image enlarged to `size`, linearly.
template <int kChannels>
cv::Mat enlarged(const cv::Mat& small, cv::Size size, cv::Rect rect) {
  using Pixel = cv::Vec<float, kChannels>;
  struct Place {
    int low, high;
    float share;
  };
  const auto place = [](int at, int length, int small_length) {
    const float scale = static_cast<float>(small_length) / static_cast<float>(length);
    const float exact = std::clamp((static_cast<float>(at) + 0.5f) * scale - 0.5f, 0.0f,
                                   static_cast<float>(small_length - 1));
    const int low = static_cast<int>(exact);
    return Place{low, std::min(low + 1, small_length - 1), exact - static_cast<float>(low)};
  };
  std::vector<Place> columns;
  for (int x = 0; x < rect.width; ++x) columns.push_back(place(rect.x + x, size.width, small.cols));
  cv::Mat result(rect.size(), CV_32FC(kChannels));
  std::vector<Pixel> line(static_cast<std::size_t>(small.cols));
  const int first = columns.front().low, last = columns.back().high;
  for (int y = 0; y < rect.height; ++y) {
    const Place row = place(rect.y + y, size.height, small.rows);
    const auto* above = small.ptr<Pixel>(row.low);
    const auto* below = small.ptr<Pixel>(row.high);
    for (int x = first; x <= last; ++x) {
      line[static_cast<std::size_t>(x)] = above[x] + (below[x] - above[x]) * row.share;
    }
    auto* to = result.ptr<Pixel>(y);
    for (int x = 0; x < rect.width; ++x) {
      const Place& c = columns[static_cast<std::size_t>(x)];
      const Pixel &a = line[static_cast<std::size_t>(c.low)],
                  &b = line[static_cast<std::size_t>(c.high)];
      to[x] = a + (b - a) * c.share;
    }
  }
  return result;
}

/// Where the pixels of `rect` are in the other frame, absolute, for cv::remap.
cv::Mat positions(const cv::Mat& flow, cv::Size size, cv::Rect rect) {
  cv::Mat map = enlarged<2>(flow, size, rect);
  const float sx = static_cast<float>(size.width) / static_cast<float>(flow.cols);
  const float sy = static_cast<float>(size.height) / static_cast<float>(flow.rows);
  for (int y = 0; y < rect.height; ++y) {
    auto* m = map.ptr<cv::Vec2f>(y);
    for (int x = 0; x < rect.width; ++x) {
      m[x] = {m[x][0] * sx + static_cast<float>(rect.x + x),
              m[x][1] * sy + static_cast<float>(rect.y + y)};
    }
  }
  return map;
}

cv::Mat sampled(const cv::Mat& frame, const cv::Mat& map) {
  cv::Mat result;
  cv::remap(frame, result, map, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return result;
}

int largest(const cv::Vec3b& v) { return std::max({v[0], v[1], v[2]}); }

/// The largest difference over the channels and the pixels around, CV_8UC1.
cv::Mat spread_difference(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat difference, result(a.size(), CV_8UC1);
  cv::absdiff(a, b, difference);
  for (int y = 0; y < a.rows; ++y) {
    const auto* d = difference.ptr<cv::Vec3b>(y);
    auto* r = result.ptr<uchar>(y);
    for (int x = 0; x < a.cols; ++x) r[x] = static_cast<uchar>(largest(d[x]));
  }
  cv::dilate(result, result, cv::Mat());
  return result;
}

/// The range of luma over 3x3 pixels, CV_8UC1.
cv::Mat roughness(const cv::Mat& rgb) {
  cv::Mat result;
  cv::cvtColor(rgb, result, cv::COLOR_RGB2GRAY);
  cv::morphologyEx(result, result, cv::MORPH_GRADIENT, cv::Mat());
  return result;
}

/// Grey levels by which the edited frames may differ where the source differs by `difference`: a
/// warp is never exact to the pixel.
float shown_by_source(float contrast, uchar difference, uchar roughness) {
  return 1.2f * contrast * static_cast<float>(difference) + 0.05f * static_cast<float>(roughness) +
         1.0f;
}

/// What of a change along the motion is also one in place, the smaller of both: what an edit fixes
/// to the screen, a halftone or tiles, differs along the motion of what is behind it and not there.
float in_both(float along, float in_place) {
  if (along * in_place <= 0) return 0;
  return std::abs(along) < std::abs(in_place) ? along : in_place;
}

/// Ratio of the edited frame's contrast to the source's around each pixel, CV_32FC1: how much a
/// change of the source may be amplified by the edit there.
cv::Mat contrast_gain(const cv::Mat& source, const cv::Mat& edited) {
  const auto energy = [](const cv::Mat& image) {
    cv::Mat grey, dx, dy, sum;
    image.convertTo(sum, CV_32F);
    cv::transform(sum, grey, cv::Matx13f(1 / 3.0f, 1 / 3.0f, 1 / 3.0f));
    cv::Sobel(grey, dx, CV_32F, 1, 0, 3, 1.0 / 8);
    cv::Sobel(grey, dy, CV_32F, 0, 1, 3, 1.0 / 8);
    sum = dx.mul(dx) + dy.mul(dy);
    cv::blur(sum, sum, {9, 9});
    return sum;
  };
  cv::Mat gain = energy(edited) / (energy(source) + 0.2);
  cv::sqrt(gain, gain);
  cv::max(gain, 1.0, gain);
  cv::min(gain, 16.0, gain);
  return gain;
}

/// The mean step over a wide window, as far as it stands out from what single pixels happen to do.
/// `sums`: weighted steps and weights, CV_32FC4; `squares`: weighted squared steps, CV_32FC1.
cv::Mat slow_part(cv::Mat& sums, cv::Mat& squares) {
  const int side = std::max(sums.cols, sums.rows) / 4 | 1;
  for (cv::Mat* m : {&sums, &squares}) cv::blur(*m, *m, {side, side}, {-1, -1}, cv::BORDER_REFLECT);
  const float by_chance = kAloneArea / static_cast<float>(side * side);
  cv::Mat result(sums.size(), CV_32FC3);
  for (int y = 0; y < sums.rows; ++y) {
    const auto* s = sums.ptr<cv::Vec4f>(y);
    const auto* q = squares.ptr<float>(y);
    auto* r = result.ptr<cv::Vec3f>(y);
    for (int x = 0; x < sums.cols; ++x) {
      // The constant pulls to zero where hardly anything could be compared.
      const float weight = s[x][3] + 0.1f;
      const cv::Vec3f step = cv::Vec3f(s[x][0], s[x][1], s[x][2]) / weight;
      const float most = std::max({std::abs(step[0]), std::abs(step[1]), std::abs(step[2])});
      const float doubt = kSmallestStep * kSmallestStep + by_chance * q[x] / weight;
      r[x] = step * std::max(0.0f, 1 - doubt / std::max(1e-6f, most * most));
    }
  }
  return result;
}

}  // namespace

TemporalFilter::Neighbour TemporalFilter::compare(const std::vector<cv::Mat>& small,
                                                  const cv::Mat& contrast, std::size_t t,
                                                  std::size_t other) const {
  Neighbour result;
  result.frame = other;
  result.flow = motion_.flow(t, other);
  const cv::Mat &source = motion_.frame(t), &edited = small[t];
  const cv::Mat warped_source = media::warp(motion_.frame(other), result.flow);
  const cv::Mat warped = media::warp(small[other], result.flow);
  // 1 where the way there and back ends where it began and the source's colours agree, falling
  // to 0.
  result.weight = media::forward_backward_error(result.flow, motion_.flow(other, t));
  cv::Mat sums(source.size(), CV_32FC4), squares(source.size(), CV_32FC1);
  for (int y = 0; y < source.rows; ++y) {
    const auto* s = source.ptr<cv::Vec3b>(y);
    const auto* ws = warped_source.ptr<cv::Vec3b>(y);
    const auto* e = edited.ptr<cv::Vec3b>(y);
    const auto* we = warped.ptr<cv::Vec3b>(y);
    auto* w = result.weight.ptr<float>(y);
    auto* sum = sums.ptr<cv::Vec4f>(y);
    auto* square = squares.ptr<float>(y);
    for (int x = 0; x < source.cols; ++x) {
      float step[3], total = 0;
      for (int c = 0; c < 3; ++c) {
        const auto of_source = static_cast<float>(ws[x][c] - s[x][c]);
        step[c] = static_cast<float>(we[x][c] - e[x][c]) - gain_ * of_source;
        total += std::abs(of_source);
      }
      const float trip = std::max(0.0f, 1 - w[x] * w[x] / 2.25f);
      const float colour = std::max(0.0f, 1 - total * total / (9 * 900.0f));
      w[x] = trip * colour;
      sum[x] = {w[x] * step[0], w[x] * step[1], w[x] * step[2], w[x]};
      square[x] = w[x] * (step[0] * step[0] + step[1] * step[1] + step[2] * step[2]) / 3;
    }
  }
  result.step = slow_part(sums, squares);

  const cv::Mat spread = spread_difference(source, warped_source), rough = roughness(edited);
  result.differs = cv::Mat(source.size(), CV_8UC1);
  for (int y = 0; y < source.rows; ++y) {
    const auto* e = edited.ptr<cv::Vec3b>(y);
    const auto* we = warped.ptr<cv::Vec3b>(y);
    const auto* se = small[other].ptr<cv::Vec3b>(y);
    const auto* step = result.step.ptr<cv::Vec3f>(y);
    const auto* w = result.weight.ptr<float>(y);
    const auto* d = spread.ptr<uchar>(y);
    const auto* g = contrast.ptr<float>(y);
    const auto* h = rough.ptr<uchar>(y);
    auto* r = result.differs.ptr<uchar>(y);
    for (int x = 0; x < source.cols; ++x) {
      float most = 0;
      for (int c = 0; c < 3; ++c) {
        most =
            std::max(most, std::abs(in_both(static_cast<float>(we[x][c] - e[x][c]) - step[x][c],
                                            static_cast<float>(se[x][c] - e[x][c]) - step[x][c])));
      }
      r[x] = w[x] > 0.05f && most < kReach && most > shown_by_source(g[x], d[x], h[x]) ? 1 : 0;
    }
  }
  return result;
}

cv::Mat TemporalFilter::corrected(const std::vector<cv::Mat>& frames,
                                  const std::vector<cv::Mat>& small, std::size_t t,
                                  std::size_t first, std::size_t last) const {
  const cv::Mat& frame = frames[t];
  const cv::Size small_size = small[t].size();
  const cv::Mat contrast = contrast_gain(motion_.frame(t), small[t]);
  std::vector<Neighbour> neighbours;
  cv::Mat offset = cv::Mat::zeros(small_size, CV_32FC3);
  cv::Mat differs = cv::Mat::zeros(small_size, CV_8UC1);
  for (std::size_t other = first; other <= last; ++other) {
    if (other == t) continue;
    neighbours.push_back(compare(small, contrast, t, other));
    offset += neighbours.back().step;
    differs |= neighbours.back().differs;
  }
  cv::Mat result = frame.clone();
  if (neighbours.empty() || share_ <= 0) return result;
  // The flicker's share of the mean over this frame and its neighbours.
  offset *= share_ / (1 + share_ * static_cast<float>(neighbours.size()));
  const double sx = static_cast<double>(small_size.width) / frame.cols;
  const double sy = static_cast<double>(small_size.height) / frame.rows;
  for (int y = 0; y < frame.rows; y += kTile) {
    for (int x = 0; x < frame.cols; x += kTile) {
      const cv::Rect tile(x, y, std::min(kTile, frame.cols - x), std::min(kTile, frame.rows - y));
      const cv::Point from(std::max(0, cvFloor(x * sx) - 1), std::max(0, cvFloor(y * sy) - 1));
      const cv::Point to(std::min(small_size.width, cvCeil((x + tile.width) * sx) + 1),
                         std::min(small_size.height, cvCeil((y + tile.height) * sy) + 1));
      const cv::Rect part(from, to);
      const bool by_pixel = cv::countNonZero(differs(part)) > kFew;
      // Less than half a grey level is rounded away.
      if (!by_pixel && cv::norm(offset(part), cv::NORM_INF) < 0.5) continue;
      correct_tile(frames, t, by_pixel ? neighbours : std::vector<Neighbour>(), contrast, offset,
                   tile, result);
    }
  }
  return result;
}

void TemporalFilter::correct_tile(const std::vector<cv::Mat>& frames, std::size_t t,
                                  const std::vector<Neighbour>& neighbours, const cv::Mat& contrast,
                                  const cv::Mat& offset, cv::Rect tile, cv::Mat& result) const {
  const cv::Mat& frame = frames[t];
  const cv::Size size = frame.size();
  // One pixel more on each side, for the spread of differences.
  const cv::Rect around =
      cv::Rect(tile.x - 1, tile.y - 1, tile.width + 2, tile.height + 2) & cv::Rect({0, 0}, size);
  const cv::Rect inner(tile.tl() - around.tl(), tile.size());
  const cv::Mat gain = enlarged<1>(contrast, size, tile);
  const cv::Mat rough = roughness(frame(around))(inner);
  cv::Mat sum = cv::Mat::zeros(tile.size(), CV_32FC4);  // weighted changes, weight
  cv::Mat squares = cv::Mat::zeros(tile.size(), CV_32FC1);
  for (const Neighbour& neighbour : neighbours) {
    const cv::Mat map = positions(neighbour.flow, size, around);
    const cv::Mat warped = sampled(frames[neighbour.frame], map(inner));
    const cv::Mat spread = spread_difference(source_.frames[t](around),
                                             sampled(source_.frames[neighbour.frame], map))(inner);
    const cv::Mat certain = enlarged<1>(neighbour.weight, size, tile);
    const cv::Mat step = enlarged<3>(neighbour.step, size, tile);
    for (int y = 0; y < tile.height; ++y) {
      const auto* f = frame.ptr<cv::Vec3b>(tile.y + y) + tile.x;
      const auto* p = frames[neighbour.frame].ptr<cv::Vec3b>(tile.y + y) + tile.x;
      const auto* w = warped.ptr<cv::Vec3b>(y);
      const auto* d = spread.ptr<uchar>(y);
      const auto* k = certain.ptr<float>(y);
      const auto* o = step.ptr<cv::Vec3f>(y);
      const auto* g = gain.ptr<float>(y);
      const auto* h = rough.ptr<uchar>(y);
      auto* s = sum.ptr<cv::Vec4f>(y);
      auto* q = squares.ptr<float>(y);
      for (int x = 0; x < tile.width; ++x) {
        const float shown = shown_by_source(g[x], d[x], h[x]);
        float change[3], most = 0;
        for (int c = 0; c < 3; ++c) {
          change[c] = in_both(static_cast<float>(w[x][c] - f[x][c]) - o[x][c],
                              static_cast<float>(p[x][c] - f[x][c]) - o[x][c]);
          most = std::max(most, std::abs(change[c]));
        }
        const float near = std::max(0.0f, 1 - most * most / (kReach * kReach));
        const float weight = share_ * k[x] * near;
        for (int c = 0; c < 3; ++c) {
          const float artefact = change[c] - std::clamp(change[c], -shown, shown);
          s[x][c] += weight * artefact;
          q[x] += weight * artefact * artefact;
        }
        s[x][3] += weight;
      }
    }
  }
  const cv::Mat shift = enlarged<3>(offset, size, tile);
  for (int y = 0; y < tile.height; ++y) {
    const auto* f = frame.ptr<cv::Vec3b>(tile.y + y) + tile.x;
    const auto* o = shift.ptr<cv::Vec3f>(y);
    const auto* s = sum.ptr<cv::Vec4f>(y);
    const auto* q = squares.ptr<float>(y);
    auto* r = result.ptr<cv::Vec3b>(tile.y + y) + tile.x;
    for (int x = 0; x < tile.width; ++x) {
      // 1 where all neighbours ask for the same; what only one of several asks for is its own
      // fault, or a thing that moves.
      const float agreement = (s[x][0] * s[x][0] + s[x][1] * s[x][1] + s[x][2] * s[x][2]) /
                              std::max(1e-6f, s[x][3] * q[x]);
      const float kept =
          std::clamp((agreement - kAgreement[0]) / (kAgreement[1] - kAgreement[0]), 0.0f, 1.0f);
      for (int c = 0; c < 3; ++c) {
        r[x][c] = cv::saturate_cast<uchar>(static_cast<float>(f[x][c]) + o[x][c] +
                                           kept * s[x][c] / (1 + s[x][3]));
      }
    }
  }
}

}  // namespace ditto::stages
