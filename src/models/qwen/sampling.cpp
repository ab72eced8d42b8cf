#include "models/qwen/sampling.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "ditto/core/error.h"

namespace ditto::models::qwen {
namespace {

struct Candidate {
  float weight;  ///< its probability, as a multiple of the likeliest token's
  std::int64_t token;
};

/// Likelier tokens first, lower ids first among equals.
bool precedes(const Candidate& a, const Candidate& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.token < b.token;
}

void penalise(std::span<float> logits, std::span<const std::int64_t> before, double penalty) {
  if (penalty == 1) return;
  const std::set<std::int64_t> once(before.begin(), before.end());
  for (const std::int64_t token : once) {
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = static_cast<float>(logit < 0 ? logit * penalty : logit / penalty);
  }
}

/// Tokens of at least this weight, in the order of their ids.
std::vector<Candidate> candidates_of(std::span<const float> weights, float least) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] >= least) candidates.push_back({weights[i], static_cast<std::int64_t>(i)});
  }
  return candidates;
}

void keep_likeliest(std::vector<Candidate>& candidates, std::size_t count) {
  if (count >= candidates.size()) return;
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(candidates.begin(), end, candidates.end(), precedes);
  candidates.resize(count);
}

double sum_of(const std::vector<Candidate>& candidates) {
  double sum = 0;
  for (const Candidate& one : candidates) sum += one.weight;
  return sum;
}

/// The fewest candidates whose weights add up to `mass`, or all.
std::vector<Candidate> nucleus(const std::vector<Candidate>& candidates, double mass) {
  // Most of the mass is in few tokens: sorting all of a large vocabulary isn't needed.
  std::vector<Candidate> likely;
  for (float least = 1e-2F;; least = least > 1e-12F ? least * 1e-2F : 0) {
    likely.clear();
    for (const Candidate& one : candidates) {
      if (one.weight >= least) likely.push_back(one);
    }
    if (least == 0 || sum_of(likely) >= mass) break;
  }
  std::sort(likely.begin(), likely.end(), precedes);
  double sum = 0;
  for (std::size_t i = 0; i < likely.size(); ++i) {
    sum += likely[i].weight;
    if (sum < mass) continue;
    likely.resize(i + 1);
    break;
  }
  return likely;
}

/// The one that holds the place `uniform` in 0..1 of their weights laid end to end.
std::int64_t at_place(const std::vector<Candidate>& candidates, double uniform) {
  const double place = uniform * sum_of(candidates);
  double sum = 0;
  for (const Candidate& one : candidates) {
    sum += one.weight;
    if (sum > place) return one.token;
  }
  return candidates.back().token;
}

}  // namespace

Sampler::Sampler(const Sampling& sampling)
    : sampling_(sampling), stream_(sampling.seed, "", "tokens") {}

std::int64_t Sampler::draw(std::span<float> logits, std::span<const std::int64_t> before) {
  penalise(logits, before, sampling_.repetition_penalty);
  const double uniform = stream_.uniform();
  const at::Tensor row =
      at::from_blob(logits.data(), {static_cast<std::int64_t>(logits.size())}, at::kFloat);
  const float highest = row.max().item<float>();
  if (!std::isfinite(highest)) {
    throw Error(ErrorKind::kInput, "the network's logits are not finite");
  }
  if (sampling_.temperature <= 0) {
    return std::find(logits.begin(), logits.end(), highest) - logits.begin();
  }
  const at::Tensor relative = row.sub(highest).div_(sampling_.temperature).exp_();
  const std::span<const float> weights(relative.const_data_ptr<float>(), logits.size());
  std::vector<Candidate> candidates =
      candidates_of(weights, std::numeric_limits<float>::denorm_min());
  if (sampling_.top_k > 0) keep_likeliest(candidates, static_cast<std::size_t>(sampling_.top_k));
  if (sampling_.top_p < 1) candidates = nucleus(candidates, sampling_.top_p * sum_of(candidates));
  return at_place(candidates, uniform);
}

}  // namespace ditto::models::qwen
