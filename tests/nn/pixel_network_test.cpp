#include "ditto/nn/pixel_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ditto/core/error.h"
#include "ditto/core/random.h"
#include "ditto/nn/runtime.h"
#include "ditto/nn/translated.h"

namespace ditto::nn {
namespace {

class PixelNetworkTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { set_up_torch(); }
};

/// Targets that are a curved function of three of five inputs.
PixelSamples curved_samples(std::size_t count) {
  PixelSamples samples;
  samples.count = count;
  samples.inputs = 5;
  Stream stream(1, "samples", "test");
  for (std::size_t i = 0; i < count; ++i) {
    float x[5];
    for (float& v : x) samples.features.push_back(v = static_cast<float>(stream.uniform()));
    for (int c = 0; c < 3; ++c) {
      samples.base.push_back(x[c]);
      samples.target.push_back(x[c] +
                               0.3f * std::sin(6.0f * x[(c + 1) % 3]) * (2.0f * x[3] - 1.0f));
    }
  }
  return samples;
}

struct Planes {
  std::vector<float> features, colour;
};

Planes planes_of(const PixelSamples& samples) {
  const std::size_t n = samples.count;
  Planes planes{std::vector<float>(n * static_cast<std::size_t>(samples.inputs)),
                std::vector<float>(3 * n)};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < 5; ++k) planes.features[k * n + i] = samples.features[i * 5 + k];
    for (std::size_t c = 0; c < 3; ++c) planes.colour[c * n + i] = samples.base[3 * i + c];
  }
  return planes;
}

std::vector<float> apply(const PixelNetwork& network, const PixelSamples& samples) {
  Planes planes = planes_of(samples);
  network.apply(planes.features.data(), planes.colour.data(), samples.count, samples.count);
  return planes.colour;
}

double mean_error(const std::vector<float>& colour, const PixelSamples& samples) {
  double sum = 0;
  for (std::size_t i = 0; i < samples.count; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      sum += std::fabs(colour[c * samples.count + i] - samples.target[3 * i + c]);
    }
  }
  return sum / static_cast<double>(3 * samples.count);
}

TEST_F(PixelNetworkTest, UntrainedIsTheBase) {
  const PixelSamples samples = curved_samples(100);
  const PixelNetwork network(samples, {.hidden = 16});
  const std::vector<float> colour = apply(network, samples);
  for (std::size_t i = 0; i < samples.count; ++i) EXPECT_EQ(colour[i], samples.base[3 * i]);
}

TEST_F(PixelNetworkTest, LearnsACurvedFunction) {
  const PixelSamples samples = curved_samples(4001);
  const PixelNetworkOptions options{.hidden = 32, .iterations = 600, .batch = 256, .seed = 3};
  PixelNetwork network(samples, options);
  const double before = mean_error(apply(network, samples), samples);
  network.fit(samples, options);
  const double after = mean_error(apply(network, samples), samples);
  EXPECT_GT(before, 0.08);
  EXPECT_LT(after, before / 4);
}

TEST_F(PixelNetworkTest, ApplyAgreesWithTheTrainingPath) {
  const PixelSamples samples = curved_samples(777);
  const PixelNetworkOptions options{.hidden = 24, .iterations = 40, .batch = 128, .seed = 5};
  PixelNetwork network(samples, options);
  network.fit(samples, options);
  std::vector<float> gradient;
  const double loss = network.loss_and_gradient(samples, &gradient);
  EXPECT_NEAR(mean_error(apply(network, samples), samples), loss, 1e-5);
}

TEST_F(PixelNetworkTest, SameSeedSameWeights) {
  const PixelSamples samples = curved_samples(500);
  const auto weights = [&](std::uint64_t seed) {
    const PixelNetworkOptions options{.hidden = 8, .iterations = 20, .batch = 64, .seed = seed};
    PixelNetwork network(samples, options);
    network.fit(samples, options);
    return std::vector<float>(network.parameters().begin(), network.parameters().end());
  };
  EXPECT_EQ(weights(7), weights(7));
  EXPECT_NE(weights(7), weights(8));
}

