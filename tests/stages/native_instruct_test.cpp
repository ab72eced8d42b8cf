#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ditto/core/error.h"
#include "ditto/nn/runtime.h"
#include "ditto/stages/instruct.h"
#include "stages/moving_scene.h"
#include "stages/native/prompts.h"
#include "stages/tiny_agent.h"

namespace ditto::stages {
namespace {

namespace fs = std::filesystem;

config::Instruct tiny() {
  auto config = with_tiny_agent<config::Instruct>();
  config.attempts = 1;
  return config;
}

std::string problem_of(const config::Instruct& config) {
  try {
    make_instructor(config);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    return error.what();
  }
  return "";
}

/// All that a clip's instructions are, in one text.
std::string text_of(const Instructions& made) {
  std::string text = made.caption;
  for (const Instruction& one : made.list) text += "\n" + to_json(one).dump();
  for (const InstructionDrop& drop : made.drops) text += "\n" + to_json(drop).dump();
  return text;
}

class NativeInstruct : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { nn::set_up_torch(); }

  static Instructions run(const Clip& clip, std::uint64_t seed = 1) {
    return make_instructor(tiny())->instruct(clip, {.count = 2},
                                             Stream(seed, "scene_000000", "instruct"));
  }
};

TEST_F(NativeInstruct, ACaptionAndProposalsFromClipAndStream) {
  const Clip clip = moving_scene({64, 48}, 8, true);
  const Instructions made = run(clip);
  EXPECT_FALSE(made.caption.empty());
  // Random weights write no English: what they propose is dropped, and on record.
  EXPECT_GE(made.list.size() + made.drops.size(), 2U);
  for (const InstructionDrop& drop : made.drops) EXPECT_FALSE(drop.fault.empty());
  EXPECT_EQ(text_of(made), text_of(run(clip)));
  EXPECT_NE(text_of(made), text_of(run(clip, 2)));
  EXPECT_EQ(made.caption, run(clip, 2).caption);
  EXPECT_NE(made.caption, run(moving_scene({48, 64}, 8, false)).caption);
}

TEST_F(NativeInstruct, PromptsAreAPartOfWhatItIs) {
  const fs::path folder = fs::path(::testing::TempDir()) / "prompts";
  fs::remove_all(folder);
  fs::copy(DITTO_SOURCE_DIR "/configs/prompts/instruct", folder);
  config::Instruct config = tiny();
  const std::string embedded = make_instructor(config)->id().weights_digest;
  config.prompts = folder.string();
  EXPECT_EQ(make_instructor(config)->id().weights_digest, embedded);
  std::ofstream(folder / "caption.txt", std::ios::app) << "\nBe brief.";
  EXPECT_NE(make_instructor(config)->id().weights_digest, embedded);
  std::ofstream(folder / "caption.txt") << "Describe {everything}.";
  EXPECT_NE(problem_of(config).find("caption.txt has {everything}"), std::string::npos);
  fs::remove(folder / "local_add.txt");
  std::ofstream(folder / "caption.txt") << "Describe it.";
  EXPECT_NE(problem_of(config).find("local_add.txt doesn't exist"), std::string::npos);
}

TEST_F(NativeInstruct, PlacesOfPromptsAreFilledOnce) {
  const fs::path folder = fs::path(::testing::TempDir()) / "filled";
  fs::create_directories(folder);
  std::ofstream(folder / "one.txt") << "\n{a}{b}, {\"c\": {a}}\n";
  const Prompts prompts("x", "x.prompts", folder.string(), {{"one", {"a", "b"}}});
  EXPECT_EQ(prompts.text("one", {{"a", "{b}"}, {"b", "2"}}), "{b}2, {\"c\": {b}}");
}

TEST_F(NativeInstruct, FaultsOfTheConfigComeOutAtOnce) {
  EXPECT_EQ(problem_of(tiny()), "");
  config::Instruct config = tiny();
  config.weights = "";
  EXPECT_NE(problem_of(config).find("instruct.weights: "), std::string::npos);
  config.weights = "/none/at/all";
  EXPECT_NE(problem_of(config).find("/none/at/all"), std::string::npos);
  config.weights = DITTO_SOURCE_DIR "/tests/reference/fixtures/vace";
  EXPECT_NE(problem_of(config).find("Qwen2_5_VLForConditionalGeneration is needed"),
            std::string::npos);
  config.weights = DITTO_SOURCE_DIR "/tests/reference/fixtures/qwen2_5_vl-hub";
  EXPECT_NE(problem_of(config).find("has no tokenizer"), std::string::npos);
}

TEST_F(NativeInstruct, DamagedWeightsAreAFaultOfTheConfigToo) {
  const fs::path folder = fs::path(::testing::TempDir()) / "damaged";
  fs::remove_all(folder);
  fs::copy(tiny().weights, folder);
  fs::resize_file(folder / "model.safetensors", 1000);
  config::Instruct config = tiny();
  config.weights = folder.string();
  EXPECT_NE(problem_of(config).find("instruct.weights: "), std::string::npos);
}

}  // namespace
}  // namespace ditto::stages
