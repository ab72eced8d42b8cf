#include "ditto/nn/weights.h"

#include <limits>

#include "nn/temporary.h"

namespace ditto::nn {
namespace {

class WeightsTest : public FolderTest {
 protected:
  Checkpoint checkpoint(const std::map<std::string, at::Tensor>& tensors) const {
    write_safetensors(folder_ / "model.safetensors", tensors);
    return Checkpoint(folder_);
  }
};

TEST_F(WeightsTest, AllThatIsWrongIsToldAtOnce) {
  Weights weights;
  const Scope scope(weights, {});
  scope.parameter("absent", {2});
  scope.parameter("shape", {2, 3});
  scope.parameter("kind", {2});
  scope.buffer("count", {1}, at::kLong);
  scope.buffer("optional", {1}, at::kLong, Role::kOptionalBuffer);
  const Checkpoint file = checkpoint({{"shape", at::ones({3, 2})},
                                      {"kind", at::ones({2}, at::kLong)},
                                      {"count", at::ones({1}, at::kInt)},
                                      {"surplus", at::ones({1})}});
  const Match found = match(weights, file);
  EXPECT_EQ(found.missing, std::vector<std::string>{"absent"});
  EXPECT_EQ(found.unexpected, std::vector<std::string>{"surplus"});
  ASSERT_EQ(found.misshaped.size(), 3U);
  const std::string message = input_error([&] { load_weights(weights, file); });
  for (const char* part : {"model.safetensors", "1 missing:\n  absent", "1 unexpected:\n  surplus",
                           "shape: expected [2, 3] floating, found [3, 2] F32",
                           "kind: expected [2] floating, found "
                           "[2] I64",
                           "count: expected [1] I64, found [1] I32"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << "\n" << message;
  }
}

TEST_F(WeightsTest, CastsIntoTheParametersInPlace) {
  Weights weights;
  const Scope scope(weights, {at::kBFloat16, at::kCPU});
  const at::Tensor a = scope.parameter("a", {3});
  const at::Tensor b = scope.with(at::kFloat).parameter("b", {2});
  load_weights(weights, checkpoint({{"a", at::tensor({1.0, 2.0, 3.0}, at::kDouble)},
                                    {"b", at::tensor({0.5F, -4.0F}).to(at::kHalf)}}));
  EXPECT_TRUE(a.equal(at::tensor({1.0, 2.0, 3.0}).to(at::kBFloat16)));
  EXPECT_TRUE(b.equal(at::tensor({0.5F, -4.0F})));
}

TEST_F(WeightsTest, ATiedNameWillDoAndMayBeThereToo) {
  Weights weights;
  const Scope scope(weights, {});
  const at::Tensor shared = scope.parameter("shared", {2});
  scope.tie("copy", "shared");
  load_weights(weights, checkpoint({{"copy", at::tensor({5.0F, 6.0F})}}));
  EXPECT_TRUE(shared.equal(at::tensor({5.0F, 6.0F})));
  load_weights(weights, checkpoint({{"copy", at::tensor({5.0F, 6.0F})},
                                    {"shared", at::tensor({1.0F, 2.0F})}}));
  EXPECT_TRUE(shared.equal(at::tensor({1.0F, 2.0F})));
  EXPECT_EQ(match(weights, checkpoint({{"copy", at::ones({3})}, {"shared", at::ones({2})}}))
                .misshaped.size(),
            1U);
}

TEST_F(WeightsTest, Int8NeedsItsScale) {
  Weights weights;
  const at::Tensor a = Scope(weights, {}).parameter("a", {2, 2});
  const at::Tensor stored = at::tensor({1, -2, 3, 127}, at::kChar).view({2, 2});
  const at::Tensor rows = at::tensor({0.5F, 2.0F}).view({2, 1});
  load_weights(weights, checkpoint({{"a", stored}, {"a_scale", rows}}));
  EXPECT_TRUE(a.equal(at::tensor({0.5F, -1.0F, 6.0F, 254.0F}).view({2, 2})));
  EXPECT_EQ(match(weights, checkpoint({{"a", stored}})).misshaped.size(), 1U);
}

TEST_F(WeightsTest, ScalesOfOtherProgramsGetOurNames) {
  const at::Tensor one = at::ones({1});
  const at::Tensor float8 = at::ones({1, 1}).to(at::kFloat8_e4m3fn);
  Checkpoint file = checkpoint({{"m.weight", float8},
                                {"m.scale_weight", one},
                                {"m.scale_input", one},
                                {"m.comfy_quant", at::ones({1}, at::kByte)},
                                {"scaled_fp8", at::empty({0}).to(at::kFloat8_e4m3fn)},
                                {"n.weight", one},
                                {"n.scale_weight", one},
                                {"n.input_scale", one}});
  use_our_scale_names(file);
  EXPECT_EQ(file.names(), (std::vector<std::string>{"m.weight", "m.weight_scale", "n.input_scale",
                                                    "n.scale_weight", "n.weight"}));
}

TEST_F(WeightsTest, Float8IsScaledByTensorOrByRow) {
  Weights weights;
  const at::Tensor a = Scope(weights, {}).parameter("a", {2, 3});
  const at::Tensor stored = at::tensor({1.0F, 2.0F, -4.0F, 0.5F, 448.0F, 0.0F}).reshape({2, 3});
  const at::Tensor float8 = stored.to(at::kFloat8_e4m3fn);
  load_weights(weights, checkpoint({{"a", float8}}));
  EXPECT_TRUE(a.equal(stored));
  load_weights(weights, checkpoint({{"a", float8}, {"a_scale", at::scalar_tensor(0.25F)}}));
  EXPECT_TRUE(a.equal(stored * 0.25));
  const at::Tensor rows = at::tensor({0.5F, 3.0F});
  load_weights(weights, checkpoint({{"a", float8}, {"a_scale", rows}}));
  EXPECT_TRUE(a.equal(stored * rows.unsqueeze(1)));
  load_weights(weights, checkpoint({{"a", float8}, {"a_scale", rows.unsqueeze(1)}}));
  EXPECT_TRUE(a.equal(stored * rows.unsqueeze(1)));
  // A scale of any other shape, or of a tensor that isn't float8, is a tensor too many.
  EXPECT_EQ(match(weights, checkpoint({{"a", float8}, {"a_scale", at::ones({3})}})).unexpected,
            std::vector<std::string>{"a_scale"});
  EXPECT_EQ(match(weights, checkpoint({{"a", stored}, {"a_scale", rows}})).unexpected,
            std::vector<std::string>{"a_scale"});
}

TEST_F(WeightsTest, PatchesInFloat32BeforeTheCast) {
  Weights weights;
  const Scope scope(weights, {at::kBFloat16, at::kCPU});
  const at::Tensor a = scope.parameter("a", {1});
  const at::Tensor b = scope.parameter("b", {1});
  WeightPatch patch;
  patch.changes = [](const std::string& name) { return name == "a"; };
  patch.apply = [](const std::string&, const at::Tensor& value) {
    EXPECT_EQ(value.scalar_type(), at::kFloat);
    return value - 1.0;
  };
  LoadOptions options;
  options.patch = &patch;
  std::uint64_t last = 0;
  options.progress = [&last](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 8U);
    last = done;
  };
  // In bfloat16 1 + 2^-9 would have been 1.
  load_weights(weights, checkpoint({{"a", at::tensor({1.001953125F})}, {"b", at::ones({1})}}),
               options);
  EXPECT_EQ(a.item<float>(), 0.001953125F);
  EXPECT_EQ(b.item<float>(), 1.0F);
  EXPECT_EQ(last, 8U);
}

TEST_F(WeightsTest, CountsWhatIsNotFiniteInEveryDtype) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor values = at::tensor({1.0F, nan, -inf, 0.0F, inf, 100.0F, -nan}).repeat({3001});
  std::map<std::string, at::Tensor> tensors;
  for (const at::ScalarType dtype :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kFloat8_e5m2}) {
    tensors[c10::toString(dtype)] = values.to(dtype);
  }
  const Checkpoint file = checkpoint(tensors);
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(count_not_finite(file.file_of(name), name), 4U * 3001U) << name;
  }
  // This one has NaN but no infinity: 0x7f and 0xff.
  const at::Tensor bits = at::tensor({0x7f, 0xff, 0x7e, 0x00}, at::kByte);
  const Checkpoint other =
      checkpoint({{"f", bits.view(at::kFloat8_e4m3fn)}, {"i", at::full({4}, -1, at::kLong)}});
  EXPECT_EQ(count_not_finite(other.file_of("f"), "f"), 2U);
  EXPECT_EQ(count_not_finite(other.file_of("i"), "i"), 0U);
}

TEST_F(WeightsTest, OnTheMetaDeviceAFullSizeNetworkIsListedWithoutMemory) {
  Weights weights;
  const Scope scope(weights, {at::kBFloat16, at::kMeta});
  for (int i = 0; i < 1000; ++i) (scope / "blocks" / i).parameter("weight", {5120, 13824});
  EXPECT_EQ(weights.parameters(), 1000ULL * 5120 * 13824);
  EXPECT_EQ(weights.bytes(), 2000ULL * 5120 * 13824);
}

}  // namespace
}  // namespace ditto::nn
