#include "stages/curate/shots.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <utility>

namespace ditto::stages::curate {
namespace {

constexpr std::size_t kNeighbours = 2;
// A flash and its glow last up to this many pictures: a fifth of a second at 20 fps.
constexpr std::size_t kFlashPictures = 4;
// Pictures before and after a flash differ by less than this share of the change that it made.
constexpr double kFlashShare = 0.5;
// The first picture of a dissolve shows by the blend that is centred kDissolve later.
constexpr std::size_t kLookAhead = 2 * kDissolve;
constexpr std::size_t kHistory = 2 * kDissolve + 1;
static_assert(kLookAhead >= kFlashPictures && kLookAhead >= kBlankRun);

cv::Mat small_version(const cv::Mat& rgb) {
  cv::Mat small, ycrcb;
  cv::resize(rgb, small, {64, 36}, 0, 0, cv::INTER_AREA);
  cv::cvtColor(small, ycrcb, cv::COLOR_RGB2YCrCb);
  return ycrcb;
}

double difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / static_cast<double>(a.total());
}

}  // namespace

void ShotDetector::push(std::int64_t index, const cv::Mat& rgb, const MotionStep& step,
                        bool blank) {
  Picture picture{.index = index,
                  .small = small_version(rgb),
                  .tracked = step.tracked,
                  .unexplained = step.unexplained,
                  .blank = blank};
  if (!pictures_.empty()) picture.content = difference(pictures_.back().small, picture.small);
  pictures_.push_back(std::move(picture));
  if (pictures_.size() > next_ + kLookAhead) decide(next_);
}

void ShotDetector::settle() {
  while (next_ < pictures_.size()) decide(next_);
}

std::vector<std::int64_t> ShotDetector::take_cuts() { return std::exchange(cuts_, {}); }

void ShotDetector::decide(std::size_t at) {
  if (at > 0 && begins_shot(at)) cuts_.push_back(pictures_[at].index);
  decided_ = pictures_[at].index + 1;
  next_ = at + 1;
  while (next_ > kHistory) {
    pictures_.pop_front();
    --next_;
  }
}

bool ShotDetector::begins_shot(std::size_t at) const {
  if (is_blank_border(at) || is_dissolve_border(at)) return true;
  const Picture& picture = pictures_[at];
  const bool followed = picture.tracked > kMaxTracked;
  const bool uniform = picture.blank && pictures_[at - 1].blank;
  return picture.content >= kMinContent && (uniform || !followed) && stands_out(at) &&
         !is_flash(at);
}

bool ShotDetector::stands_out(std::size_t at) const {
  double sum = 0;
  double largest = 0;
  int count = 0;
  // The first picture that is kept has no predecessor to have changed from.
  const std::size_t first = at > kNeighbours + 1 ? at - kNeighbours : 1;
  const std::size_t last = std::min(pictures_.size() - 1, at + kNeighbours);
  for (std::size_t i = first; i <= last; ++i) {
    if (i == at) continue;
    sum += pictures_[i].content;
    largest = std::max(largest, pictures_[i].content);
    ++count;
  }
  if (count < 2) return true;
  return pictures_[at].content >= threshold_ * (sum - largest) / (count - 1);
}

bool ShotDetector::is_flash(std::size_t at) const {
  const std::size_t before = std::min(at, kFlashPictures);
  const std::size_t after = std::min(pictures_.size() - at, kFlashPictures);
  const double limit = kFlashShare * pictures_[at].content;
  for (std::size_t i = 1; i <= before; ++i) {
    for (std::size_t j = 0; j < after; ++j) {
      if (difference(pictures_[at - i].small, pictures_[at + j].small) < limit) return true;
    }
  }
  return false;
}

bool ShotDetector::is_blank_border(std::size_t at) const {
  const bool blank = pictures_[at].blank;
  if (blank == pictures_[at - 1].blank) return false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(kBlankRun); ++i) {
    if (blank ? at + i >= pictures_.size() || !pictures_[at + i].blank
              : i + 1 > at || !pictures_[at - 1 - i].blank) {
      return false;
    }
  }
  return true;
}

bool ShotDetector::is_dissolve_border(std::size_t at) const {
  const bool opens = is_blend(at + kDissolve) && !is_blend(at + kDissolve - 1);
  const bool closes = at >= kDissolve && is_blend(at - kDissolve) && !is_blend(at - kDissolve + 1);
  return opens || closes;
}

bool ShotDetector::is_blend(std::size_t centre) const {
  if (centre < kDissolve || centre + kDissolve >= pictures_.size()) return false;
  const cv::Mat& first = pictures_[centre - kDissolve].small;
  const cv::Mat& last = pictures_[centre + kDissolve].small;
  const double change = difference(first, last);
  if (change < kDissolveContent) return false;
  double unexplained = 0;
  for (std::size_t i = centre - kDissolve + 1; i <= centre + kDissolve; ++i) {
    unexplained += pictures_[i].unexplained / static_cast<double>(2 * kDissolve);
  }
  if (unexplained < kDissolveUnexplained) return false;
  for (const std::size_t quarter : {1, 2, 3}) {
    cv::Mat blend;
    cv::addWeighted(first, 1.0 - static_cast<double>(quarter) / 4, last,
                    static_cast<double>(quarter) / 4, 0, blend);
    const std::size_t at = centre - kDissolve + quarter * kDissolve / 2;
    if (difference(blend, pictures_[at].small) > kBlendError * change) return false;
  }
  return true;
}

}  // namespace ditto::stages::curate
