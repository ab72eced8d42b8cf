#include "ditto/models/vace_generator.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "ditto/models/checkpoints.h"
#include "ditto/models/model.h"
#include "ditto/nn/runtime.h"
#include "models/resample.h"

namespace ditto::models {
namespace {

namespace fs = std::filesystem;

const fs::path kPipelines = DITTO_FIXTURES;

VaceOptions tiny() {
  VaceOptions options;
  options.weights = kPipelines / "pipeline-vace";
  options.steps = 3;
  options.guidance = 2;
  options.dtype = "float32";
  return options;
}

at::Tensor noise(std::int64_t count, std::int64_t height, std::int64_t width, std::int64_t seed) {
  const at::Tensor position = at::arange(count * height * width * 3, at::kLong) * (2 * seed + 7919);
  return position.remainder(251).to(at::kByte).reshape({count, height, width, 3});
}

Pictures pictures_of(const at::Tensor& frames) {
  const auto* begin = frames.const_data_ptr<std::uint8_t>();
  return {frames.size(0), frames.size(1), frames.size(2), {begin, begin + frames.numel()}};
}

VaceRequest request_of(const at::Tensor& control, const at::Tensor& reference) {
  VaceRequest request;
  request.control = pictures_of(control);
  request.references = {pictures_of(reference)};
  request.prompt = "a slow river turns to gold";
  request.negative_prompt = "the old bridge";
  request.seed = 11;
  return request;
}

/// The entry `pipeline`, whose agreement with the reference is tested elsewhere.
std::vector<std::uint8_t> by_entry(const at::Tensor& control, const at::Tensor& reference,
                                   nlohmann::json arguments,
                                   const std::string& pipeline = "pipeline-vace") {
  const Model model = load_model(find_model(kPipelines / pipeline), {});
  Values values;
  values.tensors = {{"video", control}, {"reference_images", reference}};
  arguments.update({{"prompt", "a slow river turns to gold"},
                    {"height", control.size(1)},
                    {"width", control.size(2)},
                    {"seed", 11}});
  values.arguments = std::move(arguments);
  const Values results = run_entry(model.entries.front(), std::move(values), at::kCPU);
  const at::Tensor frames =
      (results.tensors.at("frames")[0] * 255).round().to(at::kByte).contiguous();
  return pictures_of(frames).rgb;
}

class VaceGeneratorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { nn::set_up_torch(); }
};

TEST_F(VaceGeneratorTest, DoesWhatThePipelinesEntryDoes) {
  const at::Tensor control = noise(5, 16, 32, 1), reference = noise(1, 16, 32, 2);
  VaceGenerator generator(tiny());
  const Pictures frames = generator.generate(request_of(control, reference));
  ASSERT_EQ(frames.count, 5);
  EXPECT_EQ(frames.rgb, by_entry(control, reference,
                                 {{"negative_prompt", "the old bridge"},
                                  {"num_inference_steps", 3},
                                  {"guidance_scale", 2}}));
  // And again, with networks that are there already.
  EXPECT_EQ(generator.generate(request_of(control, reference)).rgb, frames.rgb);
}

TEST_F(VaceGeneratorTest, TakesARecipe) {
  const at::Tensor control = noise(5, 16, 16, 3), reference = noise(1, 16, 16, 4);
  VaceOptions options = tiny();
  options.recipe = "causvid-3";
  options.steps = 0;
  options.guidance = 0;
  options.control_scale = 0.5;
  options.keep_loaded = false;
  VaceGenerator generator(options);
  EXPECT_EQ(generator.generate(request_of(control, reference)).rgb,
            by_entry(control, reference, {{"preset", "causvid-3"}, {"conditioning_scale", 0.5}}));
  options.steps = 4;
  EXPECT_THROW(VaceGenerator{options}, Error);
  options.steps = 0;
  options.guidance = 3;
  EXPECT_THROW(VaceGenerator{options}, Error);
}

TEST_F(VaceGeneratorTest, TwoExpertsEachWithItsLora) {
  const at::Tensor control = noise(5, 16, 16, 13), reference = noise(1, 16, 16, 14);
  const fs::path folder = kPipelines / "pipeline-vace-experts";
  const std::string both = folder / "lora-both.safetensors",
                    high = folder / "lora-high.safetensors", low = folder / "lora-low.safetensors";
  const auto expected = [&](const nlohmann::json& first, const nlohmann::json& second) {
    nlohmann::json arguments = {
        {"negative_prompt", "the old bridge"}, {"num_inference_steps", 3}, {"guidance_scale", 2}};
    if (!first.empty()) arguments.update({{"lora", first}, {"lora_scale", 0.5}});
    if (!second.empty()) arguments.update({{"lora_2", second}, {"lora_2_scale", 0.5}});
    return by_entry(control, reference, arguments, "pipeline-vace-experts");
  };
  VaceOptions options = tiny();
  options.weights = folder;
  std::set<std::string> digests;
  const auto found = [&] {
    VaceGenerator generator(options);
    EXPECT_TRUE(digests.insert(generator.digest()).second);
    return generator.generate(request_of(control, reference)).rgb;
  };
  EXPECT_EQ(found(), expected({}, {}));
  options.lora = {{both, 0.5}};
  EXPECT_EQ(found(), expected({both}, {both}));
  options.lora_high = {{high, 0.5}};
  EXPECT_EQ(found(), expected({both, high}, {both}));
  options.lora_low = {{low, 0.5}};
  EXPECT_EQ(found(), expected({both, high}, {both, low}));
  options.lora = {};
  EXPECT_EQ(found(), expected({high}, {low}));
  // What is of one expert isn't of the other.
  std::swap(options.lora_high, options.lora_low);
  EXPECT_EQ(found(), expected({low}, {high}));
}

TEST_F(VaceGeneratorTest, KeepsNumberAndSizeOfTheFrames) {
  // 7 frames become 9, 21 x 40 pixels 16 x 32.
  const at::Tensor control = noise(7, 21, 40, 5), reference = noise(1, 21, 40, 6);
  VaceGenerator generator(tiny());
  const Pictures frames = generator.generate(request_of(control, reference));
  EXPECT_EQ(frames.count, 7);
  EXPECT_EQ(frames.height, 21);
  EXPECT_EQ(frames.width, 40);
  // As when they had been fitted before.
  const at::Tensor filled = at::cat({control, control.narrow(0, 6, 1), control.narrow(0, 6, 1)});
  const Pictures fitted = generator.generate(
      request_of(resample_lanczos(filled, 16, 32), resample_lanczos(reference, 16, 32)));
  const at::Tensor wanted = resample_lanczos(
      at::from_blob(const_cast<std::uint8_t*>(fitted.rgb.data()), {9, 16, 32, 3}, at::kByte), 21,
      40);
  EXPECT_EQ(frames.rgb, pictures_of(wanted.narrow(0, 0, 7).contiguous()).rgb);
}

TEST_F(VaceGeneratorTest, EveryInputCounts) {
  const at::Tensor control = noise(5, 16, 16, 7), reference = noise(1, 16, 16, 8);
  VaceGenerator generator(tiny());
  const VaceRequest request = request_of(control, reference);
  const std::vector<std::uint8_t> frames = generator.generate(request).rgb;
  VaceRequest other = request;
  other.seed = 12;
  EXPECT_NE(generator.generate(other).rgb, frames);
  other = request;
  other.prompt = "people under the bridge";
  EXPECT_NE(generator.generate(other).rgb, frames);
  other = request;
  other.negative_prompt = "gold";
  EXPECT_NE(generator.generate(other).rgb, frames);
  other = request;
  other.references = {pictures_of(noise(1, 16, 16, 9))};
  EXPECT_NE(generator.generate(other).rgb, frames);
  other = request;
  other.control = pictures_of(noise(5, 16, 16, 10));
  EXPECT_NE(generator.generate(other).rgb, frames);
}

TEST_F(VaceGeneratorTest, RefusesWhatCantWork) {
  VaceOptions options = tiny();
  options.weights = kPipelines / "pipeline-wan";  // text to video
  EXPECT_THROW(VaceGenerator{options}, Error);
  options = tiny();
  options.lora = {{kPipelines / "none.safetensors", 1.0}};
  EXPECT_THROW(VaceGenerator{options}, Error);
  options = tiny();
  options.lora_low = {{kPipelines / "pipeline-vace" / "lora.safetensors", 1.0}};  // of one expert
  EXPECT_THROW(VaceGenerator{options}, Error);
  options = tiny();
  options.lora = {{kPipelines / "vace" / "lora-peft.safetensors", 1.0}};  // another network's
  EXPECT_THROW(VaceGenerator{options}, Error);
  options = tiny();
  options.recipe = "lightx2v-5";
  EXPECT_THROW(VaceGenerator{options}, Error);
  options = tiny();
  options.device = "tpu";
  EXPECT_THROW(VaceGenerator{options}, Error);
}

/// A folder that is gone afterwards, as Hugging Face's cache.
class CheckpointsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("ditto-hub-" + std::to_string(::getpid()));
    ::setenv("HF_HUB_CACHE", (root_ / "hub").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("HF_HUB_CACHE");
    fs::remove_all(root_);
  }
  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  fs::path root_;
};

