#include "media/scaler.h"

#include <fmt/format.h>

#include <new>

#include "ditto/core/error.h"

namespace ditto::media {

Siting chroma_siting(const AVPixFmtDescriptor& format, int chroma_location) {
  if ((format.flags & AV_PIX_FMT_FLAG_RGB) != 0 || format.nb_components < 3) return {};
  constexpr int kWith = 0;       // on a luma sample
  constexpr int kBetween = 128;  // halfway to the next
  Siting siting{-513, -513};
  if (format.log2_chroma_w == 1) {
    const bool between = chroma_location == AVCHROMA_LOC_CENTER ||
                         chroma_location == AVCHROMA_LOC_TOP ||
                         chroma_location == AVCHROMA_LOC_BOTTOM;
    siting.horizontal = between ? kBetween : kWith;
  }
  if (format.log2_chroma_h == 1) {
    const bool top = chroma_location == AVCHROMA_LOC_TOPLEFT || chroma_location == AVCHROMA_LOC_TOP;
    const bool bottom =
        chroma_location == AVCHROMA_LOC_BOTTOMLEFT || chroma_location == AVCHROMA_LOC_BOTTOM;
    siting.vertical = top ? kWith : bottom ? 2 * kBetween : kBetween;
  }
  return siting;
}

ff::Scaler make_scaler(const ScalerSide& from, const ScalerSide& to, const std::string& name) {
  ff::Scaler scaler(sws_alloc_context());
  if (!scaler) throw std::bad_alloc();
  const auto set = [&](const char* key, std::int64_t value) {
    av_opt_set_int(scaler.get(), key, value, 0);
  };
  set("srcw", from.width);
  set("srch", from.height);
  set("src_format", from.format);
  set("src_range", from.full_range ? 1 : 0);
  set("src_h_chr_pos", from.siting.horizontal);
  set("src_v_chr_pos", from.siting.vertical);
  set("dstw", to.width);
  set("dsth", to.height);
  set("dst_format", to.format);
  set("dst_range", to.full_range ? 1 : 0);
  set("dst_h_chr_pos", to.siting.horizontal);
  set("dst_v_chr_pos", to.siting.vertical);
  set("sws_flags",
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP);
  av_opt_set(scaler.get(), "sws_dither", "none", 0);
  int result = sws_init_context(scaler.get(), nullptr, nullptr);
  if (result >= 0) {
    constexpr int kOne = 1 << 16;
    // Fails where neither side has a matrix; there is nothing to set then.
    sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(from.matrix),
                             from.full_range ? 1 : 0, sws_getCoefficients(to.matrix),
                             to.full_range ? 1 : 0, 0, kOne, kOne);
    return scaler;
  }
  throw Error(ErrorKind::kInput,
              fmt::format("{}: can't be converted from {} {}x{} to {} {}x{}: {}", name,
                          av_get_pix_fmt_name(static_cast<AVPixelFormat>(from.format)), from.width,
                          from.height, av_get_pix_fmt_name(static_cast<AVPixelFormat>(to.format)),
                          to.width, to.height, ff::error_text(result)));
}

void run_scaler(SwsContext& scaler, const AVFrame& from, AVFrame& to, const std::string& name) {
  const int rows =
      sws_scale(&scaler, from.data, from.linesize, 0, from.height, to.data, to.linesize);
  if (rows != to.height) {
    throw Error(ErrorKind::kInput, fmt::format("{}: a picture can't be converted", name));
  }
}

ff::Frame make_picture(int width, int height, int format) {
  ff::Frame frame = ff::make_frame();
  frame->width = width;
  frame->height = height;
  frame->format = format;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
  return frame;
}

}  // namespace ditto::media
