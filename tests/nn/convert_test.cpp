#include "ditto/nn/convert.h"

#include <limits>

#include "nn/temporary.h"

namespace ditto::nn {
namespace {

namespace fs = std::filesystem;

class ConvertTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    fs::create_directory(folder_ / "in");
    fs::create_directory(folder_ / "out");
    options_.dtype = [](const Weight&, at::ScalarType stored) { return stored; };
  }
  Checkpoint source(const std::map<std::string, at::Tensor>& tensors) const {
    write_safetensors(folder_ / "in" / "model.safetensors", tensors);
    return Checkpoint(folder_ / "in");
  }
  Converted convert(const Checkpoint& checkpoint) const {
    return write_converted(weights_, checkpoint, folder_ / "out", options_);
  }
  Checkpoint result() const { return Checkpoint(folder_ / "out"); }
  void to(at::ScalarType dtype) {
    options_.dtype = [dtype](const Weight&, at::ScalarType) { return dtype; };
  }

  Weights weights_;
  Scope scope_{weights_, {at::kFloat, at::kMeta}};
  ConvertOptions options_;
};

/// Values of all magnitudes, with a row of zeros and one of tiny numbers.
at::Tensor awkward(std::int64_t rows, std::int64_t columns) {
  const at::Tensor index = at::arange(rows * columns, at::kFloat).view({rows, columns});
  at::Tensor value = (index * 1.7).sin() * (index * 0.37).cos().mul(9).exp();
  value[1].zero_();
  value[2].mul_(1e-42);
  return value;
}

TEST_F(ConvertTest, Float8RowsAreReadBackWithinItsPrecision) {
  scope_.parameter("a", {6, 5, 3});
  const at::Tensor value = awkward(6, 15).view({6, 5, 3});
  to(at::kFloat8_e4m3fn);
  convert(source({{"a", value}}));
  EXPECT_EQ(result().info("a").dtype, at::kFloat8_e4m3fn);
  EXPECT_EQ(result().info("a_scale").shape, (std::vector<std::int64_t>{6, 1}));
  Weights weights;
  const at::Tensor read = Scope(weights, {}).parameter("a", {6, 5, 3});
  load_weights(weights, result());
  // Three bits of mantissa: half a step is 1/16 of a value, and below 2^-6 of the unit 2^-10.
  const at::Tensor scale = value.flatten(1).abs().amax(1) / 448;
  const at::Tensor bound = value.abs() / 16 + scale.view({6, 1, 1}) / 1024 + 1e-38;
  EXPECT_TRUE(((read - value).abs() <= bound).all().item<bool>());
  // The largest of each row is exact but for the rounding of its scale.
  const at::Tensor most = value.flatten(1).abs().amax(1);
  EXPECT_TRUE(at::allclose(read.flatten(1).abs().amax(1), most, 1e-6, 1e-38));
}

TEST_F(ConvertTest, PiecesMakeTheWhole) {
  scope_.parameter("a", {7, 4});
  scope_.parameter("s", {});
  scope_.parameter("none", {0, 3});
  const at::Tensor rows = awkward(7, 1).abs() + 1;
  const std::map<std::string, at::Tensor> tensors = {
      {"a", awkward(7, 4).clamp(-400, 400).to(at::kFloat8_e4m3fn)},
      {"a_scale", rows},
      {"s", at::scalar_tensor(2.5F)},
      {"none", at::empty({0, 3})}};
  for (const at::ScalarType dtype : {at::kBFloat16, at::kFloat}) {
    for (const std::int64_t piece : {1, 9, 1000}) {
      to(dtype);
      options_.piece = piece;
      const Converted converted = convert(source(tensors));
      EXPECT_EQ(converted.files, std::vector<std::string>{"model.safetensors"});
      EXPECT_EQ(converted.bytes, (7 * 4 + 1) * c10::elementSize(dtype));
      const at::Tensor expected = tensors.at("a").to(at::kFloat).mul(rows).to(dtype);
      EXPECT_TRUE(result().tensor("a").equal(expected)) << piece;
      EXPECT_FALSE(result().contains("a_scale"));
    }
  }
}

TEST_F(ConvertTest, LargeCheckpointsAreSplitBetweenTensors) {
  std::map<std::string, at::Tensor> tensors;
  for (const char* name : {"a", "b", "c", "d"}) {
    scope_.parameter(name, {10});
    tensors[name] = at::full({10}, static_cast<float>(name[0]));
  }
  options_.shard_bytes = 90;
  options_.metadata = {{"from", "a test"}};
  const Converted converted = convert(source(tensors));
  EXPECT_EQ(converted.files, (std::vector<std::string>{"model-00001-of-00002.safetensors",
                                                       "model-00002-of-00002.safetensors",
                                                       "model.safetensors.index.json"}));
  EXPECT_EQ(result().files().size(), 2U);
  EXPECT_EQ(result().files()[1].header().metadata.at("from"), "a test");
  for (const auto& [name, value] : tensors) EXPECT_TRUE(result().tensor(name).equal(value));
  options_.shard_bytes = 1;  // less than a tensor
  EXPECT_EQ(convert(source(tensors)).files.size(), 5U);
}

TEST_F(ConvertTest, PatchesComeBeforeTheCast) {
  scope_.parameter("a", {2, 1});
  WeightPatch patch;
  patch.changes = [](const std::string&) { return true; };
  patch.apply = [](const std::string&, const at::Tensor& value) { return value - 1.0; };
  options_.patch = &patch;
  to(at::kBFloat16);
  convert(source({{"a", at::full({2, 1}, 1.001953125F)}}));  // in bfloat16 it would be 1
  EXPECT_EQ(result().tensor("a")[0].item<float>(), 0.001953125F);
}

TEST_F(ConvertTest, WhatIsNotFiniteIsAnErrorThatNamesIt) {
  scope_.parameter("a", {3, 2});
  at::Tensor value = at::ones({3, 2});
  value[1][1] = 1e6F;
  to(at::kHalf);
  EXPECT_NE(input_error([&] {
              convert(source({{"a", value}}));
            }).find("model.safetensors: tensor \"a\" has values that don't fit into float16"),
            std::string::npos);
  value[1][1] = std::numeric_limits<float>::quiet_NaN();
  for (const at::ScalarType dtype : {at::kFloat, at::kFloat8_e4m3fn}) {
    to(dtype);
    EXPECT_NE(input_error([&] { convert(source({{"a", value}})); }).find("not finite"),
              std::string::npos);
  }
}

TEST_F(ConvertTest, AnotherNetworkIsRefused) {
  scope_.parameter("a", {3});
  EXPECT_NE(input_error([&] { convert(source({{"b", at::ones({3})}})); }).find("1 missing"),
            std::string::npos);
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

}  // namespace
}  // namespace ditto::nn
