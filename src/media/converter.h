#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "media/ffmpeg.h"

namespace ditto::media {

/// How coded pictures are turned for display: transposed first, then mirrored.
struct Orientation {
  bool transpose = false;
  bool mirror_x = false;
  bool mirror_y = false;

  /// The rotation in it, degrees clockwise.
  int clockwise() const;
};
/// From a display matrix; null is upright. Angles between are taken to the nearest quarter turn.
Orientation orientation_of(const std::int32_t* matrix);
/// From the EXIF tag that still images carry, 1 to 8; anything else is upright.
Orientation orientation_of_exif(int tag);

/// Size as displayed, before any cropping: the width is stretched by the sample aspect ratio (an
/// absurd one is ignored), then the picture is turned.
cv::Size display_size(int coded_width, int coded_height, AVRational sample_aspect,
                      Orientation orientation);

/// Decoded pictures to RGB, full range. Colour matrix and range follow the tags; untagged pictures
/// are bt601 up to 576 lines and bt709 above, limited range (full for grey and for formats that
/// imply it). Chroma is interpolated from where it was sampled. Alpha is flattened on white.
class Converter {
 public:
  /// `name` is for messages.
  Converter(std::string name, Orientation orientation)
      : name_(std::move(name)), orientation_(orientation) {}

  /// Scaled (bicubic, averaging when reduced) to cover `size`, centre-cropped to it. The crop is
  /// taken from the coded picture at whole chroma samples. Throws Error(kInput) for pixel formats
  /// and colour matrices that can't be converted.
  cv::Mat rgb(const AVFrame& picture, AVRational sample_aspect, cv::Size size);

 private:
  struct Geometry {
    int width = 0;
    int height = 0;
    int format = -1;
    int matrix = 0;
    bool full_range = false;
    int chroma_location = 0;
    int out_width = 0;
    int out_height = 0;
    int out_format = -1;
    friend bool operator==(const Geometry&, const Geometry&) = default;
  };
  struct Stage {
    Geometry geometry;
    ff::Scaler scaler;
  };

  ff::Frame flatten(const AVFrame& picture);
  ff::Frame scale(Stage& stage, const AVFrame& picture, int width, int height, int format);

  std::string name_;
  Orientation orientation_;
  Stage flattening_;
  Stage scaling_;
  bool warned_ = false;
};

}  // namespace ditto::media
