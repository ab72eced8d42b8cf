#pragma once

#include <nlohmann/json.hpp>

/// JSON Schemas of answers that a stage asks a language model for.
namespace ditto::stages {

nlohmann::ordered_json text_form(int least, int most);  ///< characters
/// An object of exactly these properties, in this order.
nlohmann::ordered_json object_form(const nlohmann::ordered_json& properties);

}  // namespace ditto::stages
