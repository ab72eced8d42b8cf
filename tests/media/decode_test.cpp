#include <fstream>

#include "ditto/core/files.h"
#include "media/converter.h"
#include "media/inputs.h"
#include "media/picture_reader.h"

namespace ditto::media {
namespace {

using testing::counting;
using testing::ffmpeg;
using testing::Folder;
using testing::make_numbered;
using testing::numbers;

DecodeRequest at(Rational fps, std::int64_t first = 0, std::optional<std::int64_t> count = {}) {
  DecodeRequest request;
  request.fps = fps;
  request.first = first;
  request.count = count;
  return request;
}

TEST(Decode, GivesEveryFrameOfEveryContainer) {
  const Folder folder;
  struct Case {
    const char* name;
    const char* arguments;
  };
  for (const Case& one :
       {Case{"h264.mp4", "-c:v libx264 -bf 3"}, Case{"h264.mkv", "-c:v libx264 -bf 3"},
        Case{"h264.avi", "-c:v libx264 -bf 3"}, Case{"h264.ts", "-c:v libx264 -bf 3"},
        Case{"h264.flv", "-c:v libx264 -bf 3"}, Case{"raw.h264", "-c:v libx264 -bf 3"},
        Case{"fragmented.mp4", "-c:v libx264 -bf 3 -movflags +frag_keyframe+empty_moov -g 10"},
        Case{"hevc.mp4", "-c:v libx265 -x265-params log-level=none:bframes=4"},
        Case{"raw.hevc", "-c:v libx265 -x265-params log-level=none:bframes=4"},
        Case{"mpeg4.avi", "-c:v mpeg4 -bf 2 -q:v 2"}, Case{"packed.mp4", "-c:v mpeg4 -bf 2 -q:v 2"},
        Case{"mpeg2.mpg", "-c:v mpeg2video -bf 2 -q:v 2"}, Case{"vp8.webm", "-c:v libvpx -b:v 1M"},
        Case{"vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 1M"},
        Case{"mjpeg.avi", "-c:v mjpeg -q:v 2"}, Case{"ffv1.mkv", "-c:v ffv1"},
        Case{"theora.ogv", "-c:v libtheora -q:v 8"}, Case{"image.gif", ""},
        Case{"prores.mov", "-c:v prores_ks"}}) {
    SCOPED_TRACE(one.name);
    make_numbered(folder / one.name, 50, "25", one.arguments);
    EXPECT_EQ(numbers(folder / one.name, at({25, 1})), counting(0, 50));
  }
}

TEST(Decode, RecoversNtscRatesFromEveryClock) {
  const Folder folder;
  for (const char* name : {"v.mp4", "v.mkv", "v.ts", "v.flv", "v.avi", "v.h264"}) {
    for (const Rational rate :
         {Rational{30000, 1001}, Rational{24000, 1001}, Rational{30, 1}, Rational{60, 1}}) {
      SCOPED_TRACE(fmt::format("{} at {}/{}", name, rate.num, rate.den));
      make_numbered(folder / name, 60, fmt::format("{}/{}", rate.num, rate.den),
                    "-c:v libx264 -preset ultrafast -bf 2 -threads 1");
      EXPECT_EQ(numbers(folder / name, at(rate)), counting(0, 60));
    }
  }
}

// Pictures 0 1 4 9 10 11 20 of 30 a second, at their own times.
const std::vector<int> kKept{0, 1, 4, 9, 10, 11, 20};
void make_variable(const std::filesystem::path& path, const std::string& arguments) {
  make_numbered(path, 30, "30",
                "-vf \"select='eq(n,0)+eq(n,1)+eq(n,4)+eq(n,9)+eq(n,10)+eq(n,11)+eq(n,20)'\" "
                "-fps_mode vfr " +
                    arguments);
}
std::vector<int> variable_at(Rational fps, int source_frames) {
  std::vector<int> expected;
  // The last picture whose start k / 30 is not after n / fps.
  for (std::int64_t n = 0; n * fps.den * 30 < source_frames * fps.num; ++n) {
    int shown = 0;
    for (const int k : kKept) {
      if (k * fps.num <= n * fps.den * 30) shown = k;
    }
    expected.push_back(shown);
  }
  return expected;
}

TEST(Decode, ShowsTheRightPictureAtVariableRates) {
  const Folder folder;
  for (const char* name : {"v.mp4", "v.mkv"}) {
    make_variable(folder / name, "-c:v libx264 -bf 2");
    for (const Rational fps : {Rational{30, 1}, Rational{25, 1}, Rational{16, 1}, Rational{60, 1},
                               Rational{24000, 1001}, Rational{7, 1}}) {
      SCOPED_TRACE(fmt::format("{} at {}/{}", name, fps.num, fps.den));
      std::vector<int> found = numbers(folder / name, at(fps));
      // How long the last picture stays is the container's business.
      ASSERT_GE(found.size(), variable_at(fps, 20).size());
      found.resize(variable_at(fps, 20).size());
      EXPECT_EQ(found, variable_at(fps, 20));
    }
  }
}

TEST(Decode, ChangesTheRate) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 60, "30", "-c:v libx264");
  EXPECT_EQ(numbers(folder / "v.mp4", at({15, 1})).size(), 30u);
  EXPECT_EQ(numbers(folder / "v.mp4", at({10, 1}, 0, 4)), (std::vector<int>{0, 3, 6, 9}));
  EXPECT_EQ(numbers(folder / "v.mp4", at({60, 1}, 0, 5)), (std::vector<int>{0, 0, 1, 1, 2}));
  EXPECT_EQ(numbers(folder / "v.mp4", at({16, 1})).size(), 32u);
  // Frame n is at n / 16 s: picture floor(n * 30 / 16).
  EXPECT_EQ(numbers(folder / "v.mp4", at({16, 1}, 0, 6)), (std::vector<int>{0, 1, 3, 5, 7, 9}));
}

