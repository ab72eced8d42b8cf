#include <sys/stat.h>

#include "ditto/core/files.h"
#include "media/inputs.h"

namespace ditto::media {
namespace {

using testing::ffmpeg;
using testing::Folder;
using testing::input_error;
using testing::make_numbered;

DecodeRequest at_25() {
  DecodeRequest request;
  request.fps = Rational{25, 1};
  return request;
}

std::int64_t count(const std::filesystem::path& path) {
  return decode(path, at_25(), [](std::int64_t, const cv::Mat&, bool) { return true; });
}

std::size_t open_files() {
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++files;
  }
  return files;
}

// Every way to use an unusable file: all say which file and why.
void expect_unusable(const std::filesystem::path& path, const std::string& reason) {
  SCOPED_TRACE(path);
  for (const std::string& message :
       {input_error([&] { count(path); }), input_error([&] { read_video(path); })}) {
    EXPECT_NE(message.find(printable(path)), std::string::npos) << message;
    EXPECT_NE(message.find(reason), std::string::npos) << message;
  }
}

TEST(Unusable, IsRefusedWithTheReason) {
  const Folder folder;
  const std::size_t files = open_files();
  expect_unusable(folder / "missing.mp4", "No such file");
  expect_unusable(folder / "", "not a regular file");
  mkfifo((folder / "pipe.mp4").c_str(), 0600);
  expect_unusable(folder / "pipe.mp4", "not a regular file");
  write_file(folder / "empty.mp4", "");
  expect_unusable(folder / "empty.mp4", "not a video file");
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "This is a text file, whatever its name says.\n";
  for (const char* name : {"text.mp4", "text.mkv", "text.avi", "text.txt"}) {
    write_file(folder / name, text);
    expect_unusable(folder / name, "not a video file");
  }
  write_file(folder / "zeros.mp4", std::string(100000, '\0'));
  expect_unusable(folder / "zeros.mp4", "");

  ffmpeg("-f lavfi -i sine=d=0.5 -c:a aac", folder / "sound.mp4");
  expect_unusable(folder / "sound.mp4", "has no video stream");
  ffmpeg(
      "-f lavfi -i sine=d=0.5 -f lavfi -i color=red:s=32x32:d=0.04 -map 0 -map 1 -c:a mp3 "
      "-c:v png -disposition:v attached_pic",
      folder / "cover.mp3");
  expect_unusable(folder / "cover.mp3", "has no video stream");
  EXPECT_EQ(open_files(), files) << "descriptors leak";
}

TEST(Unusable, PlaylistsAreNotFollowed) {
  const Folder folder;
  make_numbered(folder / "v.ts", 5, "25", "-c:v libx264");
  write_file(folder / "list.m3u8",
             "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nv.ts\n#EXT-X-ENDLIST\n");
  expect_unusable(folder / "list.m3u8", "not a video file");
  write_file(folder / "list.mp4", "ffconcat version 1.0\nfile v.ts\n");
  expect_unusable(folder / "list.mp4", "not a video file");
}

TEST(Unusable, HugePicturesAreRefused) {
  const Folder folder;
  // A tiny file that declares a picture of 20000 x 20000.
  ffmpeg("-f lavfi -i color=red:s=64x48:d=0.04 -frames:v 1 -c:v png", folder / "i.png");
  std::string png = read_file(folder / "i.png");
  png.replace(16, 8, std::string("\0\0\x4e\x20\0\0\x4e\x20", 8));
  write_file(folder / "huge.png", png);
  const std::string message = input_error([&] { read_image(folder / "huge.png"); });
  EXPECT_NE(message.find("huge.png"), std::string::npos) << message;
  // A container that declares it.
  ffmpeg("-f lavfi -i color=red:s=64x48:d=0.2 -c:v rawvideo -pix_fmt yuv420p", folder / "v.avi");
  std::string avi = read_file(folder / "v.avi");
  const std::size_t header = avi.find("strf");
  avi.replace(header + 12, 8, std::string("\x20\x4e\0\0\x20\x4e\0\0", 8));
  write_file(folder / "huge.avi", avi);
  expect_unusable(folder / "huge.avi", "20000x20000");
}

std::vector<int> numbers_in_damaged(const std::filesystem::path& path) {
  std::vector<int> found;
  decode(path, at_25(), [&](std::int64_t, const cv::Mat& rgb, bool) {
    found.push_back(testing::number_in(rgb));
    return true;
  });
  return found;
}

TEST(Damaged, IsReadUpToTheDamage) {
  const Folder folder;
  const std::size_t files = open_files();
  make_numbered(folder / "last.mp4", 50, "25", "-vf noise=alls=20:allf=t -c:v libx264 -bf 2 -g 10",
                {128, 96});
  make_numbered(folder / "first.mp4", 50, "25",
                "-vf noise=alls=20:allf=t -c:v libx264 -bf 2 -g 10 -movflags +faststart",
                {128, 96});
  make_numbered(folder / "v.mkv", 50, "25", "-vf noise=alls=20:allf=t -c:v libx264 -bf 2 -g 10",
                {128, 96});
  make_numbered(folder / "v.ts", 50, "25", "-vf noise=alls=20:allf=t -c:v libx264 -bf 2 -g 10",
                {128, 96});

  const auto half = [&](const std::string& name) {
    const std::string bytes = read_file(folder / name);
    write_file(folder / ("half_" + name), bytes.substr(0, bytes.size() / 2));
    return folder / ("half_" + name);
  };
  expect_unusable(half("last.mp4"), "its header is missing or damaged");
  for (const char* name : {"first.mp4", "v.mkv", "v.ts"}) {
    SCOPED_TRACE(name);
    const std::vector<int> found = numbers_in_damaged(half(name));
    EXPECT_GT(found.size(), 10u);
    EXPECT_LT(found.size(), 48u);
    // What is there is right.
    EXPECT_EQ(std::vector<int>(found.begin(), found.begin() + 10), testing::counting(0, 10));
  }
  EXPECT_EQ(open_files(), files) << "descriptors leak";
}

TEST(Damaged, GoesOnAfterABadPacket) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 50, "25", "-c:v libx264 -bf 0 -g 10 -movflags +faststart",
                {128, 96});
  std::string bytes = read_file(folder / "v.mp4");
  const std::size_t data = bytes.find("mdat") + (bytes.size() - bytes.find("mdat")) / 2;
  for (std::size_t i = 0; i < 40; ++i) bytes[data + i] = static_cast<char>(i * 37);
  write_file(folder / "bad.mp4", bytes);
  const std::vector<int> found = numbers_in_damaged(folder / "bad.mp4");
  ASSERT_GE(found.size(), 45u);
  EXPECT_EQ(std::vector<int>(found.begin(), found.begin() + 10), testing::counting(0, 10));
  EXPECT_EQ(std::vector<int>(found.end() - 5, found.end()), testing::counting(45, 5));
}

