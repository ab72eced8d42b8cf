#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "ditto/config/config.h"

namespace ditto::pipeline {

/// Why a sample is or isn't redone: for each stage its fingerprint as recorded and as the config
/// (run.json's, or `config` when given) wants it now, and which inputs differ. Text for a person.
/// Throws Error(kUsage) when the output has no such sample.
std::string explain(const std::filesystem::path& out, const std::string& key,
                    const std::optional<config::Config>& config);

}  // namespace ditto::pipeline
