#include "ditto/config/load.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::config {
namespace {

namespace fs = std::filesystem;

std::string problems_of(const std::string& text, const Overrides& overrides = {}) {
  try {
    parse(text, "c.json", overrides);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

std::string problems_of_set(const std::string& set) {
  return problems_of("{}", {.set = {set}, .inputs = {}, .output = {}});
}

Config with_set(const std::vector<std::string>& set) {
  return parse("{}", "c.json", {.set = set, .inputs = {}, .output = {}});
}

TEST(Load, AnEmptyObjectIsTheDefaults) {
  EXPECT_EQ(to_json(parse("{}", "c.json", {})), to_json(Config{}));
}

TEST(Load, ReadsValuesAmongComments) {
  const Config config = parse(R"(// profile
    { "clip": { "fps": 29.97, /* NTSC */ "frames": 81.0 },
      "sources": { "input": ["a", "b"] }, // two
      "run": {"seed": 9007199254740991} })",
                              "c.json", {});
  EXPECT_DOUBLE_EQ(config.clip.fps, 29.97);
  EXPECT_EQ(config.clip.frames, 81);
  EXPECT_EQ(config.sources.input, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.run.seed, 9007199254740991u);
}

TEST(Load, SyntaxErrorsHaveLineAndColumn) {
  EXPECT_EQ(problems_of("{\n  \"clip\": {\n    \"é\" 20\n  }\n}").substr(0, 12), "c.json:3:9: ");
  EXPECT_NE(problems_of("{\"clip\": {\"fps\": 20,}}").find("c.json:1:21: unexpected '}'"),
            std::string::npos);
  EXPECT_NE(problems_of("{\"clip\": {\"fps\": 20,}}").find("comma"), std::string::npos);
  EXPECT_NE(problems_of("{'clip': {}}").find("double quotes"), std::string::npos);
  EXPECT_NE(problems_of("").find("c.json:1:1: "), std::string::npos);
  EXPECT_NE(problems_of("{\"clip\": {\"fps\": \"\xff\"}}").find("UTF-8"), std::string::npos);
  EXPECT_NE(problems_of("{} {}").find("c.json:1:4: "), std::string::npos);
}

TEST(Load, NumbersThatArentFiniteAreRefused) {
  for (const char* value : {"NaN", "Infinity", "-Infinity", "nan"}) {
    const std::string text = problems_of(std::string("{\"clip\": {\"fps\": ") + value + "}}");
    EXPECT_NE(text.find("NaN and Infinity are no JSON numbers"), std::string::npos) << text;
  }
  EXPECT_NE(problems_of("{\"clip\": {\"fps\": 1e999}}").find("1e999"), std::string::npos);
  EXPECT_NE(problems_of_set("clip.fps=nan").find("found \"nan\""), std::string::npos);
  EXPECT_NE(problems_of_set("clip.fps=1e999").find("expected a number"), std::string::npos);
}

TEST(Load, TheTopLevelIsAnObjectOfObjects) {
  EXPECT_EQ(problems_of("[]"), "c.json: expected an object of sections, found array");
  EXPECT_EQ(problems_of("{\"clip\": 20}"), "c.json: clip: expected an object of keys, found 20");
}

TEST(Load, UnknownNamesGetTheNearestValidOne) {
  EXPECT_NE(problems_of(R"({"clips": {}})").find("c.json: clips: expected a section"),
            std::string::npos);
  EXPECT_NE(problems_of(R"({"clips": {}})").find("; did you mean clip?"), std::string::npos);
  EXPECT_EQ(problems_of(R"({"clip": {"frame": 49}})"),
            "c.json: clip.frame: expected a key of this section, found an unknown one; did you "
            "mean clip.frames?");
  EXPECT_NE(problems_of(R"({"clip": {"max_upscale": 3}})").find("did you mean curate.max_upscale?"),
            std::string::npos);
  EXPECT_NE(problems_of(R"({"clip": {"max_upscal": 3}})").find("did you mean curate.max_upscale?"),
            std::string::npos);
  EXPECT_NE(problems_of(R"({"seed": 3})").find("did you mean run.seed?"), std::string::npos);
  EXPECT_EQ(problems_of(R"({"clip": {"xyzzy": 1}})").find("did you mean"), std::string::npos);
}

TEST(Load, WrongTypesAndValuesSayWhatWasExpected) {
  EXPECT_EQ(problems_of(R"({"clip": {"frames": "49"}})"),
            "c.json: clip.frames: expected a whole number from 5 to 1001, found \"49\"");
  EXPECT_EQ(problems_of(R"({"clip": {"frames": 49.5}})"),
            "c.json: clip.frames: expected a whole number from 5 to 1001, found 49.5");
  EXPECT_EQ(problems_of(R"({"clip": {"fps": 0}})"),
            "c.json: clip.fps: expected a number from 1 to 120, found 0");
  EXPECT_EQ(problems_of(R"({"clip": {"fps": true}})"),
            "c.json: clip.fps: expected a number from 1 to 120, found true");
  EXPECT_EQ(problems_of(R"({"run": {"seed": -1}})"),
            "c.json: run.seed: expected a whole number from 0 to 9007199254740991, found -1");
  EXPECT_NE(problems_of(R"({"run": {"seed": 9007199254740993}})"), "");
  EXPECT_NE(problems_of(R"({"run": {"seed": 18446744073709551616}})"), "");
  EXPECT_EQ(problems_of(R"({"sources": {"input": "videos"}})"),
            "c.json: sources.input: expected a list of texts, found \"videos\"; did you mean "
            "[\"videos\"]?");
  EXPECT_NE(problems_of(R"({"sources": {"input": ["a", 1]}})"), "");
  EXPECT_NE(
      problems_of(R"({"output": {"dir": null}})").find("output.dir: expected a text, found null"),
      std::string::npos);
  EXPECT_NE(problems_of(R"({"output": {"dir": "a\u0000b"}})"), "");
  EXPECT_NE(
      problems_of(R"({"run": {"deadline": "soon"}})").find("run.deadline: expected a duration"),
      std::string::npos);
  EXPECT_NE(problems_of(R"({"run": {"cpu": "natve"}})").find("; did you mean native?"),
            std::string::npos);
}

TEST(Load, SizesAreEven) {
  EXPECT_EQ(problems_of(R"({"clip": {"width": 833}})"),
            "c.json: clip.width: expected an even whole number from 32 to 4096, found 833");
  EXPECT_EQ(problems_of(R"({"clip": {"height": 481}})").substr(0, 20), "c.json: clip.height:");
}

TEST(Load, ThePapersStackIsToldApartFromATypingError) {
  const std::string text = problems_of(R"({"curate": {"backend": "native"}})");
  EXPECT_NE(text.find("c.json: curate.backend: "), std::string::npos);
  EXPECT_NE(text.find("not in this build, which has only builtin for the curate stage"),
            std::string::npos)
      << text;
}

TEST(Load, DuplicateKeysAreReported) {
  EXPECT_EQ(problems_of(R"({"clip": {"fps": 20, "fps": 24}})"),
            "c.json: clip.fps: expected each key once, found it again");
  EXPECT_EQ(problems_of(R"({"clip": {}, "run": {}, "clip": {}})"),
            "c.json: clip: expected each key once, found it again");
}

TEST(Load, AllProblemsAtOnce) {
  const std::string text =
      problems_of(R"({"clip": {"fps": 0, "width": 1, "frmes": 3}, "runn": {}})",
                  {.set = {"edit.strength=9", "nonsense"}, .inputs = {}, .output = {}});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5) << text;
  EXPECT_NE(text.find("--set: edit.strength: expected a number from 0.1 to 2, found 9"),
            std::string::npos)
      << text;
}

TEST(Load, ProblemsOfOverridesAreReportedBesideSyntaxErrors) {
  const std::string text = problems_of("{", {.set = {"clip.fps=0"}, .inputs = {}, .output = {}});
  EXPECT_NE(text.find("c.json:1:2: "), std::string::npos) << text;
  EXPECT_NE(text.find("--set: clip.fps: "), std::string::npos) << text;
}

TEST(Load, LongAndOddValuesAreShownShort) {
  const std::string text =
      problems_of("{\"clip\": {\"fps\": \"" + std::string(10000, 'x') + "\"}}");
  EXPECT_LT(text.size(), 300u);
  EXPECT_NE(problems_of_set("clip.fps=\xff"), "");
}

TEST(Set, ReadsJsonAndText) {
  const Config config =
      with_set({"clip.fps=24", "output.dir=2024", "run.cpu=native", "sources.input=videos",
                "sources.extensions=[\"mp4\",\"avi\"]", "sources.instructions=\"a b\""});
  EXPECT_DOUBLE_EQ(config.clip.fps, 24);
  EXPECT_EQ(config.output.dir, "2024");
  EXPECT_EQ(config.run.cpu, "native");
  EXPECT_EQ(config.sources.input, std::vector<std::string>{"videos"});
  EXPECT_EQ(config.sources.extensions, (std::vector<std::string>{"mp4", "avi"}));
  EXPECT_EQ(config.sources.instructions, "a b");
  EXPECT_EQ(with_set({"output.dir=true"}).output.dir, "true");
  EXPECT_EQ(with_set({"output.dir=a=b"}).output.dir, "a=b");
  EXPECT_EQ(with_set({"output.dir="}).output.dir, "");
  EXPECT_EQ(with_set({"clip.frames=9", "clip.frames=13"}).clip.frames, 13);
}

TEST(Set, WrongSyntaxIsExplained) {
  for (const char* set : {"clip.fps", "fps=24", "=", "", "clip=1.5"}) {
    EXPECT_NE(problems_of_set(set).find("--set: expected SECTION.KEY=VALUE"), std::string::npos)
        << set;
  }
  EXPECT_NE(problems_of_set("clip.fsp=24").find("did you mean clip.fps?"), std::string::npos);
  EXPECT_NE(problems_of_set("clp.fps=24").find("did you mean clip?"), std::string::npos);
  EXPECT_NE(problems_of_set("clip.fps=").find("found \"\""), std::string::npos);
}

TEST(Overrides, InputAndOutputReplaceTheFilesValues) {
  const Config config = parse(R"({"sources": {"input": ["a"]}, "output": {"dir": "b"}})", "c.json",
                              {.set = {"output.dir=c"}, .inputs = {"x", "y"}, .output = "z"});
  EXPECT_EQ(config.sources.input, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(config.output.dir, "z");
}

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ =
        fs::path(::testing::TempDir()) /
        ("config_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(dir_);
    fs::create_directories(dir_ / "sub");
  }
  void TearDown() override { fs::remove_all(dir_); }
  void write(const std::string& name, const std::string& text) { write_file(dir_ / name, text); }
  std::string problems(const std::string& name) {
    try {
      load(dir_ / name, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path dir_;
};

TEST_F(FileTest, AMissingFileAndAFolderAreNamed) {
  EXPECT_EQ(problems("none.json"), (dir_ / "none.json").string() + ": No such file or directory");
  EXPECT_NE(problems("sub").find("found a directory"), std::string::npos);
}

TEST_F(FileTest, ExtendsTakesTheBasesValuesWhereTheFileSaysNothing) {
  write("base.json",
        R"({"clip": {"fps": 24, "frames": 9}, "sources": {"extensions": ["mp4", "avi"]}})");
  write("sub/middle.json", R"({"extends": "../base.json", "clip": {"frames": 13}})");
  write("top.json", R"({"sources": {"extensions": ["mkv"]}, "extends": "sub/middle.json"})");
  const Config config = load(dir_ / "top.json", {});
  EXPECT_DOUBLE_EQ(config.clip.fps, 24);
  EXPECT_EQ(config.clip.frames, 13);
  EXPECT_EQ(config.sources.extensions, std::vector<std::string>{"mkv"});
}

TEST_F(FileTest, ProblemsNameTheFileThatHasThem) {
  write("base.json", R"({"clip": {"fps": 0}})");
  write("top.json", R"({"extends": "base.json", "clip": {"frames": 1}})");
  const std::string text = problems("top.json");
  EXPECT_NE(text.find("base.json: clip.fps: "), std::string::npos) << text;
  EXPECT_NE(text.find("top.json: clip.frames: "), std::string::npos) << text;
}

TEST_F(FileTest, ExtendsEndsInAClearError) {
  write("a.json", R"({"extends": "sub/b.json"})");
  write("sub/b.json", R"({"extends": "../a.json"})");
  write("self.json", R"({"extends": "./sub/../self.json"})");
  write("none.json", R"({"extends": "nothing.json"})");
  write("number.json", R"({"extends": 1})");
  EXPECT_NE(problems("a.json").find("doesn't lead back"), std::string::npos);
  EXPECT_NE(problems("self.json").find("doesn't lead back"), std::string::npos);
  EXPECT_NE(problems("none.json").find("nothing.json: No such file"), std::string::npos)
      << problems("none.json");
  EXPECT_NE(problems("number.json").find("extends: expected the name"), std::string::npos);
}

TEST(Profiles, AreValid) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(DITTO_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() != ".json") continue;
    EXPECT_NO_THROW(load(entry.path(), {})) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 1u);
}

TEST(Profiles, BuiltinShowsTheDefaults) {
  EXPECT_EQ(fingerprint(load(fs::path(DITTO_SOURCE_DIR) / "configs/builtin.json", {})),
            fingerprint(Config{}));
}

}  // namespace
}  // namespace ditto::config
