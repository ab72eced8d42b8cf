#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ditto/models/tool.h"

/// What `ditto model check` and `ditto model info` print.
namespace ditto::cli {

/// With the faults of components under COMPONENT/NAME at the top level, too.
nlohmann::ordered_json check_json(const models::ModelReport& report, bool tensors);
std::string check_text(const models::ModelReport& report, bool tensors);
/// "3 missing, 1 misshaped"; empty when there are none.
std::string fault_counts(const models::ModelReport& report);

nlohmann::ordered_json info_json(const models::ModelReport& report, bool tensors);
std::string info_text(const models::ModelReport& report, bool tensors);

}  // namespace ditto::cli
