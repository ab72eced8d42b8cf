#include "models/qwen/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "ditto/core/error.h"

namespace ditto::models::qwen {
namespace {

struct Candidate {
  float logit;
  std::int64_t token;
};

/// Higher logits first, lower ids first among equals.
bool precedes(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

void penalise(std::span<float> logits, std::span<const std::int64_t> before, double penalty) {
  if (penalty == 1) return;
  const std::set<std::int64_t> once(before.begin(), before.end());
  for (const std::int64_t token : once) {
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = static_cast<float>(logit < 0 ? logit * penalty : logit / penalty);
  }
}

std::int64_t largest(std::span<const float> logits) {
  const auto found = std::max_element(logits.begin(), logits.end());
  return found - logits.begin();
}

void require_finite(double value) {
  if (!std::isfinite(value)) throw Error(ErrorKind::kInput, "the network's logits are not finite");
}

/// Brings the first `count` candidates, in order, to the front.
void order(std::vector<Candidate>& candidates, std::size_t count) {
  const auto middle = candidates.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(candidates.begin(), middle, candidates.end(), precedes);
  std::sort(candidates.begin(), middle, precedes);
}

/// Leaves the fewest candidates whose probabilities, of all of them, add up to top_p.
void keep_nucleus(std::vector<Candidate>& candidates, double top_p, double temperature,
                  double highest) {
  const auto weight = [&](const Candidate& one) {
    return std::exp((one.logit - highest) / temperature);
  };
  double total = 0;
  for (const Candidate& one : candidates) total += weight(one);
  // Most of the mass is in few tokens: sorting all of a large vocabulary isn't needed.
  constexpr std::size_t kFirst = 256;
  for (std::size_t count = kFirst;; count *= 8) {
    count = std::min(count, candidates.size());
    order(candidates, count);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      sum += weight(candidates[i]);
      if (sum < top_p * total) continue;
      candidates.resize(i + 1);
      return;
    }
    if (count == candidates.size()) return;
  }
}

}  // namespace

Sampler::Sampler(const Sampling& sampling)
    : sampling_(sampling), stream_(sampling.seed, "", "tokens") {}

std::int64_t Sampler::draw(std::span<float> logits, std::span<const std::int64_t> before) {
  penalise(logits, before, sampling_.repetition_penalty);
  const double uniform = stream_.uniform();
  if (sampling_.temperature <= 0) {
    const std::int64_t token = largest(logits);
    require_finite(logits[static_cast<std::size_t>(token)]);
    return token;
  }
  std::vector<Candidate> candidates;
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isinf(logits[i]) && logits[i] < 0) continue;
    candidates.push_back({logits[i], static_cast<std::int64_t>(i)});
    highest = std::max<double>(highest, logits[i]);
  }
  if (sampling_.top_k > 0 && static_cast<std::size_t>(sampling_.top_k) < candidates.size()) {
    order(candidates, static_cast<std::size_t>(sampling_.top_k));
    candidates.resize(static_cast<std::size_t>(sampling_.top_k));
  }
  if (sampling_.top_p < 1)
    keep_nucleus(candidates, sampling_.top_p, sampling_.temperature, highest);
  double total = 0;
  std::vector<double> sums;
  for (const Candidate& one : candidates) {
    total += std::exp((one.logit - highest) / sampling_.temperature);
    sums.push_back(total);
  }
  require_finite(total);
  const auto found = std::upper_bound(sums.begin(), sums.end(), uniform * total);
  const auto index =
      std::min<std::ptrdiff_t>(found - sums.begin(), static_cast<std::ptrdiff_t>(sums.size()) - 1);
  return candidates[static_cast<std::size_t>(index)].token;
}

}  // namespace ditto::models::qwen