TEST(Damaged, WithoutOnePictureIsAnError) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 20, "25", "-c:v libx264 -movflags +faststart", {128, 96});
  std::string bytes = read_file(folder / "v.mp4");
  for (std::size_t i = bytes.find("mdat") + 4; i < bytes.size(); ++i) bytes[i] = '\x55';
  write_file(folder / "v.mp4", bytes);
  expect_unusable(folder / "v.mp4", "no picture of it can be decoded");
}

// Not a proof, but a cheap search for crashes and hangs: bytes overwritten all over the file.
TEST(Damaged, NeverCrashes) {
  const Folder folder;
  const std::size_t files = open_files();
  for (const char* name : {"v.mp4", "v.mkv", "v.avi", "v.ts"}) {
    make_numbered(folder / name, 12, "25", "-c:v libx264 -bf 2 -preset ultrafast");
    const std::string good = read_file(folder / name);
    cv::RNG rng(1);
    for (int attempt = 0; attempt < 20; ++attempt) {
      std::string bad = good;
      for (int i = 0; i < 12; ++i) {
        bad[static_cast<std::size_t>(rng.uniform(0, static_cast<int>(bad.size())))] =
            static_cast<char>(rng.uniform(0, 256));
      }
      write_file(folder / "bad", bad);
      try {
        DecodeRequest request = at_25();
        request.count = 100;
        EXPECT_LE(decode(folder / "bad", request,
                         [](std::int64_t, const cv::Mat&, bool) { return true; }),
                  100);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
      }
    }
  }
  EXPECT_EQ(open_files(), files) << "descriptors leak";
}