TEST(Decode, StartsTheClockAtTheFirstPicture) {
  const Folder folder;
  make_numbered(folder / "plain.mp4", 30, "25", "-c:v libx264 -bf 2");
  // An audio track that begins earlier, and one that begins later.
  ffmpeg("-f lavfi -i sine=d=2 -itsoffset 0.7 -i " + testing::quoted(folder / "plain.mp4") +
             " -map 1:v -map 0:a -c:v copy -c:a aac",
         folder / "late.mp4");
  ffmpeg(
      "-i " + testing::quoted(folder / "plain.mp4") + " -c copy -output_ts_offset 1000 -muxdelay 0",
      folder / "late.ts");
  ffmpeg("-i " + testing::quoted(folder / "plain.mp4") +
             " -c copy -output_ts_offset -0.5 -avoid_negative_ts disabled",
         folder / "negative.mkv");
  for (const char* name : {"late.mp4", "late.ts", "negative.mkv"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(numbers(folder / name, at({25, 1})), counting(0, 30));
  }
}

TEST(Decode, HonoursEditLists) {
  const Folder folder;
  make_numbered(folder / "whole.mp4", 50, "25", "-c:v libx264 -bf 2 -g 50");
  // Cut by an edit list: the packets before are there but not shown.
  ffmpeg("-ss 0.4 -i " + testing::quoted(folder / "whole.mp4") + " -c copy", folder / "cut.mp4");
  EXPECT_EQ(numbers(folder / "cut.mp4", at({25, 1})), counting(10, 40));
}

TEST(Decode, EndsEarlyWhenToldTo) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 30, "25", "-c:v libx264");
  int calls = 0;
  EXPECT_EQ(decode(folder / "v.mp4", at({25, 1}),
                   [&](std::int64_t, const cv::Mat&, bool) { return ++calls < 7; }),
            7);
  EXPECT_EQ(calls, 7);
  EXPECT_EQ(decode(folder / "v.mp4", at({25, 1}, 3, 0),
                   [&](std::int64_t, const cv::Mat&, bool) { return true; }),
            0);
}

TEST(Decode, TellsHowManyFramesThereAre) {
  const Folder folder;
  make_numbered(folder / "v.mp4", 30, "25", "-c:v libx264");
  EXPECT_EQ(numbers(folder / "v.mp4", at({25, 1}, 25, 100)), counting(25, 5));
  EXPECT_EQ(numbers(folder / "v.mp4", at({25, 1}, 30)), std::vector<int>{});
  EXPECT_EQ(numbers(folder / "v.mp4", at({25, 1}, 5000)), std::vector<int>{});
  const std::string message =
      testing::input_error([&] { read_video(folder / "v.mp4", at({25, 1}, 25, 100)); });
  EXPECT_NE(message.find("100 frames from frame 25"), std::string::npos) << message;
  EXPECT_NE(message.find("5 are there"), std::string::npos) << message;
  EXPECT_EQ(read_video(folder / "v.mp4", at({25, 1}, 25, 5)).frames.size(), 5u);
}

TEST(Decode, OnePictureIsOneFrame) {
  const Folder folder;
  for (const char* name : {"v.mp4", "v.mkv", "v.avi", "v.ts", "v.h264"}) {
    SCOPED_TRACE(name);
    make_numbered(folder / name, 1, "25", "-c:v libx264");
    EXPECT_EQ(numbers(folder / name, at({25, 1})), counting(0, 1));
  }
}

// The same frames must come out wherever decoding begins.
void expect_equal_from_the_middle(const std::filesystem::path& path, Rational fps,
                                  const std::vector<std::int64_t>& starts) {
  const Video whole = read_video(path, at(fps));
  for (const std::int64_t first : starts) {
    const Video part = read_video(path, at(fps, first, 3));
    for (std::size_t i = 0; i < part.frames.size(); ++i) {
      ASSERT_EQ(
          cv::norm(part.frames[i], whole.frames[static_cast<std::size_t>(first) + i], cv::NORM_INF),
          0)
          << path << " frame " << first << " + " << i;
    }
  }
}

