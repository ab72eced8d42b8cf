#include <gtest/gtest.h>

#include <fstream>

#include "curate_scene.h"
#include "ditto/media/media.h"
#include "ditto/stages/face_data.h"
#include "edit_pictures.h"
#include "stages/edit/local_edits.h"
#include "stages/edit/parser.h"
#include "stages/instruct/candidates.h"
#include "stages/instruct/faces.h"
#include "stages/instruct/measure.h"
#include "stages/instruct/wording.h"

namespace ditto::stages {
namespace {

// Every eighth frame from `first` on, 640 pixels across.
Clip real_clip(const std::filesystem::path& folder, const char* name, int first, int frames,
               int height) {
  Clip clip;
  clip.id = name;
  const media::DecodeRequest request{.fps = media::probe(folder / name).fps,
                                     .first = first,
                                     .count = 8 * (frames - 1) + 1,
                                     .width = 640,
                                     .height = height};
  media::decode(folder / name, request, [&](std::int64_t i, const cv::Mat& rgb, bool) {
    if (i % 8 == 0) clip.video.frames.push_back(rgb.clone());
    return true;
  });
  clip.video.fps = request.fps;
  clip.key_frame = frames / 2;
  return clip;
}

std::vector<cv::Rect> sure_faces_of(const Clip& clip) {
  std::vector<cv::Mat> others = clip.video.frames;
  others.erase(others.begin() + clip.key_frame);
  return instructing::sure_faces(instructing::faces_in(clip.key()), others);
}

class RealFaces : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = curate::testing::real_clips();
    if (!folder) GTEST_SKIP() << "scripts/setup --clips brings the clips";
    if (!face_data().found()) GTEST_SKIP() << face_data().problem;
    folder_ = *folder;
  }
  std::filesystem::path folder_;
};

TEST_F(RealFaces, AFaceIsFoundWhereItIs) {
  const Clip clip = real_clip(folder_, "carphone_pristine.mp4", 0, 4, 522);
  const auto faces = sure_faces_of(clip);
  ASSERT_EQ(faces.size(), 1U);
  const cv::Point centre = (faces[0].tl() + faces[0].br()) / 2;
  EXPECT_NEAR(centre.x, 0.49 * 640, 26);
  EXPECT_NEAR(centre.y, 0.43 * 522, 26);

  // The clip's measure knows it, and what is added hides nobody.
  const instructing::Measurements m = instructing::measure(clip);
  EXPECT_EQ(m.faces, 1);
  Stream stream(1, "faces", "instruct");
  for (const auto& candidate : instructing::local_candidates(clip, m, 5, {}, stream)) {
    if (candidate.program.name != "add") continue;
    const editing::Spot spot =
        editing::find_spot(editing::room_of(clip.key(), &clip), candidate.program);
    EXPECT_TRUE((spot.box & faces[0]).empty()) << to_json(candidate.program).dump();
  }
}

TEST_F(RealFaces, NoneIsFoundWhereThereIsNone) {
  for (const auto& [name, first, height] :
       {std::tuple{"bikes.mp4", 192, 272}, std::tuple{"bigbuckbunny.mp4", 30, 360},
        std::tuple{"box.mp4", 150, 480}, std::tuple{"cup.mp4", 60, 480}}) {
    const Clip clip = real_clip(folder_, name, first, 1, height);
    EXPECT_TRUE(instructing::faces_in(clip.key()).empty()) << name;
  }
}

TEST(Faces, OneFramesMistakeIsNone) {
  // Frames in which nothing is found again.
  const std::vector<cv::Mat> others(4, disks_on_grey({}));
  EXPECT_TRUE(instructing::sure_faces({{100, 60, 50, 50}}, others).empty());
  EXPECT_TRUE(instructing::faces_in(cv::Mat(8, 8, CV_8UC3, cv::Scalar::all(90))).empty());
}

TEST(Faces, WithoutTheDataTheProblemIsNamed) {
  const FaceData data = read_face_data("/nowhere");
  EXPECT_FALSE(data.found());
  EXPECT_EQ(data.problem, "/nowhere/haarcascade_frontalface_alt2.xml is not there");
  EXPECT_TRUE(data.digest.empty());
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("ditto-faces-{}", static_cast<int>(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "haarcascade_frontalface_alt2.xml") << "no cascade";
  EXPECT_NE(read_face_data(folder).problem.find("no cascade that OpenCV can read"),
            std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(Faces, AreSpokenOfWhereTheyAreOnly) {
  editing::Program look;
  look.name = "watercolour";
  editing::Program addition;
  addition.name = "add";
  addition.object = "kite";
  for (const editing::Program& program : {look, addition}) {
    for (const int faces : {0, 1, 2}) {
      Stream stream(4, program.name, "instruct");
      int spoken = 0;
      for (int i = 0; i < 80; ++i) {
        const std::string text = instructing::phrase(program, {.faces = faces}, stream);
        if (text.find("face") == std::string::npos) continue;
        ++spoken;
        EXPECT_EQ(text.find("faces") != std::string::npos, faces > 1) << text;
        const editing::Parsed parsed = editing::parse_instruction(text);
        ASSERT_TRUE(parsed.program) << text << ": " << parsed.refusal;
        EXPECT_EQ(*parsed.program, program) << text;
      }
      EXPECT_EQ(spoken > 0, faces > 0) << program.name;
    }
  }
}

}  // namespace
}  // namespace ditto::stages
