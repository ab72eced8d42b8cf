#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <latch>
#include <map>
#include <set>
#include <thread>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/models/qwen.h"
#include "ditto/nn/safetensors.h"
#include "models/qwen/network.h"
#include "models/qwen/sampling.h"

namespace ditto::models::qwen {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kImage = 260;
constexpr std::int64_t kEnd = 261;
constexpr std::int64_t kSize = 264;  // of the vocabulary: bytes, some longer tokens, special ones

std::shared_ptr<const text::ByteVocabulary> vocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* token : {"\": ", ", \"", "true", "12"}) tokens.emplace_back(token);
  tokens.resize(static_cast<std::size_t>(kSize));
  return std::make_shared<const text::ByteVocabulary>(std::move(tokens));
}

/// With random weights; the text model's are large enough for answers that don't repeat one token.
std::shared_ptr<const Network> make_network(at::ScalarType dtype) {
  const auto json = nlohmann::json::parse(R"({
    "vocab_size": 264, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 1e4,
    "rope_scaling": {"type": "mrope", "mrope_section": [2, 1, 1]}, "image_token_id": 260,
    "vision_config": {"depth": 2, "hidden_size": 16, "intermediate_size": 20, "num_heads": 2,
      "out_hidden_size": 32, "patch_size": 2, "window_size": 8, "fullatt_block_indexes": [1]}})");
  nn::Weights weights;
  auto made = std::make_shared<Network>(nn::Scope(weights, {.dtype = dtype}),
                                        Config(ModelConfig(json, "config.json")));
  const at::Generator random = at::detail::createCPUGenerator(7);
  for (const nn::Weight& weight : weights.all()) {
    const at::Tensor values = at::randn(weight.tensor.sizes(), random);
    const bool norm = weight.tensor.dim() == 1 && weight.name.find("norm") != std::string::npos;
    const double scale = weight.tensor.dim() > 1
                             ? 1 / std::sqrt(static_cast<double>(weight.tensor[0].numel()))
                             : 0.2;
    weight.tensor.copy_(norm ? values * 0.2 + 1 : values * scale);
  }
  return made;
}

Generator make_generator(const BatchLimits& limits, at::ScalarType dtype = at::kFloat) {
  // More threads would only wait for each other.
  at::set_num_threads(1);
  static std::map<at::ScalarType, std::shared_ptr<const Network>> networks;
  auto& network = networks[dtype];
  if (!network) network = make_network(dtype);
  return Generator(network, vocabulary(), {kEnd}, limits);
}

const Generator& generator() {
  static const Generator one = make_generator({.rows = 16});
  return one;
}

Prompt prompt(std::int64_t length, std::int64_t seed, bool with_image = false) {
  Prompt made;
  for (std::int64_t i = 0; i < length; ++i) made.ids.push_back((i * 37 + seed * 101) % 256);
  if (!with_image) return made;
  made.ids.insert(made.ids.end(), 6, kImage);
  made.ids.push_back(65);
  made.image_grid_thw = at::tensor(std::vector<std::int64_t>{1, 4, 6}, at::kLong).view({1, 3});
  made.pixel_values = at::arange(24 * 24, at::kFloat).view({24, 24}).mul_(0.37 + seed).sin();
  return made;
}

Request request(Prompt of, std::int64_t tokens, double temperature = 0, std::uint64_t seed = 0) {
  Request made;
  made.prompt = std::move(of);
  made.max_new_tokens = tokens;
  made.sampling.temperature = temperature;
  made.sampling.seed = seed;
  return made;
}

std::string bytes_of(const Completion& completion) { return vocabulary()->text(completion.ids); }

TEST(QwenGenerationTest, AThousandConstrainedAnswersSatisfyTheirSchema) {
  const auto form = std::make_shared<const text::JsonConstraint>(Json::parse(R"({
    "type": "object", "required": ["score", "reason", "tags"], "properties": {
      "score": {"type": "integer", "minimum": 1, "maximum": 10},
      "reason": {"type": "string", "minLength": 1, "maxLength": 24},
      "keep": {"type": "boolean"},
      "tags": {"type": "array", "maxItems": 3, "items": {"enum": ["blur", "flicker", "text"]}}}})"),
                                                                 vocabulary());
  std::vector<Request> requests;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto number = static_cast<std::int64_t>(seed);
    // Some have hardly more tokens than the shortest answer takes.
    Request one = request(prompt(1 + number % 5, number), number % 4 == 0 ? 45 : 120, 1.5, seed);
    one.form = form;
    requests.push_back(std::move(one));
  }
  std::set<std::string> different;
  const Generator many = make_generator({.rows = 100, .prefill_rows = 25});
  for (const Completion& completion : many.answer(requests)) {
    SCOPED_TRACE(completion.text);
    const nlohmann::json answer = nlohmann::json::parse(completion.text, nullptr, false);
    ASSERT_TRUE(answer.is_object());
    EXPECT_TRUE(answer.at("score").is_number_integer());
    EXPECT_GE(answer.at("score"), 1);
    EXPECT_LE(answer.at("score"), 10);
    EXPECT_FALSE(answer.at("reason").get<std::string>().empty());
    EXPECT_LE(answer.at("tags").size(), 3U);
    for (const auto& tag : answer.at("tags")) {
      EXPECT_TRUE(tag == "blur" || tag == "flicker" || tag == "text");
    }
    EXPECT_EQ(answer.size(), answer.contains("keep") ? 4U : 3U);
    EXPECT_EQ(completion.finish, Finish::kForm);
    different.insert(completion.text);
  }
  EXPECT_GT(different.size(), 900U);
}

