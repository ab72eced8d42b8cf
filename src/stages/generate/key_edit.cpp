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

/// CV_32FC1: mean square over a small window and the channels.
cv::Mat local_mean_square(const cv::Mat& image) {
  cv::Mat mean;
  cv::transform(image.mul(image), mean, cv::Matx13f(1 / 3.0f, 1 / 3.0f, 1 / 3.0f));
  cv::blur(mean, mean, {9, 9}, {-1, -1}, cv::BORDER_REFLECT_101);
  return mean;
}

// Of the models with which it is found out what the key frames hold.
constexpr int kQuickIterations = 400, kQuickBatch = 1024;
constexpr std::size_t kQuickSamples = 60000;

// How much larger the model's error is thought to be on other frames than on the keys, squared.
// More makes the look steadier, less makes it follow quick changes of discontinuous looks.
constexpr float kDoubt = 2.0f;

constexpr double kReach = 1 / 80.0;  // of the longer side: what is near
constexpr float kLeastKnown = 0.1f;  // where less is carried nearby it says little

/// A wide mean, made on a quarter of the resolution.
cv::Mat around(const cv::Mat& image) {
  const double sigma = kReach / 4 * std::max(image.cols, image.rows);
  cv::Mat small, out;
  cv::resize(image, small, {(image.cols + 3) / 4, (image.rows + 3) / 4}, 0, 0, cv::INTER_AREA);
  cv::GaussianBlur(small, small, {}, sigma, sigma, cv::BORDER_REPLICATE);
  cv::resize(small, out, image.size(), 0, 0, cv::INTER_LINEAR);
  return out;
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
    const nn::PixelNetworkOptions& network = options.model.network;
    alignments_.push_back(options.align
                              ? align_key(source, key.picture, network.seed, network.device)
                              : KeyAlignment{.picture = key.picture});
    pairs.push_back({source, alignments_.back().picture, alignments_.back().unknown});
  }
  const ScreenInputs screen = look_into(pairs, options);
  fit(pairs, options.model, screen);
  double change = 0, left = 0;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const Stream stream(options.model.network.seed, "layers", "generate");
    if (!layers_[k].empty()) layers_[k].track(clip.video, flows[k], stream);
    change += std::pow(cv::norm(pairs[k].edited, pairs[k].source, cv::NORM_L2), 2);
    left += std::pow(cv::norm(residuals_[k], cv::NORM_L2), 2);
  }
  shown_ = shown_colours(pairs);
  if (change > 0) explained_ = std::clamp(1 - left / change, 0.0, 1.0);
}

ScreenInputs KeyEdits::look_into(std::vector<ImagePair>& pairs, const Options& options) {
  // Models of less effort are enough for this.
  EditModel::Options quick = options.model;
  quick.network.iterations = std::min(quick.network.iterations, kQuickIterations);
  quick.network.batch = std::min(quick.network.batch, kQuickBatch);
  quick.samples = std::min(quick.samples, kQuickSamples);
  // Before a model may see positions: a title is at the same height on every frame. And first
  // beside colours alone: a network can make up for a wide border by what is blurred around each
  // pixel.
  EditModel::Options colours = quick;
  colours.network.iterations = 0;
  for (const EditModel::Options& effort : {colours, quick}) {
    fit(pairs, effort, {});
    screen_ = std::make_unique<ScreenLayers>(pairs, residuals_, options.overlay);
    if (!screen_->empty()) break;
  }
  if (!screen_->empty()) {
    exclude_screen_layers(pairs);
    fit(pairs, quick, {});
    // The first model learned from the drawn pixels, too, and erred around them: only now can it be
    // seen how far they reach.
    std::vector<cv::Mat> residuals;
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      residuals.push_back(
          residual_of({pairs[k].source, pairs[k].edited, alignments_[k].unknown}, predictions_[k]));
    }
    screen_ = std::make_unique<ScreenLayers>(pairs, residuals, options.overlay);
    exclude_screen_layers(pairs);
    fit(pairs, quick, {});
  }
  ScreenInputs inputs = model_->find_screen_inputs(pairs, quick);
  if (inputs.count() > 0) fit(pairs, quick, inputs);
  bool drawn = false;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    layers_.emplace_back(pairs[k].source, pairs[k].edited, residuals_[k]);
    if (layers_[k].empty()) continue;
    // Learned from the rest alone, or the drawn pixels would leave their trace everywhere.
    exclude(pairs[k], layers_[k].mask());
    drawn = true;
  }
  if (drawn) {
    fit(pairs, quick, {});
    inputs = model_->find_screen_inputs(pairs, quick);
  }
  return inputs;
}

