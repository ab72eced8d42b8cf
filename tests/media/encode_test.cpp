#include "ditto/core/files.h"
#include "media/inputs.h"

namespace ditto::media {
namespace {

using testing::Folder;

cv::Mat noise(cv::Size size, int seed) {
  cv::Mat frame(size, CV_8UC3);
  cv::RNG rng(static_cast<std::uint64_t>(seed));
  rng.fill(frame, cv::RNG::UNIFORM, 0, 256);
  return frame;
}

Video noise_video(cv::Size size, int frames, Rational fps) {
  Video video;
  video.fps = fps;
  for (int i = 0; i < frames; ++i) video.frames.push_back(noise(size, i + 1));
  return video;
}

void expect_equal(const Video& a, const Video& b) {
  ASSERT_EQ(a.frames.size(), b.frames.size());
  EXPECT_EQ(a.fps, b.fps);
  for (std::size_t i = 0; i < a.frames.size(); ++i) {
    ASSERT_EQ(a.frames[i].size(), b.frames[i].size());
    EXPECT_EQ(cv::norm(a.frames[i], b.frames[i], cv::NORM_INF), 0) << "frame " << i;
  }
}

TEST(EncodeLossless, ReturnsEveryBitAtAnySize) {
  const Folder folder;
  for (const cv::Size size : {cv::Size(64, 48), cv::Size(1, 1), cv::Size(17, 31), cv::Size(2, 2),
                              cv::Size(3, 1), cv::Size(1, 5), cv::Size(333, 201)}) {
    SCOPED_TRACE(fmt::format("{}x{}", size.width, size.height));
    const Video video = noise_video(size, 5, Rational{25, 1});
    write_file(folder / "v.mkv", encode_lossless(video));
    expect_equal(read_lossless(folder / "v.mkv"), video);
  }
}

TEST(EncodeLossless, ReturnsPicturesThatDoNotCompressOrAreFlat) {
  const Folder folder;
  for (int width = 1; width <= 40; width += 3) {
    SCOPED_TRACE(width);
    Video video = noise_video({width, 41 - width}, 20, Rational{25, 1});
    for (const int level : {0, 1, 255}) {
      video.frames.emplace_back(video.size(), CV_8UC3, cv::Scalar::all(level));
    }
    write_file(folder / "v.mkv", encode_lossless(video));
    expect_equal(read_lossless(folder / "v.mkv"), video);
  }
}

TEST(EncodeLossless, KeepsTheExactRate) {
  const Folder folder;
  for (const Rational fps : {Rational{30000, 1001}, Rational{24000, 1001}, Rational{16, 1},
                             Rational{12345, 1000}, Rational{1, 3}, Rational{240, 1}}) {
    SCOPED_TRACE(fmt::format("{}/{}", fps.num, fps.den));
    const Video video = testing::numbered_video(3, fps);
    write_file(folder / "v.mkv", encode_lossless(video));
    expect_equal(read_lossless(folder / "v.mkv"), video);
    expect_equal(read_video(folder / "v.mkv"), video);
  }
}

TEST(EncodeLossless, GivesTheSameBytes) {
  const Video video = noise_video({64, 48}, 10, Rational{24, 1});
  EXPECT_EQ(encode_lossless(video), encode_lossless(video));
}

TEST(EncodeLossless, TellsForeignFilesApart) {
  const Folder folder;
  testing::make_numbered(folder / "v.mkv", 3, "25", "-c:v ffv1");
  EXPECT_NE(testing::input_error([&] { read_lossless(folder / "v.mkv"); }).find("lossless"),
            std::string::npos);
}

TEST(EncodeMp4, ComesBackInCountOrderTimeAndColour) {
  const Folder folder;
  for (const Rational fps : {Rational{16, 1}, Rational{30000, 1001}, Rational{25, 1}}) {
    const Video video = testing::numbered_video(50, fps);
    const std::string bytes = encode_mp4(video, {});
    write_file(folder / "v.mp4", bytes);
    const Video back = read_video(folder / "v.mp4");
    EXPECT_EQ(back.fps, fps);
    ASSERT_EQ(back.frames.size(), video.frames.size());
    for (std::size_t i = 0; i < back.frames.size(); ++i) {
      EXPECT_EQ(testing::number_in(back.frames[i]), static_cast<int>(i));
      EXPECT_LT(cv::norm(back.frames[i], video.frames[i], cv::NORM_L1) / (64 * 48 * 3), 2.0);
    }
    DecodeRequest request;
    request.fps = fps;
    EXPECT_EQ(testing::numbers(folder / "v.mp4", request), testing::counting(0, 50));
    expect_equal(read_video_bytes(bytes), back);
  }
}

TEST(EncodeMp4, GivesTheSameBytesForTheSameThreads) {
  const Video video = noise_video({128, 96}, 20, Rational{16, 1});
  for (const int threads : {1, 2}) {
    EncodeOptions options;
    options.threads = threads;
    EXPECT_EQ(encode_mp4(video, options), encode_mp4(video, options));
  }
}

TEST(EncodeMp4, SaysNothingAboutVersionsAndTime) {
  const std::string bytes = encode_mp4(testing::numbered_video(10, Rational{16, 1}), {});
  for (const char* word : {"x264", "Lavf", "Lavc", "Lavf"}) {
    EXPECT_EQ(bytes.find(word), std::string::npos) << word;
  }
  EXPECT_LT(bytes.find("moov"), bytes.find("mdat")) << "the index comes first";
}

TEST(EncodeMp4, IsTaggedAndStartsAtZero) {
  const Folder folder;
  write_file(folder / "v.mp4", encode_mp4(testing::numbered_video(30, Rational{16, 1}), {}));
  const std::string text = testing::output_of(
      "ffprobe -v error -select_streams v -show_entries stream=pix_fmt,color_range,color_space,"
      "color_primaries,color_transfer,start_time,nb_frames,avg_frame_rate,r_frame_rate,"
      "sample_aspect_ratio,chroma_location -of default=nw=1 " +
      testing::quoted(folder / "v.mp4"));
  for (const char* line :
       {"pix_fmt=yuv420p", "color_range=tv", "color_space=bt709", "color_primaries=bt709",
        "color_transfer=bt709", "start_time=0.000000", "nb_frames=30", "avg_frame_rate=16/1",
        "r_frame_rate=16/1", "sample_aspect_ratio=1:1", "chroma_location=left"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " is not in\n" << text;
  }
}

TEST(EncodeMp4, RefusesWhatItCannotWrite) {
  const auto message = [](const Video& video, const EncodeOptions& options) -> std::string {
    try {
      encode_mp4(video, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kFatal);
      return error.what();
    }
    return "";
  };
  const Rational fps{16, 1};
  EXPECT_NE(message(testing::numbered_video(2, fps, {17, 32}), {}).find("17x32 is odd"),
            std::string::npos);
  EXPECT_NE(message(Video{}, {}).find("no frames"), std::string::npos);
  EXPECT_NE(message(testing::numbered_video(2, Rational{0, 1}), {}).find("frame rate"),
            std::string::npos);
  EncodeOptions unknown;
  unknown.preset = "warp9";
  EXPECT_NE(message(testing::numbered_video(2, fps), unknown).find("warp9"), std::string::npos);
  Video mixed = testing::numbered_video(2, fps);
  mixed.frames.push_back(testing::numbered_frame(2, {32, 32}));
  EXPECT_NE(message(mixed, {}).find("frame 2 is 32x32"), std::string::npos);
}

TEST(EncodeMp4, WritesOneFrame) {
  const Video back = read_video_bytes(encode_mp4(testing::numbered_video(1, Rational{16, 1}), {}));
  EXPECT_EQ(back.frames.size(), 1u);
  EXPECT_EQ(back.fps, (Rational{16, 1}));
}

TEST(EncodePng, ReturnsEveryBit) {
  const Folder folder;
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(17, 31), cv::Size(64, 48)}) {
    const cv::Mat image = noise(size, 7);
    EXPECT_EQ(encode_png(image), encode_png(image));
    write_file(folder / "i%03d.png", encode_png(image));
    EXPECT_EQ(cv::norm(read_image(folder / "i%03d.png"), image, cv::NORM_INF), 0);

    cv::Mat grey;
    cv::extractChannel(image, grey, 1);
    write_file(folder / "g.png", encode_png(grey));
    cv::Mat as_rgb;
    cv::cvtColor(grey, as_rgb, cv::COLOR_GRAY2RGB);
    EXPECT_EQ(cv::norm(read_image(folder / "g.png"), as_rgb, cv::NORM_INF), 0);
  }
}

TEST(EncodePng, TakesPartOfAnImage) {
  const Folder folder;
  const cv::Mat part = noise({64, 48}, 3)(cv::Rect(5, 6, 20, 10));
  write_file(folder / "i.png", encode_png(part));
  EXPECT_EQ(cv::norm(read_image(folder / "i.png"), part, cv::NORM_INF), 0);
}

TEST(EncodeJpeg, LooksTheSame) {
  const Folder folder;
  cv::Mat image;
  cv::GaussianBlur(noise({65, 49}, 3), image, {}, 6);
  write_file(folder / "i.jpg", encode_jpeg(image, 95));
  const cv::Mat back = read_image(folder / "i.jpg");
  ASSERT_EQ(back.size(), image.size());
  EXPECT_LT(cv::norm(back, image, cv::NORM_L1) / (65 * 49 * 3), 2.0);
  EXPECT_LT(encode_jpeg(image, 30).size(), encode_jpeg(image, 95).size());
  EXPECT_EQ(encode_jpeg(image, 30), encode_jpeg(image, 30));
}

TEST(PixelHash, TellsContentApart) {
  const Video video = noise_video({16, 8}, 3, Rational{16, 1});
  Video copy = video;
  EXPECT_EQ(pixel_hash(copy), pixel_hash(video));
  copy.fps = Rational{32, 2};
  EXPECT_EQ(pixel_hash(copy), pixel_hash(video));
  copy.fps = Rational{25, 1};
  EXPECT_NE(pixel_hash(copy), pixel_hash(video));
  copy = video;
  std::swap(copy.frames[0], copy.frames[1]);
  EXPECT_NE(pixel_hash(copy), pixel_hash(video));
  EXPECT_NE(pixel_hash(cv::Mat(2, 8, CV_8UC3, cv::Scalar::all(1))),
            pixel_hash(cv::Mat(8, 2, CV_8UC3, cv::Scalar::all(1))));
}

}  // namespace
}  // namespace ditto::media