TEST(Names, OfAnyBytesAreOpened) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 3, "25", "-c:v libx264");
  for (const char* name : {"http:a.mp4", "with space 'quote'.mp4", "%03d.mp4", "caf\xe9\xff.mp4",
                           "-dash.mp4", "file:x.mp4", "concat:a|b.mp4", "new\nline.mp4"}) {
    SCOPED_TRACE(name);
    std::filesystem::copy_file(folder / "v.mp4", folder / name);
    EXPECT_EQ(count(folder / name), 3);
    EXPECT_EQ(probe(folder / name).frames, 3);
  }
}

TEST(Requests, ThatMakeNoSenseAreRefused) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 3, "25", "-c:v libx264");
  const auto message = [&](const DecodeRequest& request) {
    return input_error([&] {
      decode(folder / "v.mp4", request, [](std::int64_t, const cv::Mat&, bool) { return true; });
    });
  };
  EXPECT_NE(message({}).find("0/1 frames a second"), std::string::npos);
  DecodeRequest request = at_25();
  request.first = -1;
  EXPECT_NE(message(request).find("from frame -1"), std::string::npos);
  request = at_25();
  request.width = 100;
  EXPECT_NE(message(request).find("100x0"), std::string::npos);
}

TEST(Probe, TellsWhatTheContainerTells) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 50, "30000/1001", "-c:v libx264 -pix_fmt yuv420p");
  const Probe mp4 = probe(folder / "v.mp4");
  EXPECT_NE(mp4.container.find("mp4"), std::string::npos);
  EXPECT_EQ(mp4.codec, "h264");
  EXPECT_EQ(mp4.pixel_format, "yuv420p");
  EXPECT_EQ(mp4.width, 64);
  EXPECT_EQ(mp4.height, 48);
  EXPECT_EQ(mp4.fps, (Rational{30000, 1001}));
  EXPECT_FALSE(mp4.variable_frame_rate);
  EXPECT_FALSE(mp4.interlaced);
  EXPECT_FALSE(mp4.has_alpha);
  EXPECT_FALSE(mp4.high_dynamic_range);
  EXPECT_EQ(mp4.bit_depth, 8);
  EXPECT_NEAR(mp4.duration, 50 * 1.001 / 30, 1e-3);
  EXPECT_EQ(mp4.frames, 50);

  make_numbered(folder / "variable.mp4", 60, "30",
                "-vf \"select='lt(n,30)+not(mod(n,3))'\" -fps_mode vfr -c:v libx264");
  EXPECT_TRUE(probe(folder / "variable.mp4").variable_frame_rate);

  make_numbered(folder / "v.h264", 50, "25", "-c:v libx264");
  EXPECT_EQ(probe(folder / "v.h264").duration, 0);
  EXPECT_EQ(probe(folder / "v.h264").frames, 0);

  ffmpeg(
      "-f lavfi -i color=red:s=64x48:d=0.2 -c:v libx265 -x265-params log-level=none -pix_fmt "
      "yuv420p10le -color_trc smpte2084 -color_primaries bt2020 -colorspace bt2020nc",
      folder / "hdr.mp4");
  EXPECT_TRUE(probe(folder / "hdr.mp4").high_dynamic_range);
}

TEST(Versions, NameTheLibraries) {
  EXPECT_NE(versions().find("libavcodec 5"), std::string::npos) << versions();
}

}  // namespace
}  // namespace ditto::media
