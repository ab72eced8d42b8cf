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

TEST_F(NativeInstruct, TheClipGoesThroughTheVisionTowerOnce) {
  const auto instructor = make_instructor(tiny());
  const auto model = model_of(tiny());
  const Instructions made = instructor->instruct(moving_scene({64, 48}, 8, true), {.count = 3},
                                                 Stream(1, "scene_000000", "instruct"));
  EXPECT_GE(made.list.size() + made.drops.size(), 3U);
  EXPECT_EQ(model->work().videos, 1);
  EXPECT_EQ(model->work().pictures, 0);
  EXPECT_LT(model->work().passes, model->work().drawn);
}

TEST_F(NativeInstruct, SlotsAreAPartOfWhatItIs) {
  config::Instruct config = tiny();
  const auto eight = make_instructor(config);
  config.slots = 3;
  // The network of the first is still there, with its slots.
  EXPECT_NE(problem_of(config).find("slots"), std::string::npos);
  const std::string digest = eight->id().weights_digest;
  config.weights += "/.";
  EXPECT_NE(make_instructor(config)->id().weights_digest, digest);
}

TEST_F(NativeInstruct, SaysWhatMemoryItTakes) {
  const auto instructor = make_instructor(tiny());
  const std::vector<HeldModel> held = instructor->held_models({8, 64, 48, 20});
  ASSERT_EQ(held.size(), 1U);
  EXPECT_TRUE(held[0].on_host);
  // The fixture's tensors are float32, as the config asks for.
  const auto file = fs::file_size(fs::path(tiny().weights) / "model.safetensors");
  EXPECT_LE(held[0].weight_bytes, file);
  EXPECT_GT(held[0].weight_bytes, file - file / 10);
  const std::size_t longer = instructor->held_models({80, 640, 480, 2})[0].cache_bytes;
  EXPECT_GT(longer, held[0].cache_bytes);
  config::Instruct few = tiny();
  few.weights += "/.";
  few.slots = 4;
  EXPECT_LT(make_instructor(few)->held_models({80, 640, 480, 2})[0].cache_bytes, longer);
  EXPECT_GT(instructor->working_bytes({80, 640, 480, 2}),
            instructor->working_bytes({8, 64, 48, 20}));
}

TEST_F(NativeInstruct, NetworksAreCountedOnce) {
  const HeldModel one = {"a", "cpu", "float32", true, 100, 10};
  HeldModel larger = one;
  larger.cache_bytes = 30;
  HeldModel other = one;
  other.dtype = "bfloat16";
  HeldModel device = one;
  device.device = "cuda";
  device.on_host = false;
  EXPECT_EQ(together({one, larger, other, device}).size(), 3U);
  EXPECT_EQ(host_bytes(together({one, larger, other, device})), 130U + 110U);
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
