#include "models/qwen/prompt_part.h"

namespace ditto::models::qwen {
namespace {

/// The next grids of `from` whose tokens make up `tokens`, with their pixels.
struct Taken {
  std::vector<Grid> grids;
  at::Tensor pixels;
};

/// Goes through the images, or the videos, of a batch.
class Taker {
 public:
  Taker(const std::vector<Grid>& grids, at::Tensor pixels, std::int64_t unit, const char* kind)
      : grids_(&grids), pixels_(std::move(pixels)), unit_(unit), kind_(kind) {}

  Taken take(std::int64_t tokens) {
    Taken taken;
    std::int64_t patches = 0;
    while (patches < tokens * unit_) {
      if (next_ == grids_->size()) fail();
      taken.grids.push_back((*grids_)[next_++]);
      patches += taken.grids.back().patches();
    }
    if (patches > tokens * unit_) fail();
    if (patches > 0) taken.pixels = pixels_.narrow(0, first_, patches);
    first_ += patches;
    return taken;
  }

  std::size_t next() const { return next_; }
  void require_end() const {
    if (next_ != grids_->size()) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorKind::kInput, std::string("the ") + kind_ +
                                       " tokens in input_ids are not as many as the grids have");
  }

  const std::vector<Grid>* grids_;
  at::Tensor pixels_;
  std::int64_t unit_;
  const char* kind_;
  std::size_t next_ = 0;
  std::int64_t first_ = 0;
};

at::Tensor concatenated(const std::vector<at::Tensor>& tensors) {
  return tensors.empty() ? at::Tensor() : at::cat(tensors);
}

/// The vision tower's tokens of all parts' images, or videos. Those whose pixels are given go
/// through it together.
at::Tensor tokens_of(const Network& network, const std::vector<PromptPart>& parts,
                     at::Tensor PromptPart::* pixels_of, at::Tensor PromptPart::* tokens_of_part,
                     std::vector<Grid> Media::* grids_of) {
  std::vector<at::Tensor> pixels;
  std::vector<Grid> grids;
  for (const PromptPart& part : parts) {
    if (!(part.*pixels_of).defined()) continue;
    pixels.push_back(part.*pixels_of);
    const std::vector<Grid>& more = part.media.*grids_of;
    grids.insert(grids.end(), more.begin(), more.end());
  }
  const at::Tensor seen = network.see(concatenated(pixels), grids);
  std::vector<at::Tensor> all;
  std::int64_t first = 0;
  for (const PromptPart& part : parts) {
    if ((part.*tokens_of_part).defined()) all.push_back(part.*tokens_of_part);
    if (!(part.*pixels_of).defined()) continue;
    const std::int64_t count = (part.*pixels_of).size(0) / network.config().vision.merge_unit();
    all.push_back(seen.narrow(0, first, count));
    first += count;
  }
  return concatenated(all);
}

/// [N, 3]
std::vector<Grid> grids_of(const at::Tensor& sizes) {
  std::vector<Grid> grids;
  if (!sizes.defined()) return grids;
  const at::Tensor table = sizes.to(at::kCPU, at::kLong).contiguous();
  const auto* values = table.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < table.size(0); ++i) {
    grids.push_back({values[3 * i], values[3 * i + 1], values[3 * i + 2]});
  }
  return grids;
}

/// A prompt whose images and videos went through the vision tower before.
PromptPart read_seen_prompt(const Prompt& prompt, const Network& network) {
  const Config& config = network.config();
  PromptPart part;
  part.ids = prompt.ids;
  for (const std::int64_t id : prompt.ids) {
    part.types.push_back(id == config.image_token_id   ? TokenType::kImage
                         : id == config.video_token_id ? TokenType::kVideo
                                                       : TokenType::kText);
  }
  part.image_tokens = prompt.image_tokens;
  part.video_tokens = prompt.video_tokens;
  part.media.images = grids_of(prompt.image_grid_thw);
  part.media.videos = grids_of(prompt.video_grid_thw);
  if (prompt.second_per_grid_ts.defined()) {
    part.media.video_intervals =
        prompt.second_per_grid_ts.to(at::kCPU) * config.vision.tokens_per_second;
  }
  return part;
}

}  // namespace

