#include "media/converter.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <cstdlib>
#include <opencv2/imgproc.hpp>

#include "ditto/core/error.h"
#include "media/demuxer.h"
#include "media/scaler.h"

namespace ditto::media {
namespace {

const AVPixFmtDescriptor& describe(const AVFrame& picture, const std::string& name) {
  const AVPixFmtDescriptor* description =
      av_pix_fmt_desc_get(static_cast<AVPixelFormat>(picture.format));
  if (description == nullptr ||
      sws_isSupportedInput(static_cast<AVPixelFormat>(picture.format)) == 0) {
    throw Error(ErrorKind::kInput, fmt::format("{}: its pixel format {} can't be converted", name,
                                               description == nullptr ? "?" : description->name));
  }
  return *description;
}

bool is_rgb(const AVPixFmtDescriptor& format) { return (format.flags & AV_PIX_FMT_FLAG_RGB) != 0; }
bool is_grey(const AVPixFmtDescriptor& format) {
  return !is_rgb(format) && format.nb_components <= 2;
}

int matrix_of(const AVFrame& picture, const AVPixFmtDescriptor& format, const std::string& name) {
  if (is_rgb(format) || is_grey(format)) return SWS_CS_ITU709;
  switch (picture.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    case AVCOL_SPC_UNSPECIFIED:
    case AVCOL_SPC_RESERVED:
    case AVCOL_SPC_RGB:  // a wrong tag: these are not RGB samples
      return picture.height <= 576 ? SWS_CS_ITU601 : SWS_CS_ITU709;
    default:
      throw Error(ErrorKind::kInput, fmt::format("{}: its colour matrix {} can't be converted",
                                                 name, av_color_space_name(picture.colorspace)));
  }
}

bool is_full_range(const AVFrame& picture, const AVPixFmtDescriptor& format) {
  if (is_rgb(format)) return true;
  const std::string_view name = format.name;
  if (name.starts_with("yuvj")) return true;
  if (picture.color_range == AVCOL_RANGE_UNSPECIFIED) return is_grey(format);
  return picture.color_range == AVCOL_RANGE_JPEG;
}

// The part of the coded picture that is shown: as much as possible with the shape of `size`.
cv::Rect shown_part(const AVFrame& picture, const AVPixFmtDescriptor& format, double aspect,
                    cv::Size size) {
  const double wanted = static_cast<double>(size.width) / size.height / aspect;  // in coded pixels
  const double width = std::min<double>(picture.width, picture.height * wanted);
  const double height = std::min<double>(picture.height, picture.width / wanted);
  cv::Rect part;
  part.width = std::clamp(static_cast<int>(std::lround(width)), 1, picture.width);
  part.height = std::clamp(static_cast<int>(std::lround(height)), 1, picture.height);
  const auto offset = [](int whole, int kept, int chroma_shift) {
    return ((whole - kept) / 2) >> chroma_shift << chroma_shift;
  };
  part.x = offset(picture.width, part.width, format.log2_chroma_w);
  part.y = offset(picture.height, part.height, format.log2_chroma_h);
  return part;
}

double aspect_of(AVRational sample_aspect) {
  if (sample_aspect.num <= 0 || sample_aspect.den <= 0) return 1.0;
  const double aspect = av_q2d(sample_aspect);
  return aspect > 16.0 || aspect < 1.0 / 16.0 ? 1.0 : aspect;
}

}  // namespace

int Orientation::clockwise() const {
  if (transpose) return mirror_y && !mirror_x ? 270 : 90;
  return mirror_x && mirror_y ? 180 : 0;
}

Orientation orientation_of(const std::int32_t* matrix) {
  if (matrix == nullptr) return {};
  // x' = a x + c y, y' = b x + d y
  const std::int64_t a = matrix[0];
  const std::int64_t b = matrix[1];
  const std::int64_t c = matrix[3];
  const std::int64_t d = matrix[4];
  if (std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c)) return {false, a < 0, d < 0};
  return {true, c < 0, b < 0};
}

Orientation orientation_of_exif(int tag) {
  switch (tag) {
    case 2:
      return {false, true, false};
    case 3:
      return {false, true, true};
    case 4:
      return {false, false, true};
    case 5:
      return {true, false, false};
    case 6:
      return {true, true, false};
    case 7:
      return {true, true, true};
    case 8:
      return {true, false, true};
    default:
      return {};
  }
}

cv::Size display_size(int coded_width, int coded_height, AVRational sample_aspect,
                      Orientation orientation) {
  const long stretched = std::lround(coded_width * aspect_of(sample_aspect));
  const int width =
      stretched > kLargestSide ? coded_width : std::max(1, static_cast<int>(stretched));
  return orientation.transpose ? cv::Size(coded_height, width) : cv::Size(width, coded_height);
}

