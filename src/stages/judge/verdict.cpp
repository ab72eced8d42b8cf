#include "stages/judge/verdict.h"

#include <algorithm>
#include <array>
#include <utility>

#include "stages/judge/series.h"

namespace ditto::stages::measure {
namespace {

/// Faults that cause others' measurements to fail, before those. What isn't listed shows in its own
/// measurement only.
constexpr std::array<std::string_view, 10> kCauses = {
    "black",      "unedited", "swapped",    "frozen",     "misaligned",
    "time_shift", "missing",  "wrong_rate", "wrong_edit", "flicker"};

/// A fault and a measurement that it makes fail, however bad that looks: coarse blocks hold faint
/// detail still and change what lies outside a region, a strong blur moves edges a little, and an
/// edit that fades between a picture and its negative passes an even grey.
struct Explanation {
  std::string_view fault, measurement;
};
constexpr std::array<Explanation, 4> kExplanations = {{{"blocking", "frozen_fraction"},
                                                       {"blocking", "leak"},
                                                       {"blur", "misalignment"},
                                                       {"fade", "blank_fraction"}}};

/// Frames of one even tone come first whether they are black or not: nothing else can be told
/// there. What the text's words are taken to ask for comes last: it is the least sure, and what
/// else is wrong with the video may be why it doesn't have it.
std::size_t cause_rank(const Finding& finding) {
  if (finding.name == "blank_fraction") return 0;
  if (finding.name == "wording") return kCauses.size() + 1;
  return static_cast<std::size_t>(std::find(kCauses.begin(), kCauses.end(), finding.fault) -
                                  kCauses.begin());
}

Score safety() {
  return {"safety", std::nullopt,
          "not assessed: the builtin judge has no model that recognises unsafe content"};
}

double threshold(std::string_view criterion, const config::Judge& limits) {
  if (criterion == "instruction") return limits.min_instruction;
  if (criterion == "source") return limits.min_source;
  if (criterion == "quality") return limits.min_quality;
  return limits.min_temporal;
}

void reject(Judgement& judgement) {
  judgement.accepted = false;
  judgement.fault = judgement.reasons.front().fault;
  judgement.reason = judgement.fault + ": " + judgement.reasons.front().text;
}

std::vector<Reason> reasons_of(const std::vector<Finding>& findings, const config::Judge& limits) {
  std::vector<const Finding*> failed;
  for (const Finding& finding : findings) {
    if (!finding.consequence && score_of(finding.severity) < threshold(finding.criterion, limits)) {
      failed.push_back(&finding);
    }
  }
  std::stable_sort(failed.begin(), failed.end(), [](const Finding* a, const Finding* b) {
    return std::make_pair(cause_rank(*a), -a->severity) <
           std::make_pair(cause_rank(*b), -b->severity);
  });
  for (const Explanation& e : kExplanations) {
    const auto effect = std::find_if(failed.begin(), failed.end(), [&](const Finding* f) {
      return f->name == e.measurement && f->fault != "black";
    });
    const auto cause =
        std::find_if(effect, failed.end(), [&](const Finding* f) { return f->fault == e.fault; });
    if (cause != failed.end()) std::rotate(effect, effect + 1, cause + 1);
  }
  std::vector<Reason> reasons;
  for (const Finding* f : failed) reasons.push_back({f->fault, f->criterion, f->sentence});
  return reasons;
}

}  // namespace

Judgement rejected_by_rule(const std::string& fault, const std::string& sentence) {
  Judgement judgement;
  judgement.reasons = {{fault, "source", sentence}};
  reject(judgement);
  judgement.measurements = {{"rule", judgement.reason}};
  const std::string why = "not assessed: " + judgement.reason;
  judgement.scores = {{"instruction", std::nullopt, why},
                      {"source", 1.0, sentence},
                      {"quality", std::nullopt, why},
                      {"temporal", std::nullopt, why},
                      safety()};
  return judgement;
}

Judgement judgement_from(const std::vector<Finding>& findings, bool instruction_assessed,
                         const std::vector<float>& confidence, const config::Judge& limits) {
  Judgement judgement;
  for (const char* criterion : {"instruction", "source", "quality", "temporal"}) {
    const Finding* worst = nullptr;
    for (const Finding& finding : findings) {
      if (finding.criterion == criterion &&
          (worst == nullptr || finding.severity > worst->severity))
        worst = &finding;
    }
    judgement.scores.push_back({criterion, rounded(score_of(worst->severity)), worst->sentence});
  }
  Score& instruction = judgement.scores.front();
  if (!instruction_assessed && *instruction.value >= limits.min_instruction) {
    instruction.value.reset();
    instruction.reason =
        "not assessed: there is an edit, but nothing measurable in the text to hold it against (" +
        instruction.reason + ")";
  }
  judgement.scores.push_back(safety());
  for (const Finding& finding : findings) {
    judgement.measurements[finding.name] = {{"value", rounded(finding.value)},
                                            {"limit", rounded(finding.limit)},
                                            {"score", rounded(score_of(finding.severity))}};
  }
  if (!confidence.empty()) {
    double sum = 0;
    for (const float c : confidence) sum += c;
    judgement.measurements["generator_confidence"] =
        rounded(sum / static_cast<double>(confidence.size()));
    const auto least = std::min_element(confidence.begin(), confidence.end());
    judgement.measurements["least_generator_confidence"] = {
        {"value", rounded(static_cast<double>(*least))}, {"frame", least - confidence.begin()}};
  }
  judgement.accepted = true;
  judgement.reasons = reasons_of(findings, limits);
  if (!judgement.reasons.empty()) reject(judgement);
  return judgement;
}

}  // namespace ditto::stages::measure