std::vector<PromptPart> split_rows(const Batch& batch, const Config& config) {
  const at::Tensor ids = batch.ids.to(at::kCPU).contiguous();
  const std::int64_t unit = config.vision.merge_unit();
  Taker images(batch.media.images, batch.image_pixels, unit, "image");
  Taker videos(batch.media.videos, batch.video_pixels, unit, "video");
  std::vector<PromptPart> parts;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    PromptPart part;
    std::int64_t image_tokens = 0;
    std::int64_t video_tokens = 0;
    const auto* first = ids.const_data_ptr<std::int64_t>() + row * batch.length();
    for (const std::int64_t place : batch.kept(row)) {
      part.ids.push_back(first[place]);
      part.types.push_back(
          batch.has_media()
              ? batch.types[static_cast<std::size_t>(row)][static_cast<std::size_t>(place)]
              : TokenType::kText);
      image_tokens += first[place] == config.image_token_id ? 1 : 0;
      video_tokens += first[place] == config.video_token_id ? 1 : 0;
    }
    if (!batch.media.images.empty()) {
      Taken taken = images.take(image_tokens);
      part.media.images = std::move(taken.grids);
      part.image_pixels = taken.pixels;
    }
    if (!batch.media.videos.empty()) {
      const auto before = static_cast<std::int64_t>(videos.next());
      Taken taken = videos.take(video_tokens);
      part.media.videos = std::move(taken.grids);
      part.video_pixels = taken.pixels;
      if (batch.media.video_intervals.defined()) {
        part.media.video_intervals = batch.media.video_intervals.narrow(
            0, before, static_cast<std::int64_t>(part.media.videos.size()));
      }
    }
    parts.push_back(std::move(part));
  }
  images.require_end();
  videos.require_end();
  return parts;
}

PromptPart read_prompt(const Prompt& prompt, const Network& network) {
  if (prompt.image_tokens.defined() || prompt.video_tokens.defined()) {
    return read_seen_prompt(prompt, network);
  }
  Values values;
  values.tensors["input_ids"] = at::tensor(prompt.ids, at::kLong).unsqueeze(0);
  const auto add = [&](const char* name, const at::Tensor& tensor) {
    if (tensor.defined()) values.tensors[name] = tensor;
  };
  add("pixel_values", prompt.pixel_values);
  add("image_grid_thw", prompt.image_grid_thw);
  add("pixel_values_videos", prompt.pixel_values_videos);
  add("video_grid_thw", prompt.video_grid_thw);
  add("second_per_grid_ts", prompt.second_per_grid_ts);
  for (auto& [name, tensor] : values.tensors) tensor = tensor.to(network.device());
  const Batch batch = read_batch(Inputs("prompt", std::move(values)), network);
  return std::move(split_rows(batch, network.config()).front());
}

JoinedParts join_parts(const Network& network, const std::vector<PromptPart>& parts,
                       const std::vector<PartPlace>& places) {
  JoinedParts joined;
  std::vector<std::int64_t> ids;
  Positions positions;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const PromptPart& part = parts[i];
    const auto count = static_cast<std::int64_t>(part.ids.size());
    joined.inputs.segments.push_back({places[i].row, count, places[i].past, {}});
    ids.insert(ids.end(), part.ids.begin(), part.ids.end());
    joined.last.push_back(static_cast<std::int64_t>(ids.size()) - 1);

    Media media = part.media;
    std::int64_t next = places[i].next;
    append(positions, prompt_positions(part.types, media, network.config().vision, next));
    joined.next.push_back(next);
    joined.drawn.push_back(
        {positions[0].back() + 1, positions[1].back() + 1, positions[2].back() + 1});
  }
  joined.inputs.positions = as_tensor(positions, network.device());
  joined.inputs.embeddings = network.embed(at::tensor(ids, at::kLong).to(network.device()),
                                           tokens_of(network, parts, &PromptPart::image_pixels,
                                                     &PromptPart::image_tokens, &Media::images),
                                           tokens_of(network, parts, &PromptPart::video_pixels,
                                                     &PromptPart::video_tokens, &Media::videos));
  return joined;
}

}  // namespace ditto::models::qwen