std::vector<Request> mixed_requests(int count, std::int64_t tokens) {
  std::vector<Request> requests;
  for (std::int64_t i = 0; i < count; ++i) {
    requests.push_back(request(prompt(1 + i * 3, i, i % 3 == 0), tokens + i % 4 * 5, i % 2 * 0.8,
                               static_cast<std::uint64_t>(i)));
  }
  return requests;
}

TEST(QwenGenerationTest, AnswersDoNotDependOnHowManyAreComputedTogether) {
  const std::vector<Request> requests = mixed_requests(11, 4);
  const std::vector<Completion> alone = make_generator({.rows = 1}).answer(requests);
  for (const BatchLimits& limits :
       {BatchLimits{.rows = 3}, BatchLimits{.rows = 16, .prefill_rows = 16},
        BatchLimits{.prefill_tokens = 20}}) {
    const std::vector<Completion> together = make_generator(limits).answer(requests);
    ASSERT_EQ(together.size(), alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(together[i].ids, alone[i].ids) << i;
      EXPECT_EQ(together[i].text, alone[i].text) << i;
    }
  }
}

/// In bfloat16 the least difference of rounding makes other answers within some tokens.
TEST(QwenGenerationTest, NeighboursDoNotChangeRounding) {
  const Generator engine = make_generator({.rows = 8, .prefill_rows = 2}, at::kBFloat16);
  std::vector<Request> requests = mixed_requests(7, 60);
  for (Request& one : requests) one.sampling.temperature = 1.1;
  const std::vector<Completion> together = engine.answer(requests);
  // The same calls for prompts: those are computed in pairs.
  for (std::size_t i = 0; i < requests.size(); i += 2) {
    const std::size_t count = std::min<std::size_t>(2, requests.size() - i);
    const auto first = requests.begin() + static_cast<std::ptrdiff_t>(i);
    const std::vector<Completion> alone =
        engine.answer({first, first + static_cast<std::ptrdiff_t>(count)});
    for (std::size_t j = 0; j < count; ++j) EXPECT_EQ(alone[j].ids, together[i + j].ids) << i + j;
  }
}

TEST(QwenGenerationTest, CallersShareThePasses) {
  const Generator engine = make_generator({.rows = 12, .prefill_rows = 1});
  constexpr std::size_t kCallers = 6;
  const std::vector<Request> requests = mixed_requests(2 * kCallers, 150);
  const std::vector<Completion> alone = engine.answer(requests);
  const Work before = engine.work();
  std::latch start(kCallers);
  {
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < kCallers; ++i) {
      callers.emplace_back([&, i] {
        start.arrive_and_wait();
        const auto found = engine.answer({requests[2 * i], requests[2 * i + 1]});
        EXPECT_EQ(found[0].ids, alone[2 * i].ids);
        EXPECT_EQ(found[1].ids, alone[2 * i + 1].ids);
      });
    }
  }
  const Work after = engine.work();
  EXPECT_EQ(after.drawn - before.drawn, before.drawn);
  // One caller after the other, it would be two at a time.
  EXPECT_LT(after.passes - before.passes, (after.drawn - before.drawn) / 4);
}

TEST(QwenGenerationTest, WhatFailsFailsAlone) {
  const Generator engine = make_generator({.rows = 4});
  const Request good = request(prompt(5, 3), 200);
  Request bad = request(prompt(2, 1, true), 200);
  bad.prompt.pixel_values.fill_(NAN);
  const std::vector<std::int64_t> alone = engine.answer({good})[0].ids;
  std::latch start(2);
  std::jthread other([&] {
    start.arrive_and_wait();
    for (int i = 0; i < 3; ++i) EXPECT_THROW(engine.answer({bad, good}), Error);
  });
  start.arrive_and_wait();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(engine.answer({good})[0].ids, alone);
}

