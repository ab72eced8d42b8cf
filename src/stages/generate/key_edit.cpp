#include "stages/generate/key_edit.h"

#include <opencv2/imgproc.hpp>

#include "stages/generate/flow_positions.h"

namespace ditto::stages {
namespace {

/// Adds to the pixels that must not be learned from.
void exclude(ImagePair& pair, const cv::Mat& mask) {
  pair.excluded = pair.excluded.empty() ? mask : cv::Mat(pair.excluded | mask);
}

/// How much each key has to say at frame `t`, by distance in time alone; their sum is 1.
std::vector<float> shares_at(std::span<const KeyFlow> flows, int t) {
  std::vector<float> shares;
  float sum = 0;
  for (const KeyFlow& flow : flows) {
    const auto distance = static_cast<float>(std::max(1, std::abs(t - flow.key_frame())));
    shares.push_back(1 / (distance * distance));
    sum += shares.back();
  }
  for (float& share : shares) share /= sum;
  return shares;
}

constexpr std::size_t kCellLevels = 16;  // grey levels a side
constexpr std::size_t kCells = 256 / kCellLevels;
// A colour that this share of the keys' pixels has is half known.
constexpr double kHalfShown = 5e-5;

std::size_t cell_of(const cv::Vec3b& colour) {
  return (colour[0] / kCellLevels * kCells + colour[1] / kCellLevels) * kCells +
         colour[2] / kCellLevels;
}

/// How well the pairs' sources show each cell of the RGB cube, 0..1.
std::vector<float> shown_colours(std::span<const ImagePair> pairs) {
  std::vector<float> cells(kCells * kCells * kCells, 0.0f);
  std::size_t total = 0;
  for (const ImagePair& pair : pairs) {
    total += pair.source.total();
    for (const auto& pixel : cv::Mat_<cv::Vec3b>(pair.source)) cells[cell_of(pixel)] += 1;
  }
  const auto half = static_cast<float>(kHalfShown * static_cast<double>(total));
  for (float& cell : cells) cell /= cell + half;
  return cells;
}

}  // namespace

KeyEdits::KeyEdits(const Clip& clip, std::span<const EditedKey> keys,
                   std::span<const KeyFlow> flows, const Options& options)
    : flows_(flows) {
  std::vector<ImagePair> pairs;
  for (const EditedKey& key : keys) {
    const cv::Mat& source = clip.video.frames[static_cast<std::size_t>(key.frame)];
    alignments_.push_back(options.align ? align_key(source, key.picture, options.model.network.seed)
                                        : KeyAlignment{.picture = key.picture});
    pairs.push_back({source, alignments_.back().picture, alignments_.back().unknown});
  }
  fit(pairs, options.model);
  bool drawn = false;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    layers_.emplace_back(pairs[k].source, pairs[k].edited, residuals_[k]);
    if (layers_[k].empty()) continue;
    // Learned from the rest alone, or the drawn pixels would leave their trace everywhere.
    exclude(pairs[k], layers_[k].mask());
    drawn = true;
  }
  if (drawn) fit(pairs, options.model);
  double change = 0, left = 0;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const Stream stream(options.model.network.seed, "layers", "generate");
    if (!layers_[k].empty())
      layers_[k].track(flows[k], static_cast<int>(clip.video.frames.size()), stream);
    change += std::pow(cv::norm(pairs[k].edited, pairs[k].source, cv::NORM_L2), 2);
    left += std::pow(cv::norm(residuals_[k], cv::NORM_L2), 2);
  }
  shown_ = shown_colours(pairs);
  if (change > 0) explained_ = std::clamp(1 - left / change, 0.0, 1.0);
}

void KeyEdits::fit(std::span<const ImagePair> pairs, const EditModel::Options& options) {
  model_ = std::make_unique<EditModel>(pairs, options);
  residuals_.clear();
  for (const ImagePair& pair : pairs) {
    cv::Mat residual;
    cv::subtract(pair.edited, model_->apply(pair.source), residual, cv::noArray(), CV_32F);
    if (!pair.excluded.empty()) residual.setTo(cv::Scalar::all(0), pair.excluded);
    residuals_.push_back(residual);
  }
}