void KeyEdits::exclude_screen_layers(std::vector<ImagePair>& pairs) const {
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    if (!screen_->mask(k).empty()) exclude(pairs[k], screen_->mask(k));
  }
}

void KeyEdits::fit(std::span<const ImagePair> pairs, const EditModel::Options& options,
                   const ScreenInputs& screen) {
  model_ = std::make_unique<EditModel>(pairs, options, screen);
  residuals_.clear();
  predictions_.clear();
  misfits_.clear();
  for (const ImagePair& pair : pairs) {
    const cv::Mat prediction = model_->apply(pair.source);
    cv::Mat rounded;
    prediction.convertTo(rounded, CV_8U);
    residuals_.push_back(residual_of(pair, prediction));
    predictions_.push_back(rounded);
    misfits_.push_back(local_mean_square(residuals_.back()));
  }
}

std::size_t KeyEdits::scene_layers() const {
  std::size_t count = 0;
  for (const ObjectLayers& layers : layers_) count += layers.size();
  return count;
}

cv::Mat KeyEdits::add_carried(cv::Mat& frame, int t) const {
  const std::vector<float> shares = shares_at(flows_, t);
  // Each key counts by how surely it is carried and how near it is; together they count as much as
  // the surest of them.
  cv::Mat sum = cv::Mat::zeros(frame.size(), CV_32FC3),
          total = cv::Mat::zeros(frame.size(), CV_32F), surest = total.clone();
  for (std::size_t k = 0; k < flows_.size(); ++k) {
    const cv::Mat positions = flow_positions(flows_[k].flow(t), frame.size());
    const auto carried = [&](const cv::Mat& picture) {
      cv::Mat out;
      cv::remap(picture, out, positions, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
      return out;
    };
    const cv::Mat residual = carried(residuals_[k]), misfit = carried(misfits_[k]);
    cv::Mat weight, change;
    cv::subtract(frame, carried(predictions_[k]), change, cv::noArray(), CV_32F);
    const cv::Mat changed = local_mean_square(change);
    cv::resize(flows_[k].confidence(t), weight, frame.size(), 0, 0, cv::INTER_LINEAR);
    for (int y = 0; y < frame.rows; ++y) {
      auto* s = sum.ptr<cv::Vec3f>(y);
      auto* n = total.ptr<float>(y);
      auto* m = surest.ptr<float>(y);
      const auto* r = residual.ptr<cv::Vec3f>(y);
      const auto* d = change.ptr<cv::Vec3f>(y);
      const auto* d2 = changed.ptr<float>(y);
      const auto* e2 = misfit.ptr<float>(y);
      const auto* w = weight.ptr<uchar>(y);
      for (int x = 0; x < frame.cols; ++x) {
        const float sure = static_cast<float>(w[x]) / 255.0f;
        // A change since the key frame that is smaller than the model's own error there is rather
        // its error: what is carried is then left as it was (Wiener's filter).
        const float doubt = kDoubt * e2[x] / (d2[x] + kDoubt * e2[x] + 1e-3f);
        s[x] += (r[x] - d[x] * doubt) * (sure * shares[k]);
        n[x] += sure * shares[k];
        m[x] = std::max(m[x], sure);
      }
    }
  }
  // Where it isn't sure, what is carried nearby counts: an effect that is laid over a part of the
  // picture, as a light or a shade, has no holes then; textures cancel out.
  const cv::Mat nearby = around(sum), known = around(total);
  for (int y = 0; y < frame.rows; ++y) {
    auto* f = frame.ptr<cv::Vec3f>(y);
    const auto* s = sum.ptr<cv::Vec3f>(y);
    const auto* n = total.ptr<float>(y);
    const auto* m = surest.ptr<float>(y);
    const auto* b = nearby.ptr<cv::Vec3f>(y);
    const auto* k = known.ptr<float>(y);
    for (int x = 0; x < frame.cols; ++x) {
      if (n[x] > 0) f[x] += s[x] * (m[x] / n[x]);
      f[x] += b[x] * ((1 - m[x]) / (k[x] + kLeastKnown));
    }
  }
  return surest;
}

KeyEdits::Frame KeyEdits::frame(const cv::Mat& source, int t) const {
  Frame result{.picture = model_->apply(source)};
  cv::Mat known = add_carried(result.picture, t);
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
  screen_->paint(result.picture, known, nearest);
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
