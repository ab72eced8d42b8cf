#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ditto/core/error.h"
#include "ditto/media/media.h"
#include "ditto/stages/edit.h"
#include "ditto/stages/user_instructions.h"
#include "edit_pictures.h"

namespace ditto::stages {
namespace {

namespace fs = std::filesystem;

// A folder that goes when the test ends.
class Folder {
 public:
  Folder() {
    path_ = fs::path(::testing::TempDir()) /
            (std::string("ditto-objects-") +
             ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void put(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

// A green disk on nothing, whose hidden colour is red.
std::string gnome(const cv::Scalar& colour = cv::Scalar(20, 200, 40, 255)) {
  cv::Mat rgba(80, 60, CV_8UC4, cv::Scalar(255, 0, 0, 0));
  cv::circle(rgba, {30, 40}, 24, colour, cv::FILLED);
  return media::encode_png(rgba);
}

EditResult edit(const Editor& editor, const cv::Mat& picture, const std::string& text) {
  Instruction instruction;
  instruction.text = text;
  return editor.edit(picture, nullptr, instruction, Stream(1, "a", "edit"));
}

TEST(OwnObjects, AreAddedByTheirFileNames) {
  const Folder folder;
  folder.put("Garden_gnome.png", gnome());
  config::Edit config;
  config.objects = folder.path();
  const auto editor = make_editor(config);
  EXPECT_EQ(names_of(editor->own_objects()), std::vector<std::string>{"garden gnome"});
  const cv::Mat picture = disks_on_grey({});
  for (const char* text : {"Add a garden gnome.", "Please put the garden gnome on the left"}) {
    const EditResult result = edit(*editor, picture, text);
    ASSERT_EQ(result.refusal, "") << text;
    EXPECT_EQ(result.details.at("object"), "garden gnome");
    EXPECT_EQ(result.details.at("task"), "local_add");
    cv::Mat difference;
    cv::absdiff(picture, result.image, difference);
    difference.setTo(cv::Scalar::all(0), result.mask);
    EXPECT_EQ(cv::countNonZero(difference.reshape(1)), 0);
    const cv::Rect box = cv::boundingRect(result.mask);
    const cv::Vec3b p = result.image.at<cv::Vec3b>((box.tl() + box.br()) / 2);
    EXPECT_GT(p[1], 2 * p[0]);
    // Nothing of what is hidden bleeds in.
    for (int y = 0; y < picture.rows; ++y) {
      for (int x = 0; x < picture.cols; ++x) {
        const cv::Vec3b c = result.image.at<cv::Vec3b>(y, x);
        EXPECT_LE(c[0], std::max(c[1], c[2]) + 8);
      }
    }
  }
  EXPECT_EQ(edit(*make_editor({}), picture, "Add a garden gnome").image.empty(), true);
  EXPECT_NE(edit(*editor, picture, "Add a garden gnome and a dragon").refusal, "");
  // What is drawn is still drawn.
  EXPECT_EQ(edit(*editor, picture, "Add a red balloon").refusal, "");
}

TEST(OwnObjects, TheirContentIsPartOfTheBackendsIdentity) {
  const Folder folder;
  folder.put("gnome.png", gnome());
  config::Edit config;
  config.objects = folder.path();
  const std::string first = make_editor(config)->id().weights_digest;
  EXPECT_NE(first, make_editor({})->id().weights_digest);
  EXPECT_EQ(first, make_editor(config)->id().weights_digest);
  folder.put("gnome.png", gnome(cv::Scalar(20, 20, 240, 255)));
  EXPECT_NE(first, make_editor(config)->id().weights_digest);
}

TEST(OwnObjects, FaultsNameTheFile) {
  const auto fault = [](const std::string& folder) -> std::string {
    config::Edit config;
    config.objects = folder;
    try {
      make_editor(config);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const Folder folder;
  EXPECT_NE(fault(folder.path() + "/none").find("can't read the folder"), std::string::npos);
  EXPECT_NE(fault(folder.path()).find("holds no .png"), std::string::npos);
  folder.put("bad.png", "not a picture");
  EXPECT_NE(fault(folder.path()).find("bad.png"), std::string::npos);
  folder.put("bad.png", media::encode_png(cv::Mat(40, 40, CV_8UC4, cv::Scalar::all(0))));
  EXPECT_NE(fault(folder.path()).find("nothing visible"), std::string::npos);
  folder.put("bad.png", gnome());
  folder.put("BAD.png", gnome());
  EXPECT_NE(fault(folder.path()).find("two files are called \"bad\""), std::string::npos);
}

TEST(OwnObjects, InstructionsForThemHaveTheRightTask) {
  const UserInstructions user = UserInstructions::parse(
      R"({"path": "a.mp4", "text": "Add a garden gnome on the left"})", "u", {"garden gnome"});
  ClipRecord record;
  record.source_path = "a.mp4";
  const auto list = user.for_clip(record);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].task, Task::kLocalAdd);
  EXPECT_EQ(list[0].target, "garden gnome");
  EXPECT_TRUE(list[0].program.is_null());
}

}  // namespace
}  // namespace ditto::stages
