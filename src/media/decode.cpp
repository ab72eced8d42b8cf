#include <fmt/format.h>

#include <cstdlib>
#include <limits>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/media/media.h"
#include "media/converter.h"
#include "media/lossless.h"
#include "media/picture_reader.h"
#include "media/scaler.h"

namespace ditto::media {
namespace {

Orientation turned(const PictureReader& reader) {
  if (const std::int32_t* matrix = ff::display_matrix(reader.demuxer().stream())) {
    return orientation_of(matrix);
  }
  const AVDictionaryEntry* exif = av_dict_get(reader.first().metadata, "Orientation", nullptr, 0);
  return orientation_of_exif(exif == nullptr ? 1 : std::atoi(exif->value));
}

// Pictures of one reader to RGB of one size. Without a size: the first picture's display size.
class Display {
 public:
  explicit Display(const PictureReader& reader)
      : reader_(reader),
        orientation_(turned(reader)),
        converter_(reader.demuxer().name(), orientation_) {
    const AVFrame& first = reader.first();
    const Orientation upright;
    const cv::Size shown = display_size(first.width, first.height, aspect_of(first), upright);
    if (shown.area() > kLargestPicture) {
      reader.demuxer().fail(
          fmt::format("its pictures of {}x{} are too large", shown.width, shown.height));
    }
    size_ = orientation_.transpose ? cv::Size(shown.height, shown.width) : shown;
  }

  cv::Size size() const { return size_; }
  cv::Mat rgb(const AVFrame& picture, cv::Size size) {
    return converter_.rgb(picture, aspect_of(picture), size);
  }

 private:
  AVRational aspect_of(const AVFrame& picture) const {
    const Demuxer& demuxer = reader_.demuxer();
    return av_guess_sample_aspect_ratio(const_cast<AVFormatContext*>(&demuxer.format()),
                                        const_cast<AVStream*>(&demuxer.stream()),
                                        const_cast<AVFrame*>(&picture));
  }

  const PictureReader& reader_;
  Orientation orientation_;
  Converter converter_;
  cv::Size size_;
};

void check(const std::filesystem::path& path, const DecodeRequest& request) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::kInput, fmt::format("{}: can't be decoded {}", printable(path), what));
  };
  constexpr std::int64_t kLargestRate = std::numeric_limits<std::int32_t>::max();
  if (request.fps.num <= 0 || request.fps.den <= 0 || request.fps.num > kLargestRate ||
      request.fps.den > kLargestRate) {
    refuse(fmt::format("at {}/{} frames a second", request.fps.num, request.fps.den));
  }
  if (request.first < 0 || request.count.value_or(0) < 0) {
    refuse(fmt::format("from frame {}, {} frames", request.first, request.count.value_or(0)));
  }
  const bool own_size = request.width == 0 && request.height == 0;
  if (!own_size && (request.width <= 0 || request.height <= 0 || request.width > kLargestSide ||
                    request.height > kLargestSide)) {
    refuse(fmt::format("to {}x{}", request.width, request.height));
  }
}

Video read_all(PictureReader& reader) {
  Display display(reader);
  Video video;
  const Demuxer& demuxer = reader.demuxer();
  const AVRational average = demuxer.stream().avg_frame_rate;
  video.fps = average.num > 0 && average.den > 0 ? ff::from(average) : demuxer.nominal_rate();
  if (const auto written = rate_of_lossless(demuxer.format())) video.fps = *written;
  while (const std::optional<Picture> picture = reader.next()) {
    video.frames.push_back(display.rgb(*picture->frame, display.size()));
  }
  return video;
}

}  // namespace