TEST(QwenGenerationTest, AStopEndsAllWhoWait) {
  const Generator engine = make_generator({.rows = 2});
  const std::vector<Request> requests = mixed_requests(4, 100000);
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      try {
        engine.answer(requests);
        ADD_FAILURE() << "not stopped";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  request_stop("test");
  callers.clear();
  reset_stop();
  EXPECT_EQ(engine.answer({request(prompt(3, 1), 5)})[0].ids.size(), 5U);
}

TEST(QwenGenerationTest, APrefixChangesNothing) {
  const Prompt beginning = prompt(5, 1, true);
  const Prompt middle = prompt(4, 2, true);
  const auto first = generator().prefix(beginning);
  const auto second = generator().prefix(middle, first);
  Request with_prefix = request(prompt(3, 3, true), 12);
  with_prefix.prefix = second;
  Request whole = request(beginning, 12);
  for (const Prompt& part : {middle, with_prefix.prompt}) {
    whole.prompt.ids.insert(whole.prompt.ids.end(), part.ids.begin(), part.ids.end());
    whole.prompt.pixel_values = at::cat({whole.prompt.pixel_values, part.pixel_values});
    whole.prompt.image_grid_thw = at::cat({whole.prompt.image_grid_thw, part.image_grid_thw});
  }
  Request after_first = request(prompt(2, 4), 7);
  after_first.prefix = first;
  const std::vector<Completion> answers =
      generator().answer({whole, with_prefix, after_first, request(prompt(9, 5), 12)});
  EXPECT_EQ(answers[0].ids, answers[1].ids);
  EXPECT_EQ(generator().answer({after_first})[0].ids, answers[2].ids);
}

TEST(QwenGenerationTest, AnAnswerEndsAtStopsAndSaysWhy) {
  const Request plain = request(prompt(6, 2), 12);
  const Completion whole = generator().answer({plain})[0];
  EXPECT_EQ(whole.finish, Finish::kLength);
  EXPECT_EQ(whole.ids.size(), 12U);
  ASSERT_EQ(bytes_of(whole), whole.text);

  Request at_string = plain;
  at_string.stop = {"not there", whole.text.substr(5, 2)};
  const Completion before_string = generator().answer({at_string})[0];
  EXPECT_EQ(before_string.finish, Finish::kStopString);
  EXPECT_EQ(before_string.text, whole.text.substr(0, whole.text.find(at_string.stop[1])));

  Request at_id = plain;
  at_id.stop_ids = {whole.ids[4]};
  const auto first = std::find(whole.ids.begin(), whole.ids.end(), whole.ids[4]);
  const Completion before_id = generator().answer({at_id})[0];
  EXPECT_EQ(before_id.finish, Finish::kStopId);
  EXPECT_EQ(before_id.ids, std::vector<std::int64_t>(whole.ids.begin(), first + 1));
  EXPECT_EQ(before_id.text,
            vocabulary()->text(std::vector<std::int64_t>(whole.ids.begin(), first)));
}

TEST(QwenGenerationTest, ACheckpointIsLoadedWithItsTokenizer) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / ("qwen" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const std::filesystem::path fixtures = DITTO_FIXTURES;
  for (const char* file :
       {"qwen2_5_vl-hub/config.json", "qwen2_5_vl-hub/model.safetensors",
        "qwen2_5_vl-hub/generation_config.json", "tokenizer-bpe/tokenizer.json"}) {
    std::filesystem::copy_file(fixtures / file, folder / std::filesystem::path(file).filename());
  }
  const Generator loaded = Generator::load(folder, {});
  std::filesystem::remove_all(folder);
  EXPECT_EQ(loaded.vocabulary().size(), 96U);
  EXPECT_FALSE(loaded.vocabulary().bytes(50).empty());
  // The fixture's prompt: its first row ends with an eos_token_id of generation_config.json.
  const nn::SafetensorsFile in(fixtures / "qwen2_5_vl-hub" / "in-generate-text.safetensors");
  const nn::SafetensorsFile out(fixtures / "qwen2_5_vl-hub" / "out-generate-text.safetensors");
  const at::Tensor sequences = out.tensor("sequences");
  const at::Tensor kept = in.tensor("attention_mask")[0].ne(0);
  const at::Tensor ids = in.tensor("input_ids")[0].masked_select(kept).contiguous();
  Prompt of;
  of.ids.assign(ids.data_ptr<std::int64_t>(), ids.data_ptr<std::int64_t>() + ids.numel());
  const Completion answer = loaded.answer({request(of, 12)})[0];
  EXPECT_EQ(answer.finish, Finish::kStopId);
  ASSERT_LT(answer.ids.size(), 12U);
  for (std::size_t i = 0; i < answer.ids.size(); ++i) {
    EXPECT_EQ(answer.ids[i],
              sequences[0][kept.size(0) + static_cast<std::int64_t>(i)].item<std::int64_t>());
  }
}

TEST(QwenGenerationTest, TheSeedDecides) {
  const auto answer = [](std::uint64_t seed) {
    return generator().answer({request(prompt(4, 1), 20, 1.2, seed)})[0].ids;
  };
  EXPECT_EQ(answer(1), answer(1));
  EXPECT_NE(answer(1), answer(2));
}

TEST(QwenGenerationTest, RequestsThatMakeNoSenseAreRefused) {
  const auto refused = [](const Request& one, const BatchLimits& limits = {}) {
    EXPECT_THROW(make_generator(limits).answer({one}), Error);
  };
  refused(request({}, 5));
  refused(request(prompt(3, 1), 0));
  refused(request(prompt(3, 1), 5, -1));
  refused(request(prompt(3, 1), 5), {.cache_bytes = 100});
  Request formed = request(prompt(3, 1), 8);
  formed.form = std::make_shared<const text::JsonConstraint>(
      Json::parse(R"({"const": "0123456789"})"), vocabulary());
  refused(formed);
  Request image = request(prompt(3, 1, true), 5);
  image.prompt.image_grid_thw = image.prompt.image_grid_thw.mul(2);
  refused(image);
  image = request(prompt(3, 1, true), 5);
  image.prompt.ids.push_back(kImage);
  refused(image);
  image = request(prompt(3, 1), 5);
  image.prompt.ids.push_back(kSize);
  refused(image);
}

std::vector<double> frequencies(const Sampling& sampling, const std::vector<float>& logits,
                                int draws) {
  Sampler sampler(sampling);
  std::vector<double> counts(logits.size(), 0);
  for (int i = 0; i < draws; ++i) {
    std::vector<float> copy = logits;
    counts[static_cast<std::size_t>(sampler.draw(copy, {}))] += 1.0 / draws;
  }
  return counts;
}

TEST(QwenSamplerTest, DrawsAsOftenAsTheProbabilitiesSay) {
  const std::vector<float> logits = {1.0F, 3.0F, -2.0F, 2.0F, -INFINITY};
  const int draws = 40000;
  for (const double temperature : {0.5, 1.0, 2.0}) {
    const std::vector<double> found = frequencies({.temperature = temperature}, logits, draws);
    double total = 0;
    for (const float logit : logits) total += std::exp(logit / temperature);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double p = std::exp(logits[i] / temperature) / total;
      EXPECT_NEAR(found[i], p, 5 * std::sqrt(p / draws) + 1e-9) << i;
    }
  }
}

