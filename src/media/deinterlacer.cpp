#include "media/deinterlacer.h"

#include <fmt/format.h>

#include "ditto/core/error.h"

namespace ditto::media {
namespace {

void check(int result, const char* what) {
  if (result < 0) {
    throw Error(ErrorKind::kInput,
                fmt::format("deinterlacing: {}: {}", what, ff::error_text(result)));
  }
}

ff::Frame clone(const AVFrame& frame) {
  ff::Frame copy(av_frame_clone(&frame));
  if (!copy) throw std::bad_alloc();
  return copy;
}

}  // namespace

void Deinterlacer::reset(ff::Frame previous) {
  graph_.reset();
  previous_ = std::move(previous);
  to_drop_ = 0;
}

void Deinterlacer::build(const AVFrame& like) {
  graph_.reset(avfilter_graph_alloc());
  if (!graph_) throw std::bad_alloc();
  graph_->nb_threads = 1;
  width_ = like.width;
  height_ = like.height;
  format_ = like.format;
  // Times are kept outside: the graph only needs frames in order.
  const std::string picture =
      fmt::format("video_size={}x{}:pix_fmt={}:time_base=1/1", width_, height_, format_);
  check(avfilter_graph_create_filter(&source_, avfilter_get_by_name("buffer"), "in",
                                     picture.c_str(), nullptr, graph_.get()),
        "source");
  AVFilterContext* filter = nullptr;
  check(avfilter_graph_create_filter(&filter, avfilter_get_by_name("bwdif"), "bwdif",
                                     "mode=send_frame:parity=auto:deint=interlaced", nullptr,
                                     graph_.get()),
        "bwdif");
  check(avfilter_graph_create_filter(&sink_, avfilter_get_by_name("buffersink"), "out", nullptr,
                                     nullptr, graph_.get()),
        "sink");
  check(avfilter_link(source_, 0, filter, 0), "link");
  check(avfilter_link(filter, 0, sink_, 0), "link");
  check(avfilter_graph_config(graph_.get(), nullptr), "configuration");
}

void Deinterlacer::feed(AVFrame* frame) {
  check(av_buffersrc_add_frame_flags(source_, frame, AV_BUFFERSRC_FLAG_PUSH), "feeding");
}

void Deinterlacer::drain(std::vector<ff::Frame>& ready) {
  for (;;) {
    ff::Frame frame = ff::make_frame();
    const int result = av_buffersink_get_frame(sink_, frame.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
    check(result, "filtering");
    if (to_drop_ > 0) {
      --to_drop_;
    } else {
      ready.push_back(std::move(frame));
    }
  }
}

std::vector<ff::Frame> Deinterlacer::push(ff::Frame frame) {
  std::vector<ff::Frame> ready;
  const bool fits = frame && graph_ && frame->width == width_ && frame->height == height_ &&
                    frame->format == format_;
  if (graph_ && !fits) {  // the end, or pictures of another kind follow
    feed(nullptr);
    drain(ready);
    reset(nullptr);
  }
  if (!frame) return ready;
  if (!graph_ && !ff::is_interlaced(*frame)) {
    previous_ = clone(*frame);
    ready.push_back(std::move(frame));
    return ready;
  }
  if (!graph_) {
    build(*frame);
    if (previous_ && previous_->width == width_ && previous_->height == height_ &&
        previous_->format == format_) {
      to_drop_ = 1;
      feed(previous_.get());
    }
    previous_.reset();
  }
  feed(frame.get());
  drain(ready);
  return ready;
}

}  // namespace ditto::media
