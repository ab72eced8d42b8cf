#include <gtest/gtest.h>

#include "ditto/stages/edit.h"
#include "edit_pictures.h"
#include "stages/edit/filters.h"
#include "stages/edit/lexicon.h"
#include "stages/edit/looks.h"
#include "stages/edit/program.h"

namespace ditto::stages {
namespace {

cv::Mat busy_picture() {
  cv::Mat picture = landscape();
  cv::circle(picture, {80, 150}, 34, kRedPaint, cv::FILLED, cv::LINE_AA);
  cv::circle(picture, {330, 160}, 26, cv::Scalar(236, 196, 40), cv::FILLED, cv::LINE_AA);
  return picture;
}

Instruction with_program(const nlohmann::json& program) {
  Instruction instruction;
  instruction.program = program;
  return instruction;
}

nlohmann::json program_of(const editing::Look& look, double strength = 1) {
  editing::Program program;
  program.name = look.name;
  program.strength = strength;
  if (look.has_colour) program.colour = "purple";
  return to_json(program);
}

double change(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / (3.0 * 255 * static_cast<double>(a.total()));
}

// Correlation of the blurred edges of two pictures.
double shared_structure(const cv::Mat& a, const cv::Mat& b) {
  const auto edges = [](const cv::Mat& m) {
    return editing::blurred(editing::edge_strength(editing::luma_of(editing::to_float(m)), 1.5), 3);
  };
  cv::Mat x = edges(a);
  cv::Mat y = edges(b);
  x -= cv::mean(x)[0];
  y -= cv::mean(y)[0];
  return x.dot(y) / std::sqrt(x.dot(x) * y.dot(y) + 1e-12);
}

TEST(Looks, EachChangesThePictureVisiblyAndKeepsItsStructure) {
  const cv::Mat picture = busy_picture();
  const auto editor = make_editor({});
  ASSERT_GE(editing::looks().size(), 40U);
  std::set<std::string_view> names;
  for (const editing::Look& look : editing::looks()) {
    SCOPED_TRACE(std::string(look.name));
    EXPECT_TRUE(names.insert(look.name).second);
    const EditResult result =
        editor->edit(picture, nullptr, with_program(program_of(look)), Stream(1, "a", "edit"));
    ASSERT_EQ(result.refusal, "");
    ASSERT_EQ(result.image.size(), picture.size());
    ASSERT_EQ(result.image.type(), CV_8UC3);
    EXPECT_TRUE(result.mask.empty());
    EXPECT_GT(change(picture, result.image), 0.02);
    if (!look.anchored) {
      EXPECT_GT(shared_structure(picture, result.image), 0.3);
    }
    EXPECT_EQ(result.details.at("program"), look.name);
  }
}

TEST(Looks, EachHasWords) {
  for (const editing::Look& look : editing::looks()) {
    SCOPED_TRACE(std::string(look.name));
    const editing::LookWords& words = editing::words_of(look.name);
    EXPECT_GE(words.keys.size(), 1U);
    EXPECT_GE(words.nouns.size(), 2U);
    EXPECT_GE(words.clauses.size(), 4U);
  }
}

TEST(Looks, TheInputIsNotWrittenAndTheResultIsRepeatable) {
  const cv::Mat picture = busy_picture();
  const cv::Mat before = picture.clone();
  const auto editor = make_editor({});
  for (const editing::Look& look : editing::looks()) {
    const Instruction instruction = with_program(program_of(look));
    const EditResult first = editor->edit(picture, nullptr, instruction, Stream(1, "a", "edit"));
    const EditResult second = editor->edit(picture, nullptr, instruction, Stream(1, "a", "edit"));
    EXPECT_EQ(cv::norm(first.image, second.image, cv::NORM_INF), 0) << look.name;
    EXPECT_EQ(cv::norm(picture, before, cv::NORM_INF), 0) << look.name;
  }
}

TEST(Looks, StrengthComesFromTheProgramTheConfigAndTheStream) {
  const cv::Mat picture = busy_picture();
  const auto plain = make_editor({});
  config::Edit weak_config;
  weak_config.strength = 0.5;
  const auto weak = make_editor(weak_config);
  const Instruction night = with_program({{"program", "night"}});
  const EditResult full = plain->edit(picture, nullptr, night, Stream(1, "a", "edit"));
  const EditResult half = weak->edit(picture, nullptr, night, Stream(1, "a", "edit"));
  EXPECT_LT(change(picture, half.image), 0.75 * change(picture, full.image));
  EXPECT_NEAR(half.details.at("applied_strength").get<double>(),
              0.5 * full.details.at("applied_strength").get<double>(), 2e-4);
  const EditResult other = plain->edit(picture, nullptr, night, Stream(1, "b", "edit"));
  EXPECT_NE(other.details.at("applied_strength"), full.details.at("applied_strength"));
}

TEST(Looks, EachGrowsWithItsStrength) {
  cv::Mat picture;
  cv::resize(busy_picture(), picture, {}, 0.5, 0.5, cv::INTER_AREA);
  const auto editor = make_editor({});
  for (const editing::Look& look : editing::looks()) {
    SCOPED_TRACE(std::string(look.name));
    std::vector<double> changes;
    for (const double strength : {0.4, 0.7, 1.0, 1.3}) {
      const EditResult result = editor->edit(
          picture, nullptr, with_program(program_of(look, strength)), Stream(1, "a", "edit"));
      changes.push_back(change(picture, result.image));
    }
    EXPECT_LT(changes[0], 0.85 * changes[1]);
    EXPECT_LT(changes[1], 0.97 * changes[2]);
    EXPECT_GT(changes[3], 1.02 * changes[2]);
  }
}

// More fog hides more; it doesn't turn light into dark.
TEST(Looks, StrongFogHidesWhatIsThere) {
  cv::Mat picture(240, 416, CV_8UC3, cv::Scalar(200, 200, 200));
  cv::rectangle(picture, {150, 20, 120, 120}, cv::Scalar(60, 60, 60), cv::FILLED);
  const auto editor = make_editor({});
  double last = 255;
  for (const double strength : {0.7, 1.0, 1.3}) {
    const EditResult result =
        editor->edit(picture, nullptr, with_program({{"program", "fog"}, {"strength", strength}}),
                     Stream(1, "a", "edit"));
    const double contrast = cv::mean(result.image(cv::Rect(60, 40, 60, 80)))[0] -
                            cv::mean(result.image(cv::Rect(180, 40, 60, 80)))[0];
    EXPECT_GT(contrast, 0) << strength;
    EXPECT_LT(contrast, last) << strength;
    last = contrast;
  }
}

// Flow and pixel networks can carry only what depends on the neighbourhood.
TEST(Looks, ProposedStylesDependOnTheNeighbourhoodOnly) {
  const cv::Mat picture = busy_picture();
  cv::Mat altered = picture.clone();
  altered(cv::Rect(350, 180, 66, 60)).setTo(cv::Scalar(20, 20, 20));
  const cv::Rect far(0, 0, 160, 100);
  for (const editing::Look& look : editing::looks()) {
    if (look.anchored || look.task != Task::kGlobalStyle) continue;
    const auto run = [&](const cv::Mat& p) {
      return editing::to_bytes(look.apply(editing::to_float(p), {1.0, "blue"}));
    };
    EXPECT_LE(cv::norm(run(picture)(far), run(altered)(far), cv::NORM_INF), 1) << look.name;
  }
}

// A thing before a white wall gets no bright rim, and the wall none either.
TEST(Looks, LocalContrastDrawsNoRimsAlongContours) {
  cv::Mat picture(240, 416, CV_32FC3, cv::Scalar::all(0.9));
  picture(cv::Rect(150, 80, 120, 160)).setTo(cv::Scalar::all(0.25));
  const cv::Mat clear = editing::clarity(picture, 20, 0.7);
  cv::Mat difference;
  cv::absdiff(clear, picture, difference);
  double most = 0;
  cv::minMaxLoc(editing::luma_of(difference), nullptr, &most);
  EXPECT_LT(most, 0.1);
  // Fine detail is made stronger all the same.
  cv::Mat fine = picture.clone();
  for (int x = 0; x < fine.cols; x += 4) fine.colRange(x, x + 2) += cv::Scalar::all(0.04);
  const cv::Mat clearer = editing::clarity(fine, 20, 0.7);
  EXPECT_GT(clearer.at<cv::Vec3f>(30, 40)[0] - clearer.at<cv::Vec3f>(30, 42)[0], 1.5 * 0.04);
}

TEST(Programs, AreCheckedWithAReason) {
  const cv::Mat picture = busy_picture();
  const auto editor = make_editor({});
  const std::pair<nlohmann::json, const char*> wrong[] = {
      {{{"program", "nigth"}}, "unknown program \"nigth\""},
      {{{"program", "night"}, {"colour", "red"}}, "takes no colour"},
      {{{"program", "duotone"}}, "needs a colour"},
      {{{"program", "night"}, {"stregth", 1}}, "unknown key \"stregth\""},
      {{{"program", "night"}, {"strength", 9}}, "strength"},
      {{{"program", "recolour"}, {"colour", "blue"}}, "needs a target"},
      {{{"program", "add"}, {"object", "dragon"}}, "dragon"},
      {{{"program", "remove"}, {"target", {{"kind", "sky"}}}}, "can't remove"},
      {nlohmann::json::array(), "expected an object"},
  };
  for (const auto& [program, reason] : wrong) {
    const EditResult result =
        editor->edit(picture, nullptr, with_program(program), Stream(1, "a", "edit"));
    EXPECT_TRUE(result.image.empty());
    EXPECT_NE(result.refusal.find(reason), std::string::npos) << program << " " << result.refusal;
  }
}

}  // namespace
}  // namespace ditto::stages