TEST(QwenSamplerTest, KeepsTheLikeliestTokens) {
  // Probabilities 0.4, 0.3, 0.2, 0.1, in another order.
  const std::vector<float> logits = {std::log(2.0F), std::log(4.0F), std::log(1.0F),
                                     std::log(3.0F)};
  const auto kept = [&](Sampling sampling) {
    sampling.temperature = 1;
    std::vector<bool> seen;
    for (const double one : frequencies(sampling, logits, 2000)) seen.push_back(one > 0);
    return seen;
  };
  EXPECT_EQ(kept({}), (std::vector<bool>{true, true, true, true}));
  EXPECT_EQ(kept({.top_k = 2}), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(kept({.top_p = 0.65}), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(kept({.top_p = 0.75}), (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(kept({.top_p = 0.01}), (std::vector<bool>{false, true, false, false}));
  // Of two kept by top_k, the first has 4/7.
  EXPECT_EQ(kept({.top_p = 0.5, .top_k = 2}), (std::vector<bool>{false, true, false, false}));
}

TEST(QwenSamplerTest, ManyTokensShareTheNucleus) {
  std::vector<float> logits(1000, 0.0F);
  logits[432] = 1.0F;
  const std::vector<double> found = frequencies({.temperature = 1, .top_p = 0.5}, logits, 5000);
  const auto kept = std::count_if(found.begin(), found.end(), [](double one) { return one > 0; });
  EXPECT_GT(kept, 490);
  EXPECT_LE(kept, 501);
}

TEST(QwenSamplerTest, PenalisesWhatIsThere) {
  Sampler sampler({.repetition_penalty = 2});
  std::vector<float> logits = {2.0F, -1.0F, 1.5F};
  const std::vector<std::int64_t> before = {0, 1, 0};
  EXPECT_EQ(sampler.draw(logits, before), 2);
  EXPECT_EQ(logits, (std::vector<float>{1.0F, -2.0F, 1.5F}));
  std::vector<float> broken = {NAN, 1.0F};
  EXPECT_THROW(sampler.draw(broken, {}), Error);
}

}  // namespace
}  // namespace ditto::models::qwen
