#include "ditto/core/error.h"
#include "ditto/stages/judge.h"

namespace ditto::stages {

nlohmann::ordered_json to_json(const Judgement& judgement) {
  nlohmann::ordered_json scores = nlohmann::ordered_json::array();
  for (const Score& score : judgement.scores) {
    nlohmann::ordered_json entry = {
        {"criterion", score.criterion}, {"value", nullptr}, {"reason", score.reason}};
    if (score.value) entry["value"] = *score.value;
    scores.push_back(std::move(entry));
  }
  nlohmann::ordered_json reasons = nlohmann::ordered_json::array();
  for (const Reason& reason : judgement.reasons) {
    reasons.push_back(
        {{"fault", reason.fault}, {"criterion", reason.criterion}, {"text", reason.text}});
  }
  return {{"accepted", judgement.accepted}, {"fault", judgement.fault},
          {"reason", judgement.reason},     {"reasons", std::move(reasons)},
          {"scores", std::move(scores)},    {"measurements", judgement.measurements}};
}

Judgement judgement_from_json(const nlohmann::json& value) {
  try {
    Judgement judgement;
    judgement.accepted = value.at("accepted").get<bool>();
    judgement.reason = value.at("reason").get<std::string>();
    judgement.fault = value.at("fault").get<std::string>();
    for (const nlohmann::json& entry : value.at("reasons")) {
      judgement.reasons.push_back({entry.at("fault").get<std::string>(),
                                   entry.at("criterion").get<std::string>(),
                                   entry.at("text").get<std::string>()});
    }
    for (const nlohmann::json& entry : value.at("scores")) {
      Score score;
      score.criterion = entry.at("criterion").get<std::string>();
      if (const nlohmann::json& number = entry.at("value"); !number.is_null())
        score.value = number.get<double>();
      score.reason = entry.at("reason").get<std::string>();
      judgement.scores.push_back(std::move(score));
    }
    judgement.measurements = value.at("measurements");
    return judgement;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, std::string("judgement: ") + e.what());
  }
}

}  // namespace ditto::stages