std::size_t KeyEdits::layers() const {
  std::size_t count = 0;
  for (const ObjectLayers& layers : layers_) count += layers.size();
  return count;
}

cv::Mat KeyEdits::add_residuals(cv::Mat& frame, int t) const {
  const std::vector<float> shares = shares_at(flows_, t);
  // Each key's residual counts by how surely it is carried and how near the key is; together they
  // count as much as the surest of them.
  cv::Mat sum = cv::Mat::zeros(frame.size(), CV_32FC3),
          total = cv::Mat::zeros(frame.size(), CV_32F), surest = total.clone();
  for (std::size_t k = 0; k < flows_.size(); ++k) {
    const cv::Mat positions = flow_positions(flows_[k].flow(t), frame.size());
    cv::Mat residual, weight;
    cv::remap(residuals_[k], residual, positions, cv::noArray(), cv::INTER_LINEAR,
              cv::BORDER_REPLICATE);
    cv::resize(flows_[k].confidence(t), weight, frame.size(), 0, 0, cv::INTER_LINEAR);
    for (int y = 0; y < frame.rows; ++y) {
      auto* s = sum.ptr<cv::Vec3f>(y);
      auto* n = total.ptr<float>(y);
      auto* m = surest.ptr<float>(y);
      const auto* r = residual.ptr<cv::Vec3f>(y);
      const auto* w = weight.ptr<uchar>(y);
      for (int x = 0; x < frame.cols; ++x) {
        const float sure = static_cast<float>(w[x]) / 255.0f;
        s[x] += r[x] * (sure * shares[k]);
        n[x] += sure * shares[k];
        m[x] = std::max(m[x], sure);
      }
    }
  }
  for (int y = 0; y < frame.rows; ++y) {
    auto* f = frame.ptr<cv::Vec3f>(y);
    const auto* s = sum.ptr<cv::Vec3f>(y);
    const auto* n = total.ptr<float>(y);
    const auto* m = surest.ptr<float>(y);
    for (int x = 0; x < frame.cols; ++x) {
      if (n[x] > 0) f[x] += s[x] * (m[x] / n[x]);
    }
  }
  return surest;
}

KeyEdits::Frame KeyEdits::frame(const cv::Mat& source, int t) const {
  Frame result{.picture = model_->apply(source)};
  cv::Mat known = add_residuals(result.picture, t);
  for (int y = 0; y < known.rows; ++y) {
    auto* k = known.ptr<float>(y);
    const auto* s = source.ptr<cv::Vec3b>(y);
    for (int x = 0; x < known.cols; ++x)
      k[x] += (1 - k[x]) * static_cast<float>(explained_) * shown_[cell_of(s[x])];
  }
  std::size_t nearest = 0;
  for (std::size_t k = 1; k < flows_.size(); ++k) {
    if (std::abs(t - flows_[k].key_frame()) < std::abs(t - flows_[nearest].key_frame()))
      nearest = k;
  }
  layers_[nearest].paint(result.picture, known, t);
  double sum = 0, weights = 0;
  for (int y = 0; y < known.rows; ++y) {
    const auto* k = known.ptr<float>(y);
    const auto* s = source.ptr<cv::Vec3b>(y);
    const auto* p = result.picture.ptr<cv::Vec3f>(y);
    for (int x = 0; x < known.cols; ++x) {
      // Half a level keeps an edit of nothing from dividing by nothing.
      const double change = 0.5 + cv::norm(p[x] - cv::Vec3f(s[x]), cv::NORM_L1);
      sum += change * static_cast<double>(k[x]);
      weights += change;
    }
  }
  result.confidence = std::clamp(sum / weights, 0.0, 1.0);
  return result;
}

}  // namespace ditto::stages
