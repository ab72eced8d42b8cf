#include <cmath>
#include <fstream>
#include <opencv2/imgproc.hpp>

#include "ditto/core/files.h"
#include "media/converter.h"
#include "media/inputs.h"

namespace ditto::media {
namespace {

using testing::ffmpeg;
using testing::Folder;

cv::Mat first_frame(const std::filesystem::path& path, cv::Size size = {}) {
  DecodeRequest request;
  request.fps = Rational{25, 1};
  request.count = 1;
  request.width = size.width;
  request.height = size.height;
  return read_video(path, request).frames.at(0);
}

// The definition of the colour spaces, apart from any library: full-range RGB to code values.
struct Matrix {
  double red;
  double blue;
};
constexpr Matrix kBt601{0.299, 0.114};
constexpr Matrix kBt709{0.2126, 0.0722};
constexpr Matrix kBt2020{0.2627, 0.0593};

std::array<int, 3> to_yuv(cv::Vec3b rgb, Matrix matrix, bool full, int bits) {
  const double r = rgb[0] / 255.0;
  const double g = rgb[1] / 255.0;
  const double b = rgb[2] / 255.0;
  const double y = matrix.red * r + (1 - matrix.red - matrix.blue) * g + matrix.blue * b;
  const double u = (b - y) / (2 * (1 - matrix.blue));
  const double v = (r - y) / (2 * (1 - matrix.red));
  const double unit = 1 << (bits - 8);
  const double most = (1 << bits) - 1;
  const auto luma = full ? y * most : (16 + 219 * y) * unit;
  const auto chroma = [&](double c) {
    return std::clamp(full ? 128 * unit + c * most : (128 + 224 * c) * unit, 0.0, most);
  };
  return {static_cast<int>(std::lround(luma)), static_cast<int>(std::lround(chroma(u))),
          static_cast<int>(std::lround(chroma(v)))};
}

const std::vector<cv::Vec3b> kColours{{255, 0, 0},     {0, 255, 0},   {0, 0, 255},
                                      {255, 255, 255}, {0, 0, 0},     {128, 128, 128},
                                      {200, 120, 60},  {20, 90, 160}, {230, 220, 20}};

// One frame of vertical bars, as planar 4:2:0 code values.
void write_bars(const std::filesystem::path& path, Matrix matrix, bool full, int bits,
                cv::Size size) {
  std::string bytes;
  for (int plane = 0; plane < 3; ++plane) {
    const int shift = plane == 0 ? 0 : 1;
    for (int y = 0; y < size.height >> shift; ++y) {
      for (int x = 0; x < size.width >> shift; ++x) {
        const auto colour = static_cast<std::size_t>(x) * kColours.size() / (size.width >> shift);
        const int value =
            to_yuv(kColours[colour], matrix, full, bits)[static_cast<std::size_t>(plane)];
        bytes += static_cast<char>(value & 255);
        if (bits > 8) bytes += static_cast<char>(value >> 8);
      }
    }
  }
  write_file(path, bytes);
}

int largest_error_in_bars(const cv::Mat& rgb) {
  int largest = 0;
  const int bars = static_cast<int>(kColours.size());
  for (int i = 0; i < bars; ++i) {
    const cv::Vec3b found = rgb.at<cv::Vec3b>(rgb.rows / 2, (2 * i + 1) * rgb.cols / (2 * bars));
    for (int c = 0; c < 3; ++c) {
      largest = std::max(largest, std::abs(found[c] - kColours[static_cast<std::size_t>(i)][c]));
    }
  }
  return largest;
}

struct ColourCase {
  Matrix matrix;
  bool full;
  int bits;
  cv::Size size;
  std::string tags;
};

TEST(Colour, FollowsMatrixRangeAndDepth) {
  const Folder folder;
  const cv::Size small(144, 64);
  const cv::Size large(1152, 720);
  const std::string bt709 = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 ";
  const std::string bt601 = "-colorspace smpte170m ";
  const std::string bt2020 = "-colorspace bt2020nc -color_primaries bt2020 ";
  for (const ColourCase& one :
       {ColourCase{kBt709, false, 8, small, bt709 + "-color_range tv"},
        ColourCase{kBt709, true, 8, small, bt709 + "-color_range pc"},
        ColourCase{kBt601, false, 8, small, bt601 + "-color_range tv"},
        ColourCase{kBt601, false, 8, large, bt601},
        ColourCase{kBt601, true, 8, large, bt601 + "-color_range pc"},
        ColourCase{kBt2020, false, 8, small, bt2020}, ColourCase{kBt601, false, 8, small, ""},
        ColourCase{kBt709, false, 8, large, ""}, ColourCase{kBt709, false, 10, small, bt709},
        ColourCase{kBt2020, false, 10, large, bt2020},
        ColourCase{kBt601, true, 10, small, bt601 + "-color_range pc"}}) {
    SCOPED_TRACE(
        fmt::format("{} bits {}x{} {}", one.bits, one.size.width, one.size.height, one.tags));
    write_bars(folder / "bars.yuv", one.matrix, one.full, one.bits, one.size);
    const std::string input =
        fmt::format("-f rawvideo -pix_fmt {} -s {}x{} {} -i {} ",
                    one.bits == 10 ? "yuv420p10le" : "yuv420p", one.size.width, one.size.height,
                    one.full ? "-color_range pc" : "", testing::quoted(folder / "bars.yuv"));
    ffmpeg(input + "-c:v libx264 -qp 0 " + one.tags, folder / "v.mp4");
    EXPECT_LE(largest_error_in_bars(first_frame(folder / "v.mp4")), one.bits == 10 ? 1 : 2);
    EXPECT_LE(largest_error_in_bars(first_frame(folder / "v.mp4", {96, 32})), 4) << "scaled";
  }
}

TEST(Colour, ReadsTenBitHevc) {
  const Folder folder;
  write_bars(folder / "bars.yuv", kBt709, false, 10, {144, 64});
  ffmpeg("-f rawvideo -pix_fmt yuv420p10le -s 144x64 -i " + testing::quoted(folder / "bars.yuv") +
             " -c:v libx265 -x265-params log-level=none:lossless=1 -colorspace bt709",
         folder / "v.mp4");
  EXPECT_LE(largest_error_in_bars(first_frame(folder / "v.mp4")), 1);
  const Probe found = probe(folder / "v.mp4");
  EXPECT_EQ(found.bit_depth, 10);
  EXPECT_EQ(found.codec, "hevc");
}

TEST(Colour, RoundsDeepGreysToNearest) {
  // Every grey of 10 bits: neutral chroma, so the answer is round((y - 64) * 255 / 876).
  const Folder folder;
  std::string bytes;
  for (int row = 0; row < 16; ++row) {
    for (int y = 64; y < 940; ++y) {
      bytes += static_cast<char>(y & 255);
      bytes += static_cast<char>(y >> 8);
    }
  }
  for (int i = 0; i < 2 * 438 * 8; ++i) bytes += std::string("\x00\x02", 2);
  write_file(folder / "grey.yuv", bytes);
  ffmpeg("-f rawvideo -pix_fmt yuv420p10le -s 876x16 -i " + testing::quoted(folder / "grey.yuv") +
             " -c:v ffv1",
         folder / "v.mkv");
  const cv::Mat rgb = first_frame(folder / "v.mkv");
  for (int x = 0; x < 876; ++x) {
    const double exact = x * 255.0 / 876.0;
    for (int row = 0; row < 16; ++row) {
      ASSERT_LE(std::abs(rgb.at<cv::Vec3b>(row, x)[1] - exact), 0.6) << "grey " << 64 + x;
      ASSERT_EQ(rgb.at<cv::Vec3b>(row, x), rgb.at<cv::Vec3b>(0, x)) << "dithered";
    }
  }
}

TEST(Colour, Mp4sOfDittoComeBack) {
  Video video;
  video.fps = Rational{16, 1};
  cv::Mat bars(64, 144, CV_8UC3);
  for (int x = 0; x < bars.cols; ++x) {
    bars.col(x).setTo(cv::Scalar(kColours[static_cast<std::size_t>(x) * kColours.size() / 144]));
  }
  video.frames = {bars, bars};
  EncodeOptions options;
  options.crf = 1;
  EXPECT_LE(largest_error_in_bars(read_video_bytes(encode_mp4(video, options)).frames[1]), 3);
}

TEST(Colour, ChromaStaysInPlace) {
  // Smooth stripes of hue: sited half a sample off, the chroma of the way there and back would be
  // nearer to a neighbour on one side than to that on the other.
  cv::Mat stripes(64, 256, CV_8UC3);
  for (int x = 0; x < stripes.cols; ++x) {
    const double wave = std::sin(x * 2 * CV_PI / 32);
    stripes.col(x).setTo(cv::Scalar(128 + 60 * wave, 128, 128 - 60 * wave));
  }
  EncodeOptions options;
  options.crf = 1;
  const Folder folder;
  write_file(folder / "v.mp4", encode_mp4(Video{{stripes}, Rational{16, 1}}, options));
  ffmpeg("-i " + testing::quoted(folder / "v.mp4") + " -pix_fmt yuv420p -f rawvideo",
         folder / "v.yuv");
  // Left siting, by an independent reading: chroma sample i lies on luma column 2 i.
  const std::string yuv = read_file(folder / "v.yuv");
  double error = 0;
  for (int i = 8; i < 120; ++i) {
    const cv::Vec3b colour = stripes.at<cv::Vec3b>(32, 2 * i);
    const int v = static_cast<unsigned char>(
        yuv[static_cast<std::size_t>(64 * 256 + 32 * 128 + 16 * 128 + i)]);
    error = std::max(error, std::abs(v - 1.0 * to_yuv(colour, kBt709, false, 8)[2]));
  }
  EXPECT_LE(error, 2);
  const cv::Mat back = read_video(folder / "v.mp4").frames.at(0);
  const cv::Rect inside(8, 8, 240, 48);
  EXPECT_LE(cv::norm(back(inside), stripes(inside), cv::NORM_INF), 5);
}

TEST(Colour, ReadsPackedGreyAndPaletteFormats) {
  const Folder folder;
  for (const char* format : {"rgb24", "bgr0", "gbrp", "rgb48le", "gbrp10le", "rgb565le"}) {
    SCOPED_TRACE(format);
    ffmpeg(fmt::format("-f lavfi -i color=c=0xC8783C:s=64x48:d=0.1,format=rgb24 -pix_fmt {} "
                       "-c:v {}",
                       format, std::string_view(format).starts_with("gbrp") ? "ffv1" : "rawvideo"),
           folder / "v.nut");
    const cv::Vec3b found = first_frame(folder / "v.nut").at<cv::Vec3b>(20, 30);
    const int allowed = std::string_view(format) == "rgb565le" ? 8 : 1;
    EXPECT_LE(cv::norm(found, cv::Vec3b(200, 120, 60), cv::NORM_INF), allowed);
  }
  // Grey is full range unless it is tagged otherwise.
  write_file(folder / "grey.raw", std::string(64 * 48, '\xC8'));
  for (const char* arguments : {"-c:v rawvideo", "-pix_fmt gray10le -c:v rawvideo",
                                "-pix_fmt gray16le -c:v rawvideo", "-c:v png"}) {
    SCOPED_TRACE(arguments);
    ffmpeg("-f rawvideo -pix_fmt gray -s 64x48 -i " + testing::quoted(folder / "grey.raw") + " " +
               arguments,
           folder / "v.nut");
    EXPECT_NEAR(first_frame(folder / "v.nut", {32, 24}).at<cv::Vec3b>(10, 10)[1], 200, 1);
  }
  // One bit a pixel, black above white.
  write_file(folder / "bits.raw",
             std::string(64 * 24 / 8, '\0') + std::string(64 * 24 / 8, '\xFF'));
  ffmpeg("-f rawvideo -pix_fmt monob -s 64x48 -i " + testing::quoted(folder / "bits.raw") +
             " -c:v rawvideo",
         folder / "v.nut");
  const cv::Mat bits = first_frame(folder / "v.nut", {32, 36});
  EXPECT_EQ(bits.at<cv::Vec3b>(5, 5)[1], 0);
  EXPECT_EQ(bits.at<cv::Vec3b>(30, 30)[1], 255);
  ffmpeg(
      "-f lavfi -i \"color=c=0xC8783C:s=64x48:d=0.1,format=rgb24,split[a][b];[a]palettegen[p];"
      "[b][p]paletteuse\" -c:v png",
      folder / "v.nut");
  EXPECT_EQ(probe(folder / "v.nut").pixel_format, "pal8");
  EXPECT_LE(cv::norm(first_frame(folder / "v.nut", {32, 32}).at<cv::Vec3b>(10, 10),
                     cv::Vec3b(200, 120, 60), cv::NORM_INF),
            2);
}

TEST(Alpha, IsFlattenedOnWhite) {
  const Folder folder;
  // Left half opaque, right half a quarter opaque (64 of 255).
  const std::string input =
      "-f lavfi -i \"color=c=0xC8783C:s=64x48:d=0.2:r=25,format=rgba,"
      "geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,32),255,64)'\" ";
  const cv::Vec3b opaque(200, 120, 60);
  cv::Vec3b faint;
  for (int c = 0; c < 3; ++c) {
    faint[c] = cv::saturate_cast<std::uint8_t>((opaque[c] * 64 + 255 * 191) / 255.0);
  }
  struct Case {
    const char* name;
    const char* arguments;
    int allowed;
  };
  for (const Case& one :
       {Case{"rle.mov", "-c:v qtrle", 0}, Case{"png.mov", "-c:v png", 0},
        Case{"image.png", "-frames:v 1", 0}, Case{"prores.mov", "-c:v prores_ks -profile:v 4", 4},
        Case{"vp9.webm", "-c:v libvpx-vp9 -pix_fmt yuva420p -lossless 1", 4},
        Case{"ffv1.mkv", "-c:v ffv1 -pix_fmt yuva444p", 4}}) {
    SCOPED_TRACE(one.name);
    ffmpeg(input + one.arguments, folder / one.name);
    const cv::Mat rgb = std::string_view(one.name) == "image.png" ? read_image(folder / one.name)
                                                                  : first_frame(folder / one.name);
    ASSERT_EQ(rgb.size(), cv::Size(64, 48));
    EXPECT_LE(cv::norm(rgb.at<cv::Vec3b>(20, 10), opaque, cv::NORM_INF), one.allowed);
    EXPECT_LE(cv::norm(rgb.at<cv::Vec3b>(20, 50), faint, cv::NORM_INF), one.allowed);
    if (std::string_view(one.name) != "image.png") {
      EXPECT_TRUE(probe(folder / one.name).has_alpha);
    }
  }
}

// Red top left, green top right, blue bottom left, white bottom right.
const std::string kCorners =
    "-f lavfi -i \"color=c=white:s=64x48:d=0.2:r=25,drawbox=0:0:32:24:red:fill,"
    "drawbox=32:0:32:24:0x00FF00:fill,drawbox=0:24:32:24:blue:fill\" ";

std::string corners(const cv::Mat& rgb) {
  std::string found;
  for (const int y : {rgb.rows / 4, rgb.rows * 3 / 4}) {
    for (const int x : {rgb.cols / 4, rgb.cols * 3 / 4}) {
      const cv::Vec3b p = rgb.at<cv::Vec3b>(y, x);
      found += p[0] > 128 && p[1] > 128 ? 'W' : p[0] > 128 ? 'R' : p[1] > 128 ? 'G' : 'B';
    }
  }
  return found;
}

TEST(Rotation, IsApplied) {
  const Folder folder;
  ffmpeg(kCorners + "-c:v libx264 -pix_fmt yuv444p -qp 0", folder / "upright.mp4");
  EXPECT_EQ(corners(first_frame(folder / "upright.mp4")), "RGBW");
  // This option of ffmpeg counts counter-clockwise; what ffmpeg itself shows is compared below.
  for (const auto& [degrees, expected] :
       std::vector<std::pair<int, std::string>>{{90, "BRWG"}, {180, "WBGR"}, {270, "GWRB"}}) {
    SCOPED_TRACE(degrees);
    ffmpeg("-i " + testing::quoted(folder / "upright.mp4") +
               fmt::format(" -c copy -metadata:s:v rotate={}", 360 - degrees),
           folder / "turned.mp4");
    const cv::Mat rgb = first_frame(folder / "turned.mp4");
    EXPECT_EQ(rgb.size(), degrees == 180 ? cv::Size(64, 48) : cv::Size(48, 64));
    EXPECT_EQ(corners(rgb), expected);
    EXPECT_EQ(corners(first_frame(folder / "turned.mp4", {40, 40})), expected);
    const Probe found = probe(folder / "turned.mp4");
    EXPECT_EQ(found.rotation, degrees);
    EXPECT_EQ(cv::Size(found.width, found.height), rgb.size());
    // What ffmpeg itself shows.
    ffmpeg("-i " + testing::quoted(folder / "turned.mp4") + " -frames:v 1", folder / "shown.png");
    EXPECT_EQ(corners(read_image(folder / "shown.png")), expected);
  }
}

TEST(Rotation, KnowsEveryMatrixAndExifTag) {
  // The eight ways to place the corners 0 1 / 2 3.
  const cv::Mat upright = (cv::Mat_<std::uint8_t>(2, 2) << 0, 1, 2, 3);
  const auto turned = [&](const Orientation& orientation) {
    cv::Mat out = orientation.transpose ? cv::Mat(upright.t()) : upright.clone();
    if (orientation.mirror_x) cv::flip(out, out, 1);
    if (orientation.mirror_y) cv::flip(out, out, 0);
    return fmt::format("{}{}{}{}", out.at<std::uint8_t>(0, 0), out.at<std::uint8_t>(0, 1),
                       out.at<std::uint8_t>(1, 0), out.at<std::uint8_t>(1, 1));
  };
  const std::vector<std::string> by_exif{"0123", "1032", "3210", "2301",
                                         "0213", "2031", "3120", "1302"};
  for (int tag = 1; tag <= 8; ++tag) {
    EXPECT_EQ(turned(orientation_of_exif(tag)), by_exif[static_cast<std::size_t>(tag - 1)]) << tag;
  }
  EXPECT_EQ(turned(orientation_of_exif(0)), "0123");
  constexpr std::int32_t kOne = 1 << 16;
  const std::array<std::int32_t, 9> clockwise{0, kOne, 0, -kOne, 0, 0, 0, 0, 1 << 30};
  EXPECT_EQ(turned(orientation_of(clockwise.data())), "2031");
  EXPECT_EQ(orientation_of(clockwise.data()).clockwise(), 90);
  const std::array<std::int32_t, 9> mirrored{-kOne, 0, 0, 0, kOne, 0, 0, 0, 1 << 30};
  EXPECT_EQ(turned(orientation_of(mirrored.data())), "1032");
  EXPECT_EQ(orientation_of(mirrored.data()).clockwise(), 0);
  EXPECT_EQ(turned(orientation_of(nullptr)), "0123");
}

TEST(SampleAspect, StretchesTheWidth) {
  const Folder folder;
  ffmpeg(kCorners + "-vf setsar=4/3 -c:v libx264", folder / "wide.mp4");
  EXPECT_EQ(first_frame(folder / "wide.mp4").size(), cv::Size(84, 48));  // 85.3, made even
  EXPECT_EQ(probe(folder / "wide.mp4").width, 85);
  ffmpeg(kCorners + "-vf setsar=1/2 -c:v libx264", folder / "narrow.mp4");
  EXPECT_EQ(first_frame(folder / "narrow.mp4").size(), cv::Size(32, 48));
  ffmpeg("-i " + testing::quoted(folder / "narrow.mp4") + " -c copy -metadata:s:v rotate=270",
         folder / "both.mp4");
  EXPECT_EQ(first_frame(folder / "both.mp4").size(), cv::Size(48, 32));
  EXPECT_EQ(corners(first_frame(folder / "both.mp4")), "BRWG");
  EXPECT_EQ(display_size(720, 576, AVRational{64, 45}, {}), cv::Size(1024, 576));
  EXPECT_EQ(display_size(720, 576, AVRational{0, 1}, {}), cv::Size(720, 576));
  EXPECT_EQ(display_size(720, 576, AVRational{1000, 1}, {}), cv::Size(720, 576));
}

TEST(Scaling, CoversAndCropsTheCentre) {
  const Folder folder;
  // White with black bars of 1/8 on the left and right: a crop to 3:4 of the width loses them.
  ffmpeg(
      "-f lavfi -i \"color=c=white:s=128x96:d=0.1:r=25,drawbox=0:0:16:96:black:fill,"
      "drawbox=112:0:16:96:black:fill\" -c:v ffv1",
      folder / "v.mkv");
  const cv::Mat square = first_frame(folder / "v.mkv", {48, 48});
  ASSERT_EQ(square.size(), cv::Size(48, 48));
  EXPECT_GT(square.at<cv::Vec3b>(24, 1)[0], 240);
  EXPECT_GT(square.at<cv::Vec3b>(24, 46)[0], 240);
  const cv::Mat wide = first_frame(folder / "v.mkv", {64, 16});
  EXPECT_LT(wide.at<cv::Vec3b>(8, 3)[0], 15);
  EXPECT_GT(wide.at<cv::Vec3b>(8, 12)[0], 240);
  EXPECT_LT(wide.at<cv::Vec3b>(8, 60)[0], 15);
  // Far more than one row would give when scaled whole.
  EXPECT_EQ(first_frame(folder / "v.mkv", {2000, 2}).size(), cv::Size(2000, 2));
}

TEST(Scaling, AveragesWhenItReduces) {
  const Folder folder;
  // A fine chequerboard becomes its mean, not a pattern.
  ffmpeg(
      "-f lavfi -i \"color=c=black:s=256x256:d=0.1:r=25,format=gray,"
      "geq=lum='255*mod(X+Y,2)'\" -c:v ffv1",
      folder / "v.mkv");
  cv::Mat mean;
  cv::Mat deviation;
  cv::meanStdDev(first_frame(folder / "v.mkv", {32, 32}), mean, deviation);
  EXPECT_NEAR(mean.at<double>(0), 127.5, 2);
  EXPECT_LT(deviation.at<double>(0), 2);
}

TEST(Size, MayBeOdd) {
  const Folder folder;
  for (const cv::Size size :
       {cv::Size(1, 1), cv::Size(17, 31), cv::Size(65, 2), cv::Size(3, 100)}) {
    SCOPED_TRACE(fmt::format("{}x{}", size.width, size.height));
    // A list of pictures, as ffmpeg's own sources don't make one of a single pixel.
    cv::Mat pixels(size, CV_8UC3, cv::Scalar(200, 120, 60));
    const std::size_t bytes = pixels.total() * pixels.elemSize();
    write_file(folder / "v.raw", std::string(reinterpret_cast<const char*>(pixels.data), bytes));
    ffmpeg(fmt::format("-f rawvideo -pix_fmt rgb24 -s {}x{} -i {} -c:v png", size.width,
                       size.height, testing::quoted(folder / "v.raw")),
           folder / "v.mkv");
    EXPECT_EQ(probe(folder / "v.mkv").width, size.width);
    const cv::Mat even = first_frame(folder / "v.mkv");
    EXPECT_EQ(even.size(),
              cv::Size(std::max(2, size.width / 2 * 2), std::max(2, size.height / 2 * 2)));
    for (const cv::Mat& rgb : {even, first_frame(folder / "v.mkv", {16, 10}),
                               read_video(folder / "v.mkv").frames.at(0)}) {
      EXPECT_LE(cv::norm(rgb.at<cv::Vec3b>(0, 0), cv::Vec3b(200, 120, 60), cv::NORM_INF), 3);
      EXPECT_LE(cv::norm(rgb.at<cv::Vec3b>(rgb.rows - 1, rgb.cols - 1), cv::Vec3b(200, 120, 60),
                         cv::NORM_INF),
                3);
    }
    EXPECT_EQ(read_video(folder / "v.mkv").size(), size);
  }
  ffmpeg("-f lavfi -i color=c=0xC8783C:s=17x31:d=0.2:r=25 -c:v ffv1 -pix_fmt yuv420p",
         folder / "v.mkv");
  EXPECT_LE(cv::norm(first_frame(folder / "v.mkv").at<cv::Vec3b>(29, 15), cv::Vec3b(200, 120, 60),
                     cv::NORM_INF),
            3);
}

TEST(Size, MayChangeInTheMiddle) {
  const Folder folder;
  ffmpeg("-f lavfi -i color=red:s=64x48:d=0.4:r=25 -c:v libx264 -pix_fmt yuv420p -f h264",
         folder / "a");
  ffmpeg("-f lavfi -i color=blue:s=96x96:d=0.4:r=25 -c:v libx264 -pix_fmt yuv444p -f h264",
         folder / "b");
  write_file(folder / "ab.h264", read_file(folder / "a") + read_file(folder / "b"));
  DecodeRequest request;
  request.fps = Rational{25, 1};
  const Video video = read_video(folder / "ab.h264", request);
  ASSERT_EQ(video.frames.size(), 20u);
  for (const cv::Mat& frame : video.frames) EXPECT_EQ(frame.size(), cv::Size(64, 48));
  EXPECT_GT(video.frames[0].at<cv::Vec3b>(20, 20)[0], 240);
  EXPECT_GT(video.frames[19].at<cv::Vec3b>(20, 20)[2], 240);
}

TEST(Interlaced, BecomesProgressiveFrameByFrame) {
  const Folder folder;
  // A bar that moves 4 pixels a field; interleaved fields comb at its edges.
  ffmpeg(
      "-f lavfi -i \"color=black:s=128x64:r=50:d=1[a];color=white:s=16x64:r=50:d=1[b];"
      "[a][b]overlay=x=4*n-16:y=0,tinterlace=interleave_top,fieldorder=tff\" -c:v libx264 -qp 0 "
      "-flags +ildct+ilme -x264-params tff=1",
      folder / "v.mp4");
  EXPECT_TRUE(probe(folder / "v.mp4").interlaced);
  DecodeRequest request;
  request.fps = Rational{25, 1};
  const Video video = read_video(folder / "v.mp4", request);
  ASSERT_EQ(video.frames.size(), 25u);
  // Rows beside each other agree, where interleaved fields differ by the full swing.
  const cv::Mat& frame = video.frames[8];
  cv::Mat even(frame.rows / 2, frame.cols, CV_8UC3);
  cv::Mat odd = even.clone();
  for (int y = 0; y < even.rows; ++y) {
    frame.row(2 * y).copyTo(even.row(y));
    frame.row(2 * y + 1).copyTo(odd.row(y));
  }
  EXPECT_LT(cv::norm(even, odd, cv::NORM_L1) / (even.total() * 3.0), 2.0);
  EXPECT_GT(cv::mean(frame)[0], 10) << "the bar is in the picture";
}

TEST(Interlaced, MixesWithProgressive) {
  const Folder folder;
  testing::make_numbered(folder / "p.h264", 10, "25", "-c:v libx264 -qp 0 -f h264");
  testing::make_numbered(folder / "i.h264", 10, "25",
                         "-c:v libx264 -qp 0 -flags +ildct+ilme -x264-params tff=1 -f h264");
  write_file(folder / "v.h264", read_file(folder / "p.h264") + read_file(folder / "i.h264") +
                                    read_file(folder / "p.h264"));
  std::vector<int> expected;
  for (int i = 0; i < 30; ++i) expected.push_back(i % 10);
  DecodeRequest request;
  request.fps = Rational{25, 1};
  EXPECT_EQ(testing::numbers(folder / "v.h264", request), expected);
}

}  // namespace
}  // namespace ditto::media