TEST_F(CheckpointsTest, NamesOnTheHubAreFoundInItsCache) {
  const fs::path folder = fs::path("hub") / "models--Some-One--a.model";
  write(folder / "refs" / "main", "0123abcd");
  write(folder / "snapshots" / "0123abcd" / "model_index.json", "{}");
  write(folder / "snapshots" / "77" / "model_index.json", "{}");
  EXPECT_EQ(find_checkpoint("Some-One/a.model"), root_ / folder / "snapshots" / "0123abcd");
  EXPECT_EQ(find_checkpoint("Some-One/a.model@77"), root_ / folder / "snapshots" / "77");
  EXPECT_EQ(find_checkpoint(root_.string()), root_);
  for (const char* name : {"Some-One/b", "Some-One/a.model@78", "a.model", "../a.model", "a/b/c",
                           "/none", "Some-One/a.model@"}) {
    EXPECT_THROW(find_checkpoint(name), Error) << name;
  }
}

TEST_F(CheckpointsTest, DigestsAreOfContents) {
  const auto copy = fs::copy_options::recursive;  // follows links
  const fs::path other = root_ / "other";
  fs::create_directories(root_);
  fs::copy(kPipelines / "pipeline-vace", other, copy);
  const std::string digest = weights_digest(kPipelines / "pipeline-vace");
  EXPECT_EQ(weights_digest(other), digest);
  // The last bytes of a tensor: they are the file's too.
  const fs::path weights = other / "transformer" / "diffusion_pytorch_model.safetensors";
  std::fstream(weights, std::ios::in | std::ios::out | std::ios::binary).seekp(-2, std::ios::end)
      << "\x3f\x3f";
  EXPECT_NE(weights_digest(other), digest);
  fs::remove_all(other / "transformer");
  fs::copy(kPipelines / "pipeline-vace" / "transformer", other / "transformer", copy);
  EXPECT_EQ(weights_digest(other), digest);
  std::ofstream(other / "scheduler" / "scheduler_config.json", std::ios::app) << " ";
  EXPECT_NE(weights_digest(other), digest);
}

}  // namespace
}  // namespace ditto::models
