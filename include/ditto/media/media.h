#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ditto/media/video.h"

/// Files to frames and back, over libav*. All errors are Error(kInput) for reading (file and reason
/// named) and Error(kFatal) for writing.
namespace ditto::media {

struct Probe {
  std::string container;
  std::string codec;
  std::string pixel_format;
  int width = 0;  ///< as displayed: after sample aspect ratio and rotation
  int height = 0;
  int rotation = 0;  ///< degrees clockwise, one of 0 90 180 270; already applied to width, height
  Rational fps;      ///< average rate
  bool variable_frame_rate = false;  ///< as far as the container tells
  bool interlaced = false;
  bool has_alpha = false;
  bool high_dynamic_range = false;  ///< PQ or HLG transfer; decoded without tone mapping
  int bit_depth = 8;
  double duration = 0;      ///< seconds; 0 when the container doesn't tell
  std::int64_t frames = 0;  ///< 0 when the container doesn't tell
};
Probe probe(const std::filesystem::path& path);

/// What to decode: frames at constant `fps` beginning at output frame `first` (the output clock
/// starts at the first picture's timestamp), `count` of them (or all), scaled to cover
/// width x height and centre-cropped to it (0 x 0: the display size, made even by cropping).
/// Output frame n shows the picture whose presentation interval contains n / fps, found in exact
/// rational arithmetic. Where a container rounds the timestamps of a constant rate (milliseconds in
/// Matroska), the rate's own times are meant. Pictures without timestamps follow at the nominal
/// rate.
///
/// Rotation, sample aspect ratio, colour matrix and range follow the file's tags; untagged pictures
/// are bt601 up to 576 lines and bt709 above, limited range. Pictures flagged as interlaced are
/// deinterlaced frame by frame, alpha is flattened on white, high dynamic range is not tone-mapped
/// (a warning is logged).
///
/// In mp4 and Matroska a late `first` is found by the index; other containers are decoded from
/// their beginning. Either way the frames are the same.
struct DecodeRequest {
  Rational fps;
  std::int64_t first = 0;
  std::optional<std::int64_t> count;
  int width = 0;
  int height = 0;
};

/// Calls `frame(index, rgb, repeated)` for each output frame in order, index from 0 relative to
/// `first`; `repeated` tells that it shows the same decoded picture as the one before. Return
/// false from the callback to end early. Returns how many were delivered. A damaged stream ends at
/// the first picture that can't be had when nothing more decodes; single damaged pictures within
/// are skipped as the decoder conceals them. Single-threaded decoding.
using FrameSink = std::function<bool(std::int64_t index, const cv::Mat& rgb, bool repeated)>;
std::int64_t decode(const std::filesystem::path& path, const DecodeRequest& request,
                    const FrameSink& sink);

/// decode() into memory. Throws when fewer than request.count frames exist.
Video read_video(const std::filesystem::path& path, const DecodeRequest& request);
/// Every frame at the file's own constant rate and size, as stored; for clips ditto wrote.
Video read_video(const std::filesystem::path& path);
/// The same from memory.
Video read_video_bytes(const std::string& bytes);

struct EncodeOptions {
  int crf = 12;
  std::string preset = "medium";
  int threads = 1;
};
/// An mp4 file in memory: libx264, yuv420p tagged bt709 limited range, faststart, constant frame
/// rate, no B-frame delay surprises (edit list starts at 0), no encoder version or time in it
/// beyond libx264's own SEI, which is suppressed. The same frames and options give the same bytes.
std::string encode_mp4(const Video& video, const EncodeOptions& options);

/// Lossless RGB intermediate (MagicYUV in Matroska, with the exact rate as a tag), of any size:
/// read_lossless(encode_lossless(v)) equals v bit for bit.
std::string encode_lossless(const Video& video);
Video read_lossless(const std::filesystem::path& path);

/// PNG, reproducible bytes. CV_8UC3 is RGB; CV_8UC4 is RGBA; CV_8UC1 is grey.
std::string encode_png(const cv::Mat& image);
/// Any still image FFmpeg reads, as RGB; alpha is flattened on white.
cv::Mat read_image(const std::filesystem::path& path);
/// The same as RGBA, CV_8UC4, straight alpha, as coded (not turned); 255 where the format has none.
cv::Mat read_image_with_alpha(const std::filesystem::path& path);
/// `quality` is 1 to 100.
std::string encode_jpeg(const cv::Mat& rgb, int quality);

/// SHA-256 over size, rate and pixel data: identifies decoded content whatever the container.
std::string pixel_hash(const Video& video);
std::string pixel_hash(const cv::Mat& image);

/// Versions of the FFmpeg libraries, for doctor and run.json.
std::string versions();

}  // namespace ditto::media