ff::Frame Converter::scale(Stage& stage, const AVFrame& picture, int width, int height,
                           int format) {
  const AVPixFmtDescriptor& description = describe(picture, name_);
  const Geometry geometry{picture.width,
                          picture.height,
                          picture.format,
                          matrix_of(picture, description, name_),
                          is_full_range(picture, description),
                          picture.chroma_location,
                          width,
                          height,
                          format};
  if (!stage.scaler || geometry != stage.geometry) {
    stage.scaler = make_scaler(
        ScalerSide{picture.width, picture.height, picture.format, geometry.matrix,
                   geometry.full_range, chroma_siting(description, picture.chroma_location)},
        ScalerSide{width, height, format, SWS_CS_ITU709, true, {}}, name_);
    stage.geometry = geometry;
  }
  ff::Frame out = make_picture(width, height, format);
  run_scaler(*stage.scaler, picture, *out, name_);
  return out;
}

ff::Frame Converter::flatten(const AVFrame& picture) {
  const ff::Frame straight =
      scale(flattening_, picture, picture.width, picture.height, AV_PIX_FMT_RGBA);
  const cv::Mat rgba(picture.height, picture.width, CV_8UC4, straight->data[0],
                     static_cast<std::size_t>(straight->linesize[0]));
  ff::Frame out = make_picture(picture.width, picture.height, AV_PIX_FMT_RGB24);
  cv::Mat rgb(picture.height, picture.width, CV_8UC3, out->data[0],
              static_cast<std::size_t>(out->linesize[0]));
  cv::cvtColor(rgba, rgb, cv::COLOR_RGBA2RGB);
  cv::Mat alpha;
  cv::extractChannel(rgba, alpha, 3);
  cv::Mat alpha3;
  cv::merge(std::vector<cv::Mat>{alpha, alpha, alpha}, alpha3);
  cv::multiply(rgb, alpha3, rgb, 1.0 / 255.0);
  cv::bitwise_not(alpha3, alpha3);
  cv::add(rgb, alpha3, rgb);
  return out;
}

cv::Mat Converter::rgb(const AVFrame& picture, AVRational sample_aspect, cv::Size size) {
  const AVPixFmtDescriptor& description = describe(picture, name_);
  if (!warned_ &&
      (picture.color_trc == AVCOL_TRC_SMPTE2084 || picture.color_trc == AVCOL_TRC_ARIB_STD_B67)) {
    spdlog::warn("{}: is high dynamic range ({}), which is shown without tone mapping", name_,
                 av_color_transfer_name(picture.color_trc));
    warned_ = true;
  }
  // Alpha is flattened before scaling, or hidden colours would bleed into visible ones. Formats
  // with several pixels to a byte can't be cropped as they are.
  const bool first_to_rgb =
      (description.flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_BITSTREAM |
                            AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER)) != 0;
  ff::Frame part(first_to_rgb ? flatten(picture).release() : av_frame_clone(&picture));
  if (!part) throw std::bad_alloc();

  const cv::Size before_turning = orientation_.transpose ? cv::Size(size.height, size.width) : size;
  const bool whole =
      size == display_size(picture.width, picture.height, sample_aspect, orientation_);
  if (!whole) {
    const cv::Rect shown =
        shown_part(*part, describe(*part, name_), aspect_of(sample_aspect), before_turning);
    part->crop_left = static_cast<std::size_t>(shown.x);
    part->crop_top = static_cast<std::size_t>(shown.y);
    part->crop_right = static_cast<std::size_t>(part->width - shown.x - shown.width);
    part->crop_bottom = static_cast<std::size_t>(part->height - shown.y - shown.height);
    const int cropped = av_frame_apply_cropping(part.get(), AV_FRAME_CROP_UNALIGNED);
    if (cropped < 0) {
      throw Error(ErrorKind::kInput, name_ + ": can't be cropped: " + ff::error_text(cropped));
    }
  }
  // The matrix of untagged pictures goes by the height of the whole picture, not of the part.
  if (part->colorspace == AVCOL_SPC_UNSPECIFIED && !is_rgb(description)) {
    part->colorspace = picture.height <= 576 ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709;
  }
  const ff::Frame scaled =
      scale(scaling_, *part, before_turning.width, before_turning.height, AV_PIX_FMT_RGB24);
  const cv::Mat view(before_turning, CV_8UC3, scaled->data[0],
                     static_cast<std::size_t>(scaled->linesize[0]));
  cv::Mat turned;
  if (orientation_.transpose) {
    cv::transpose(view, turned);
  } else {
    turned = view.clone();
  }
  if (orientation_.mirror_x || orientation_.mirror_y) {
    const int code = orientation_.mirror_x && orientation_.mirror_y ? -1
                     : orientation_.mirror_x                        ? 1
                                                                    : 0;
    cv::Mat mirrored;
    cv::flip(turned, mirrored, code);
    turned = mirrored;
  }
  return turned;
}

}  // namespace ditto::media