std::int64_t decode(const std::filesystem::path& path, const DecodeRequest& request,
                    const FrameSink& sink) {
  check(path, request);
  PictureReader reader(path);
  Display display(reader);
  cv::Size size(request.width, request.height);
  cv::Rect kept;  // of what is converted
  if (size.empty()) {
    size = cv::Size(std::max(2, display.size().width), std::max(2, display.size().height));
    kept = cv::Rect(0, 0, size.width / 2 * 2, size.height / 2 * 2);
  }
  const std::int64_t first = request.first;
  const std::int64_t last =
      request.count.has_value()
          ? first + std::min(*request.count, std::numeric_limits<std::int64_t>::max() - first)
          : std::numeric_limits<std::int64_t>::max();
  if (first == last) return 0;
  constexpr std::int64_t kFarthest = std::int64_t{1} << 31;  // beyond any file
  if (first > kFarthest) return 0;
  reader.skip_to(Rational{first * request.fps.den, request.fps.num}.reduced());

  std::int64_t delivered = 0;
  std::optional<Picture> shown = reader.next();
  while (shown) {
    std::optional<Picture> following = reader.next();
    const FrameSpan span =
        frames_shown(shown->start, following ? following->start : shown->stop, request.fps);
    const std::int64_t begin = std::max(span.begin, first);
    const std::int64_t end = std::min(span.end, last);
    if (begin < end) {
      cv::Mat rgb = display.rgb(*shown->frame, size);
      if (!kept.empty() && kept.size() != rgb.size()) rgb = rgb(kept).clone();
      for (std::int64_t n = begin; n < end; ++n) {
        ++delivered;
        if (!sink(n - first, rgb, n != begin)) return delivered;
      }
    }
    if (span.end >= last) break;
    shown = std::move(following);
  }
  return delivered;
}

Video read_video(const std::filesystem::path& path, const DecodeRequest& request) {
  Video video;
  video.fps = request.fps;
  decode(path, request, [&](std::int64_t, const cv::Mat& rgb, bool) {
    video.frames.push_back(rgb);
    return true;
  });
  const auto found = static_cast<std::int64_t>(video.frames.size());
  if (request.count && found < *request.count) {
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: ends too early: {} frames from frame {} at {:.6g} frames a second "
                    "were wanted, {} are there",
                    printable(path), *request.count, request.first, request.fps.value(), found));
  }
  return video;
}

Video read_video(const std::filesystem::path& path) {
  PictureReader reader(path);
  return read_all(reader);
}

Video read_video_bytes(const std::string& bytes) {
  PictureReader reader(bytes, "a video in memory");
  return read_all(reader);
}

Video read_lossless(const std::filesystem::path& path) {
  PictureReader reader(path);
  if (!rate_of_lossless(reader.demuxer().format())) {
    reader.demuxer().fail("is not a lossless intermediate of ditto");
  }
  return read_all(reader);
}

cv::Mat read_image(const std::filesystem::path& path) {
  // From memory: by its name alone, "frame%03d.png" would be a pattern of file names.
  const std::string bytes = read_file(path);
  PictureReader reader(bytes, printable(path));
  Display display(reader);
  return display.rgb(reader.first(), display.size());
}

cv::Mat read_image_with_alpha(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  PictureReader reader(bytes, printable(path));
  const AVFrame& coded = reader.first();
  const cv::Size size = Display(reader).size();  // refuses what is too large
  if (coded.width * coded.height > kLargestPicture)
    reader.demuxer().fail(fmt::format("{}x{} is too large", size.width, size.height));
  const std::string name = reader.demuxer().name();
  ScalerSide from;
  from.width = coded.width;
  from.height = coded.height;
  from.format = coded.format;
  from.matrix = SWS_CS_ITU601;
  from.full_range = true;
  ScalerSide to = from;
  to.format = AV_PIX_FMT_RGBA;
  const ff::Scaler scaler = make_scaler(from, to, name);
  const ff::Frame rgba = make_picture(coded.width, coded.height, AV_PIX_FMT_RGBA);
  run_scaler(*scaler, coded, *rgba, name);
  return cv::Mat(coded.height, coded.width, CV_8UC4, rgba->data[0],
                 static_cast<std::size_t>(rgba->linesize[0]))
      .clone();
}

}  // namespace ditto::media