TEST_F(PixelNetworkTest, GradientAgreesWithFiniteDifferences) {
  PixelSamples samples = curved_samples(64);
  // Far from the targets, so that no sign flips within the step.
  for (float& t : samples.target) t += 50.0f;
  const PixelNetworkOptions options{
      .hidden = 8, .iterations = 5, .batch = 64, .rate = 0.05, .seed = 2};
  PixelNetwork network(samples, options);
  network.fit(samples, options);
  std::vector<float> gradient, unused;
  network.loss_and_gradient(samples, &gradient);
  ASSERT_EQ(gradient.size(), network.parameters().size());
  int checked = 0;
  for (std::size_t i = 0; i < gradient.size(); i += 3) {
    const float h = 2e-3f;
    float& p = network.parameters()[i];
    const float at = p;
    p = at + h;
    const double up = network.loss_and_gradient(samples, &unused);
    p = at - h;
    const double down = network.loss_and_gradient(samples, &unused);
    p = at;
    const double slope = (up - down) / (2.0 * h);
    // A ReLU kink inside the step bends one or the other: the tolerance leaves room for it.
    EXPECT_NEAR(slope, gradient[i], 0.02 + 0.05 * std::fabs(slope)) << "parameter " << i;
    checked += std::fabs(gradient[i]) > 1e-3;
  }
  EXPECT_GT(checked, 20);
}

/// By tensors on a device, beside the code for the CPU.
class PixelNetworkOn : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    set_up_torch();
    if (GetParam() != std::string("cpu") && chosen_device("auto") == "cpu")
      GTEST_SKIP() << "this machine has no NVIDIA device";
  }

  /// Fitted by the code for the CPU, and on the device.
  std::pair<PixelNetwork, PixelNetwork> fitted(PixelNetworkOptions options) const {
    PixelNetwork here(samples_, options);
    here.fit(samples_, options);
    options.device = chosen_device(GetParam());
    PixelNetwork there(samples_, options);
    there.fit(samples_, options);
    return {here, there};
  }

  PixelSamples samples_ = curved_samples(3001);
};

TEST_P(PixelNetworkOn, SeesTheSameBatches) {
  // Last digits grow into visible differences after some hundred steps.
  const auto [here, there] = fitted({.hidden = 32, .iterations = 30, .batch = 255, .seed = 3});
  const std::vector<float> expected = apply(here, samples_), colour = apply(there, samples_);
  EXPECT_LT(mean_error(expected, samples_),
            0.9 * mean_error(apply(PixelNetwork(samples_, {}), samples_), samples_));
  EXPECT_NE(expected, colour);
  for (std::size_t i = 0; i < colour.size(); ++i) ASSERT_NEAR(colour[i], expected[i], 1e-5);
}

TEST_P(PixelNetworkOn, IsAsGoodWhenFitted) {
  const auto [here, there] = fitted({.hidden = 32, .iterations = 600, .batch = 255, .seed = 3});
  const double expected = mean_error(apply(here, samples_), samples_);
  EXPECT_NEAR(mean_error(apply(there, samples_), samples_), expected, 0.05 * expected);
}

TEST_P(PixelNetworkOn, AppliesTheSameNetworkInPieces) {
  auto [here, there] = fitted({.hidden = 24, .iterations = 100, .batch = 255, .seed = 3});
  std::ranges::copy(here.parameters(), there.parameters().begin());
  samples_.features[7] = 100;  // far beyond what was seen
  const std::vector<float> expected = apply(here, samples_);
  const std::size_t n = samples_.count, first = 1000;
  auto [planar, colour] = planes_of(samples_);
  there.apply(planar.data(), colour.data(), n, first);
  EXPECT_EQ(colour[first], samples_.base[3 * first]);
  there.apply(planar.data() + first, colour.data() + first, n, n - first);
  for (std::size_t i = 0; i < colour.size(); ++i) ASSERT_NEAR(colour[i], expected[i], 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Devices, PixelNetworkOn, ::testing::Values("cpu", "cuda:0"));

TEST_F(PixelNetworkTest, RefusesSizesThatDontFit) {
  PixelSamples samples = curved_samples(10);
  samples.base.pop_back();
  EXPECT_THROW(PixelNetwork(samples, {}), Error);
}

TEST_F(PixelNetworkTest, NamesADeviceThatFails) {
  const PixelSamples samples = curved_samples(100);
  const PixelNetwork network(samples, {.hidden = 8, .device = "cuda:99"});
  try {
    apply(network, samples);
    ADD_FAILURE() << "there is no such device";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_TRUE(std::string(error.what()).starts_with("pixel network on cuda:99: "));
    EXPECT_EQ(std::string(error.what()).find("Exception raised from"), std::string::npos);
  }
}

TEST(Translated, ShortMemoryMayPass) {
  const auto kind_of = [](auto&& fault) {
    try {
      translated("here", [&] { throw fault; });
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), "here: fault");
      return error.kind();
    }
    return ErrorKind::kFatal;
  };
  const c10::SourceLocation place{__func__, __FILE__, __LINE__};
  EXPECT_EQ(kind_of(c10::OutOfMemoryError(place, "fault")), ErrorKind::kTransient);
  EXPECT_EQ(kind_of(c10::Error(place, "fault")), ErrorKind::kInput);
}

}  // namespace
}  // namespace ditto::nn
