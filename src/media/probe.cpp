#include <cmath>

#include "ditto/media/media.h"
#include "media/converter.h"
#include "media/demuxer.h"

namespace ditto::media {
namespace {

double duration_of(const Demuxer& demuxer) {
  const AVStream& stream = demuxer.stream();
  if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0) {
    return static_cast<double>(stream.duration) * av_q2d(stream.time_base);
  }
  const AVFormatContext& format = demuxer.format();
  // A length guessed from the bit rate says little.
  if (format.duration == AV_NOPTS_VALUE || format.duration <= 0 ||
      format.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) {
    return 0;
  }
  return static_cast<double>(format.duration) / AV_TIME_BASE;
}

}  // namespace

Probe probe(const std::filesystem::path& path) {
  const Demuxer demuxer(path);
  const AVStream& stream = demuxer.stream();
  const AVCodecParameters& codec = *stream.codecpar;
  if (codec.width <= 0 || codec.height <= 0) demuxer.fail("the size of its pictures is unknown");

  Probe result;
  result.container = demuxer.format().iformat->name;
  result.codec = avcodec_get_name(codec.codec_id);
  if (const AVPixFmtDescriptor* format =
          av_pix_fmt_desc_get(static_cast<AVPixelFormat>(codec.format))) {
    result.pixel_format = format->name;
    result.bit_depth = format->comp[0].depth;
    // Palettes may hold alpha but hardly ever do.
    result.has_alpha =
        (format->flags & AV_PIX_FMT_FLAG_ALPHA) != 0 && (format->flags & AV_PIX_FMT_FLAG_PAL) == 0;
  }
  result.has_alpha = result.has_alpha || demuxer.has_side_alpha();
  result.high_dynamic_range =
      codec.color_trc == AVCOL_TRC_SMPTE2084 || codec.color_trc == AVCOL_TRC_ARIB_STD_B67;
  const Orientation orientation = orientation_of(ff::display_matrix(stream));
  result.rotation = orientation.clockwise();
  const AVRational aspect = av_guess_sample_aspect_ratio(
      const_cast<AVFormatContext*>(&demuxer.format()), const_cast<AVStream*>(&stream), nullptr);
  const cv::Size size = display_size(codec.width, codec.height, aspect, orientation);
  result.width = size.width;
  result.height = size.height;
  result.interlaced =
      codec.field_order != AV_FIELD_UNKNOWN && codec.field_order != AV_FIELD_PROGRESSIVE;

  const Rational nominal = demuxer.nominal_rate();
  const AVRational average = stream.avg_frame_rate;
  result.fps = average.num > 0 && average.den > 0 ? ff::from(average) : nominal;
  if (average.num > 0 && stream.r_frame_rate.num > 0 && !result.interlaced) {
    // The real rate is the lowest that fits all timestamps seen; half a percent is jitter.
    const double ratio = av_q2d(average) / av_q2d(stream.r_frame_rate);
    result.variable_frame_rate = std::abs(ratio - 1.0) > 0.005;
  }
  result.duration = duration_of(demuxer);
  result.frames = stream.nb_frames;
  return result;
}

}  // namespace ditto::media