TEST(DecodeFromTheMiddle, EqualsDecodingFromTheStart) {
  const Folder folder;
  const std::vector<std::int64_t> starts{1,  49,  50,  51,  74,  75,  76, 89,
                                         99, 100, 101, 119, 120, 121, 150};
  struct Case {
    const char* name;
    const char* arguments;
  };
  for (const Case& one : {
           Case{"closed.mp4", "-c:v libx264 -g 25 -bf 3"},
           Case{"open.mp4", "-c:v libx264 -g 25 -bf 3 -x264-params open-gop=1:b-pyramid=normal"},
           Case{"open.mkv", "-c:v libx264 -g 25 -bf 3 -x264-params open-gop=1"},
           Case{"refresh.mp4", "-c:v libx264 -g 25 -bf 0 -x264-params intra-refresh=1"},
           Case{"one_key.mp4", "-c:v libx264 -g 1000 -bf 3 -sc_threshold 0"},
           Case{"hevc.mp4",
                "-c:v libx265 -g 25 -x265-params "
                "log-level=none:open-gop=1:bframes=4:keyint=25"},
           Case{"mpeg2.mkv", "-c:v mpeg2video -g 12 -bf 2"},
           Case{"mpeg4.mp4", "-c:v mpeg4 -g 25 -bf 2"},
           Case{"vp9.webm", "-c:v libvpx-vp9 -g 25 -deadline realtime -cpu-used 8"},
           Case{"ts.ts", "-c:v libx264 -g 25 -bf 3"},
           Case{"avi.avi", "-c:v libx264 -g 25 -bf 3"},
           Case{"raw.h264", "-c:v libx264 -g 25 -bf 3"},
           Case{"interlaced.mp4",
                "-c:v libx264 -g 25 -bf 3 -flags +ildct+ilme -vf "
                "setfield=tff -x264-params tff=1"},
       }) {
    SCOPED_TRACE(one.name);
    // Moving noise, so that a wrong reference shows.
    ffmpeg(std::string("-f lavfi -i "
                       "\"mandelbrot=s=64x48:r=25:end_scale=0.01:maxiter=60\" -frames:v 160 ") +
               one.arguments,
           folder / one.name);
    expect_equal_from_the_middle(folder / one.name, {25, 1}, starts);
  }
}

TEST(DecodeFromTheMiddle, UsesTheIndexWhereItServes) {
  const Folder folder;
  const auto first_after_skipping = [&](const std::string& arguments) {
    make_numbered(folder / "v.mp4", 160, "25", "-c:v libx264 -preset ultrafast " + arguments);
    PictureReader reader(folder / "v.mp4");
    reader.skip_to(Rational{110, 25});
    return testing::number_in(
        Converter("v", {}).rgb(*reader.next()->frame, AVRational{1, 1}, {64, 48}));
  };
  EXPECT_EQ(first_after_skipping("-g 25 -bf 3"), 100);
  EXPECT_EQ(first_after_skipping("-g 25 -bf 3 -x264-params open-gop=1"), 100);
  EXPECT_EQ(first_after_skipping("-g 110 -bf 3"), 110);
  // The interlaced key picture only serves as a neighbour.
  EXPECT_EQ(first_after_skipping("-g 25 -bf 0 -flags +ildct+ilme -x264-params tff=1"), 101);
  EXPECT_EQ(first_after_skipping("-g 1000 -bf 3"), 0);
}

TEST(DecodeFromTheMiddle, KeepsTheClockOfVariableRates) {
  const Folder folder;
  for (const char* name : {"v.mp4", "v.mkv"}) {
    make_numbered(folder / name, 200, "30",
                  "-vf \"select='lt(mod(n*7,11),6)'\" -fps_mode vfr -c:v libx264 -g 20 -bf 2");
    const std::vector<int> whole = numbers(folder / name, at({24, 1}));
    for (const int first : {60, 61, 75, 100, 133}) {
      EXPECT_EQ(numbers(folder / name, at({24, 1}, first, 5)),
                std::vector<int>(whole.begin() + first, whole.begin() + first + 5))
          << name << " from " << first;
    }
  }
}

TEST(DecodeFromTheMiddle, SeeksInRealClips) {
  const std::filesystem::path clip = std::filesystem::path(DITTO_CLIPS) / "bigbuckbunny.mp4";
  if (!std::filesystem::exists(clip)) GTEST_SKIP() << "no real clips";
  DecodeRequest request = at({25, 1});
  request.width = 160;
  request.height = 96;
  const Video whole = read_video(clip, request);
  EXPECT_EQ(whole.frames.size(), 132u);
  request.first = 101;
  request.count = 20;
  const Video part = read_video(clip, request);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(cv::norm(part.frames[i], whole.frames[101 + i], cv::NORM_INF), 0);
  }
}

TEST(ReadVideo, GivesEveryPictureAtTheFilesRate) {
  const Folder folder;
  make_numbered(folder / "v.mkv", 30, "24000/1001", "-c:v libx264 -bf 2");
  const Video video = read_video(folder / "v.mkv");
  EXPECT_EQ(video.fps, (Rational{24000, 1001}));
  ASSERT_EQ(video.frames.size(), 30u);
  EXPECT_EQ(testing::number_in(video.frames[29]), 29);
}

}  // namespace
}  // namespace ditto::media
