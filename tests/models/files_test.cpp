#include <gtest/gtest.h>

#include <filesystem>

#include "ditto/models/model.h"
#include "ditto/nn/runtime.h"
#include "ditto/nn/safetensors.h"

namespace ditto::models {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = DITTO_FIXTURES;

Tensors read(const fs::path& path, const std::string& prefix = "") {
  const nn::SafetensorsFile file(path);
  Tensors tensors;
  for (const auto& [name, info] : file.header().tensors) {
    tensors[prefix + name] = file.tensor(name);
  }
  return tensors;
}

/// What an entry makes of a fixture's inputs.
at::Tensor result(const fs::path& weights, const std::string& entry, const fs::path& inputs) {
  const Model model = load_model(find_model(weights, entry), {});
  for (const Entry& one : model.entries) {
    if (one.name != entry) continue;
    return run_entry(one, {read(inputs)}, at::kCPU).tensors.begin()->second;
  }
  throw std::logic_error("no such entry");
}

class FilesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { nn::set_up_torch(); }
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ditto-files-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(FilesTest, PartsOfAFileAreModels) {
  const fs::path vace = kFixtures / "single-file-vace", vae = kFixtures / "original-vae",
                 text = kFixtures / "umt5";
  Tensors all = read(vace / "wan.safetensors");  // has its prefix
  all.merge(read(vae / "wan_vae.safetensors", "vae."));
  all.merge(read(text / "model.safetensors", "text_encoders.umt5xxl.transformer."));
  const fs::path file = folder_ / "all.safetensors";
  nn::write_safetensors(file, all);
  const auto part = [&](const std::string& name) { return file.string() + "#" + name; };
  EXPECT_TRUE(
      result(part("transformer"), "forward", vace / "in-forward.safetensors")
          .equal(result(vace / "wan.safetensors", "forward", vace / "in-forward.safetensors")));
  EXPECT_TRUE(
      result(part("vae"), "encode", vae / "in-encode.safetensors")
          .equal(result(vae / "wan_vae.safetensors", "encode", vae / "in-encode.safetensors")));
  // Without a config.json the text encoder's buckets end at the published distance, as its own do.
  EXPECT_TRUE(result(part("text_encoder"), "forward", text / "in-long.safetensors")
                  .equal(result(text, "forward", text / "in-long.safetensors")));
  EXPECT_THROW(find_model(file), Error);
  EXPECT_THROW(find_model(part("clip")), Error);
  EXPECT_THROW(find_model((vae / "wan_vae.safetensors").string() + "#vae"), Error);
}

TEST_F(FilesTest, AModuleOfVaceAndItsBaseAreOneModel) {
  const fs::path vace = kFixtures / "single-file-vace";
  Tensors base, module;
  for (auto& [name, tensor] : read(vace / "wan.safetensors")) {
    const std::string bare = name.substr(std::string("model.diffusion_model.").size());
    (bare.starts_with("vace_") ? module : base)[bare] = tensor;
  }
  ASSERT_FALSE(module.empty());
  nn::write_safetensors(folder_ / "t2v.safetensors", base);
  nn::write_safetensors(folder_ / "vace_module.safetensors", module);
  EXPECT_TRUE(
      result(folder_, "forward", vace / "in-forward.safetensors")
          .equal(result(vace / "wan.safetensors", "forward", vace / "in-forward.safetensors")));
  EXPECT_THROW(find_model(folder_ / "vace_module.safetensors"), Error);
}

}  // namespace
}  // namespace ditto::models
