#pragma once

#include <vector>

#include "media/ffmpeg.h"

namespace ditto::media {

/// Interlaced frames to progressive ones, one for one, in order (bwdif); progressive frames pass
/// unchanged. What a frame becomes depends only on it and on the ones right before and after it,
/// never on where reading began.
class Deinterlacer {
 public:
  /// Hands the next frame in (null: the end of the stream); gives the frames that are ready.
  std::vector<ff::Frame> push(ff::Frame frame);
  /// Forgets everything, for a seek. `previous`: the frame before the one pushed next, or null.
  void reset(ff::Frame previous);

 private:
  void build(const AVFrame& like);
  void feed(AVFrame* frame);
  void drain(std::vector<ff::Frame>& ready);

  ff::FilterGraph graph_;  ///< from the first interlaced frame on
  AVFilterContext* source_ = nullptr;
  AVFilterContext* sink_ = nullptr;
  ff::Frame previous_;  ///< while there is no graph
  int to_drop_ = 0;     ///< frames in the graph that were only fed as neighbours
  int width_ = 0;
  int height_ = 0;
  int format_ = -1;
};

}  // namespace ditto::media
