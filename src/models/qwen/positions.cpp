#include "models/qwen/positions.h"

#include <algorithm>
#include <numeric>

namespace ditto::models::qwen {
namespace {

void append_text(Positions& positions, std::int64_t count, std::int64_t first) {
  for (std::vector<std::int64_t>& axis : positions) {
    for (std::int64_t i = 0; i < count; ++i) axis.push_back(first + i);
  }
}

/// Temporal positions of a video's frame pairs, in the arithmetic of the interval's dtype.
std::vector<std::int64_t> frame_times(std::int64_t count, const Media& media,
                                      std::int64_t tokens_per_second) {
  const at::Tensor numbers = at::arange(count, at::kLong);
  at::Tensor times = numbers * tokens_per_second;
  if (media.video_intervals.defined()) {
    const auto video = static_cast<std::int64_t>(media.next_video);
    times = (numbers * media.video_intervals.select(0, video)).to(at::kLong);
  }
  const auto* first = times.const_data_ptr<std::int64_t>();
  return {first, first + count};
}

}  // namespace

Positions text_positions(std::int64_t count, std::int64_t first) {
  Positions positions;
  append_text(positions, count, first);
  return positions;
}

void append(Positions& positions, const Positions& more) {
  for (std::size_t axis = 0; axis < positions.size(); ++axis) {
    positions[axis].insert(positions[axis].end(), more[axis].begin(), more[axis].end());
  }
}

at::Tensor as_tensor(const Positions& positions, at::Device device) {
  std::vector<at::Tensor> axes;
  for (const auto& axis : positions) axes.push_back(at::tensor(axis, at::kLong));
  return at::stack(axes).to(device);
}

Positions prompt_positions(const std::vector<TokenType>& types, Media& media,
                           const VisionConfig& config, std::int64_t& next) {
  Positions positions;
  const auto append_vision = [&](const Grid& grid, const std::vector<std::int64_t>& times) {
    const std::int64_t h = grid.h / config.spatial_merge_size;
    const std::int64_t w = grid.w / config.spatial_merge_size;
    for (const std::int64_t time : times) {
      for (std::int64_t i = 0; i < h * w; ++i) {
        positions[0].push_back(next + time);
        positions[1].push_back(next + i / w);
        positions[2].push_back(next + i % w);
      }
    }
    next += std::max(h, w);
    return static_cast<std::size_t>(grid.t * h * w);
  };
  for (std::size_t begin = 0; begin < types.size();) {
    const TokenType type = types[begin];
    const auto differs = [type](TokenType other) { return other != type; };
    const auto last =
        std::find_if(types.begin() + static_cast<std::ptrdiff_t>(begin), types.end(), differs);
    const std::size_t end = static_cast<std::size_t>(last - types.begin());
    if (type == TokenType::kText) {
      const auto count = static_cast<std::int64_t>(end - begin);
      append_text(positions, count, next);
      next += count;
      begin = end;
      continue;
    }
    const bool video = type == TokenType::kVideo;
    const std::vector<Grid>& grids = video ? media.videos : media.images;
    std::size_t& number = video ? media.next_video : media.next_image;
    while (begin < end) {
      if (number == grids.size()) {
        throw Error(ErrorKind::kInput, std::string("there are more ") +
                                           (video ? "video" : "image") +
                                           " tokens than the grids have");
      }
      const Grid& grid = grids[number];
      std::vector<std::int64_t> times(static_cast<std::size_t>(grid.t));
      std::iota(times.begin(), times.end(), 0);
      if (video) times = frame_times(grid.t, media, config.tokens_per_second);
      begin += append_vision(grid, times);
      ++number;
    }
    if (begin > end) {
      throw Error(ErrorKind::kInput, std::string("a run of ") + (video ? "video" : "image") +
                                         " tokens is shorter than its grid");
    }
  }
  return positions;
}

}  // namespace ditto::models::qwen
