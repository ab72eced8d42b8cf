#include "stages/judge/alignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "stages/judge/orientation.h"

namespace ditto::stages::measure {
namespace {

constexpr double kGain = 0.1;  ///< believed is what explains this share of the best agreement

Alignment shift_between(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited) {
  constexpr int kRadius = 8;        // cells
  constexpr double kRelated = 0.2;  // pictures that agree less than this are unrelated
  std::vector<Alignment> found;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const Displacement best = displacement(source[i], edited[i], kRadius);
    Alignment alignment;
    if (best.at_zero < (1 - kGain) * best.at_best && best.at_best > kRelated) {
      alignment.shift = best.cells / source[i].cols;
    }
    alignment.size = std::hypot(alignment.shift.x, alignment.shift.y);
    found.push_back(alignment);
  }
  // Rather the less shifted frames: a part of the clip that stands still lies elsewhere, too.
  const auto middle = found.begin() + std::min<std::ptrdiff_t>(2, std::ssize(found) - 1);
  std::nth_element(found.begin(), middle, found.end(),
                   [](const Alignment& a, const Alignment& b) { return a.size < b.size; });
  return *middle;
}

/// A part of the picture that lies elsewhere; in widths.
struct Move {
  cv::Point2d place;  ///< from the middle
  cv::Point2d by;
};

cv::Point2d displaced(const Alignment& a, cv::Point2d p) {
  return a.shift + a.growth * p + a.turn * cv::Point2d(-p.y, p.x);
}

Alignment fitted(const std::vector<Move>& moves) {
  cv::Mat rows(2 * static_cast<int>(moves.size()), 4, CV_64F), values(rows.rows, 1, CV_64F), fit;
  for (int i = 0; i < rows.rows; i += 2) {
    const Move& move = moves[static_cast<std::size_t>(i / 2)];
    const auto [x, y] = std::pair(move.place.x, move.place.y);
    const std::array<double, 8> row = {1, 0, x, -y, 0, 1, y, x};
    std::copy(row.begin(), row.end(), rows.ptr<double>(i));
    values.at<double>(i) = move.by.x;
    values.at<double>(i + 1) = move.by.y;
  }
  cv::solve(rows, values, fit, cv::DECOMP_SVD);
  return {.shift = {fit.at<double>(0), fit.at<double>(1)},
          .growth = fit.at<double>(2),
          .turn = fit.at<double>(3)};
}

/// From the displacements of the picture's parts, which must agree with each other.
std::optional<Alignment> similarity_between(const std::vector<cv::Mat>& source,
                                            const std::vector<cv::Mat>& edited) {
  constexpr int kColumns = 4, kRows = 3, kRadius = 6;
  constexpr double kRelated = 0.3;    // correlation
  constexpr double kSame = 1.2;       // cells
  constexpr double kAgreeing = 0.6;   // of the parts that have structure
  constexpr std::size_t kFewest = 8;  // of them
  const cv::Size size = source[0].size();
  std::vector<Move> moves;
  for (std::size_t i = 0; i < source.size(); ++i) {
    for (int part = 0; part < kColumns * kRows; ++part) {
      const cv::Rect area(part % kColumns * size.width / kColumns,
                          part / kColumns * size.height / kRows, size.width / kColumns,
                          size.height / kRows);
      const Displacement best = displacement(source[i](area), edited[i](area), kRadius);
      if (best.at_best < kRelated) continue;
      const cv::Point2d middle(area.x + 0.5 * (area.width - size.width),
                               area.y + 0.5 * (area.height - size.height));
      moves.push_back({middle / size.width, best.cells / size.width});
    }
  }
  const auto enough = static_cast<std::size_t>(kAgreeing * static_cast<double>(moves.size()));
  if (moves.size() < kFewest) return {};
  Alignment alignment = fitted(moves);
  std::erase_if(moves, [&](const Move& move) {
    return cv::norm(displaced(alignment, move.place) - move.by) > kSame / size.width;
  });
  if (moves.size() < std::max(enough, kFewest)) return {};
  alignment = fitted(moves);
  const double height = static_cast<double>(size.height) / size.width;
  alignment.size = std::sqrt(alignment.shift.dot(alignment.shift) +
                             (std::pow(alignment.growth, 2) + std::pow(alignment.turn, 2)) *
                                 (1 + height * height) / 12);
  const double at_best = mean_correlation(source, moved_back(edited, alignment));
  if (mean_correlation(source, edited) > (1 - kGain) * at_best) return {};
  return alignment;
}

}  // namespace

Alignment align(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited) {
  const Alignment shift = shift_between(source, edited);
  std::vector<cv::Mat> some_source, some_edited;
  for (std::size_t i = source.size() / 4; i < source.size(); i += 2) {
    some_source.push_back(source[i]);
    some_edited.push_back(edited[i]);
  }
  const std::optional<Alignment> similarity = similarity_between(some_source, some_edited);
  return similarity && similarity->size > shift.size ? *similarity : shift;
}

std::vector<cv::Mat> moved_back(const std::vector<cv::Mat>& fields, const Alignment& alignment) {
  const cv::Point2d middle(0.5 * (fields[0].cols - 1), 0.5 * (fields[0].rows - 1));
  const double scale = 1 + alignment.growth, turn = alignment.turn;
  const cv::Point2d first =
      middle + alignment.shift * fields[0].cols -
      cv::Point2d(scale * middle.x - turn * middle.y, turn * middle.x + scale * middle.y);
  const cv::Matx23d there(scale, -turn, first.x, turn, scale, first.y);
  std::vector<cv::Mat> moved;
  for (const cv::Mat& field : fields) {
    moved.emplace_back();
    cv::warpAffine(field, moved.back(), there, field.size(),
                   cv::INTER_LINEAR | cv::WARP_INVERSE_MAP);
  }
  return moved;
}

double mean_correlation(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited) {
  double sum = 0;
  for (std::size_t t = 0; t < source.size(); ++t) sum += correlation(source[t], edited[t]);
  return sum / static_cast<double>(source.size());
}

std::string describe(const Alignment& alignment) {
  const double degrees = alignment.turn * 180 / CV_PI;
  std::string text;
  if (alignment.growth != 0 || alignment.turn != 0) {
    text =
        fmt::format("{} by {:.1f} %, turned by {:.1f} degrees {}, ",
                    alignment.growth < 0 ? "smaller" : "larger", 100 * std::abs(alignment.growth),
                    std::abs(degrees), degrees < 0 ? "anticlockwise" : "clockwise");
  }
  return text +
         fmt::format("{:.1f} % of the width to the {} and {:.1f} % {}",
                     100 * std::abs(alignment.shift.x), alignment.shift.x < 0 ? "left" : "right",
                     100 * std::abs(alignment.shift.y), alignment.shift.y < 0 ? "up" : "down");
}

}  // namespace ditto::stages::measure
