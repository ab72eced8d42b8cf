#include "stages/native/answer_form.h"

namespace ditto::stages {

nlohmann::ordered_json text_form(int least, int most) {
  return {{"type", "string"}, {"minLength", least}, {"maxLength", most}};
}

nlohmann::ordered_json object_form(const nlohmann::ordered_json& properties) {
  nlohmann::ordered_json required = nlohmann::ordered_json::array();
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  return {{"type", "object"},
          {"properties", properties},
          {"required", required},
          {"additionalProperties", false}};
}

}  // namespace ditto::stages
