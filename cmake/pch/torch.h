// The one precompiled header for LibTorch. It stands apart from base.h: LibTorch brings a newer fmt
// of its own, so sources that include it use neither fmt nor spdlog.
#pragma once
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>
