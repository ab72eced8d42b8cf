#include "ditto/nn/checkpoint.h"

#include "nn/temporary.h"

namespace ditto::nn {
namespace {

constexpr const char* kIndex = "model.safetensors.index.json";

class CheckpointTest : public FolderTest {
 protected:
  void shard(const std::string& name, const std::map<std::string, at::Tensor>& tensors) const {
    write_safetensors(folder_ / name, tensors);
  }
  void expect_refused(const std::filesystem::path& path,
                      const std::vector<std::string>& parts) const {
    const std::string message = input_error([&] { Checkpoint checkpoint(path); });
    for (const std::string& part : parts) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
};

TEST_F(CheckpointTest, ReadsShards) {
  shard("a.safetensors", {{"x", at::ones({2})}});
  shard("b.safetensors", {{"y", at::zeros({3})}, {"beyond", at::zeros({1})}});
  put(kIndex, R"({"metadata":{},"weight_map":{"x":"a.safetensors","y":"b.safetensors"}})");
  const Checkpoint checkpoint(folder_);
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"beyond", "x", "y"}));
  EXPECT_EQ(checkpoint.bytes(), 24U);
  EXPECT_TRUE(checkpoint.tensor("x").equal(at::ones({2})));
  EXPECT_EQ(checkpoint.file_of("y").path().filename(), "b.safetensors");
}

TEST_F(CheckpointTest, MissingShardsAreNamed) {
  shard("a.safetensors", {{"x", at::ones({2})}});
  put(kIndex, R"({"weight_map":{"x":"a.safetensors","y":"b.safetensors","z":"c.safetensors"}})");
  expect_refused(folder_, {kIndex, "b.safetensors c.safetensors"});
}

TEST_F(CheckpointTest, AnIndexMustNotNameATensorThatItsShardLacks) {
  shard("a.safetensors", {{"x", at::ones({2})}});
  put(kIndex, R"({"weight_map":{"x":"a.safetensors","y":"a.safetensors"}})");
  expect_refused(folder_, {kIndex, "\"y\" should be in a.safetensors"});
}

TEST_F(CheckpointTest, ATensorMustNotBeInTwoShards) {
  shard("a.safetensors", {{"x", at::ones({2})}});
  shard("b.safetensors", {{"x", at::zeros({2})}, {"y", at::ones({2})}});
  put(kIndex, R"({"weight_map":{"x":"a.safetensors","y":"b.safetensors"}})");
  expect_refused(folder_, {kIndex, "\"x\" is in a.safetensors and in b.safetensors"});
}

TEST_F(CheckpointTest, AnIndexStaysInItsFolder) {
  shard("a.safetensors", {{"x", at::ones({2})}});
  for (const char* shard : {"../a.safetensors", "/etc/passwd", "sub/a.safetensors", "", ".."}) {
    put(kIndex, R"({"weight_map":{"x":")" + std::string(shard) + "\"}}");
    expect_refused(folder_, {kIndex, "\"x\" is in no file of this directory"});
  }
  put(kIndex, R"({"weight_map":{"x":7}})");
  expect_refused(folder_, {"\"x\""});
}

TEST_F(CheckpointTest, ABrokenIndexOrShardIsNamed) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"weight_map":[]})", R"({"weight_map":null})",
        R"({"weight_map":{}})", R"({"weight_map":{"x":"a.safetensors","x":"b.safetensors"}})"}) {
    put(kIndex, text);
    expect_refused(folder_, {kIndex});
  }
  put("b.safetensors", "short");
  put(kIndex, R"({"weight_map":{"x":"b.safetensors"}})");
  expect_refused(folder_, {"b.safetensors", "truncated"});
}

TEST_F(CheckpointTest, NothingOrSeveralIsExplained) {
  expect_refused(folder_, {"has no .safetensors file"});
  put("pytorch_model.bin", "");
  expect_refused(folder_, {"pickled", "save them as safetensors"});
  EXPECT_FALSE(Checkpoint::exists(folder_));
  shard("a.safetensors", {{"x", at::ones({2})}});
  EXPECT_EQ(Checkpoint(folder_).names(), std::vector<std::string>{"x"});
  shard("b.safetensors", {{"x", at::ones({2})}});
  expect_refused(folder_, {"several files", "\"x\"", "name the one that is meant"});
  EXPECT_EQ(Checkpoint(folder_ / "b.safetensors").names(), std::vector<std::string>{"x"});
}

TEST_F(CheckpointTest, SeveralFilesHoldItTogether) {
  shard("base.safetensors", {{"x", at::ones({2})}});
  shard("module.safetensors", {{"y", at::zeros({3})}});
  const Checkpoint checkpoint(folder_);
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(checkpoint.tensor("y").equal(at::zeros({3})));
}

TEST_F(CheckpointTest, RenamesAndLeavesOut) {
  shard("a.safetensors", {{"old.x", at::ones({2})}, {"drop", at::ones({1})}});
  Checkpoint checkpoint(folder_);
  checkpoint.rename([](const std::string& name) {
    return name == "drop" ? std::string() : "new." + name.substr(4);
  });
  EXPECT_EQ(checkpoint.names(), std::vector<std::string>{"new.x"});
  EXPECT_EQ(checkpoint.stored("new.x"), "old.x");
  EXPECT_TRUE(checkpoint.tensor("new.x").equal(at::ones({2})));
  EXPECT_NE(input_error([&] { static_cast<void>(checkpoint.info("old.x")); }).find("no tensor"),
            std::string::npos);
  Checkpoint twice(folder_);
  const std::string message =
      input_error([&] { twice.rename([](const std::string&) { return std::string("one"); }); });
  EXPECT_NE(message.find("both stand for \"one\""), std::string::npos) << message;
}

}  // namespace
}  // namespace ditto::nn
