#include "ditto/nn/lora.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <regex>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/json.h"
#include "ditto/nn/dtype.h"

namespace ditto::nn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNames = 20;

[[noreturn]] void fail(const fs::path& file, const std::string& problem) {
  throw Error(ErrorKind::kInput, printable(file) + ": " + problem);
}

/// Stripped from the beginning of module names until one is known.
constexpr std::string_view kPrefixes[] = {"base_model.model.",
                                          "model.diffusion_model.",
                                          "diffusion_model.",
                                          "transformer.",
                                          "model.",
                                          "lora_unet_",
                                          "lora_transformer_",
                                          "lycoris_",
                                          "_"};

enum class Part {
  kDown,
  kUp,
  kUpBias,
  kAlpha,
  kDifference,
  kBiasDifference,
  kModulation,
  kUnknown
};

struct Suffix {
  std::string_view text;
  Part part;
};

/// The end of a tensor's name, once peft's ".default" has been taken out.
constexpr Suffix kSuffixes[] = {
    {".lora_A.weight", Part::kDown}, {".lora_B.weight", Part::kUp},
    {".lora_A", Part::kDown},        {".lora_B", Part::kUp},
    {".lora_B.bias", Part::kUpBias}, {".lora_down.weight", Part::kDown},
    {".lora_up.weight", Part::kUp},  {".lora.down.weight", Part::kDown},
    {".lora.up.weight", Part::kUp},  {".alpha", Part::kAlpha},
    {".diff", Part::kDifference},    {".diff_b", Part::kBiasDifference},
    {".diff_m", Part::kModulation},
};

struct Key {
  std::string module;
  Part part = Part::kUnknown;
};

/// "blocks.0.attn1.to_q.lora_A.default.weight" -> {"blocks.0.attn1.to_q", kDown}
Key parse_key(const std::string& name) {
  static const std::regex adapter(R"(\.(lora_[AB])\.(?!weight$|bias$)[^.]+(\.weight|\.bias)?$)");
  const std::string plain = std::regex_replace(name, adapter, ".$1$2");
  for (const auto& [text, part] : kSuffixes) {
    if (plain.size() > text.size() && plain.ends_with(text)) {
      return {plain.substr(0, plain.size() - text.size()), part};
    }
  }
  // At the root of the network.
  for (const auto& [text, part] : kSuffixes) {
    if (plain == text.substr(1)) return {"", part};
  }
  return {name, Part::kUnknown};
}

/// What peft was configured with, where a file says so.
struct Settings {
  std::optional<double> rank, alpha;
  std::map<std::string, double> ranks, alphas;  ///< by patterns of module names
  bool rank_stabilised = false;
};

void read_patterns(const nlohmann::json& patterns, std::map<std::string, double>& into) {
  if (!patterns.is_object()) return;
  for (const auto& [name, value] : patterns.items()) {
    if (value.is_number()) into[name] = value.get<double>();
  }
}

/// `config`: peft's, its keys perhaps after "transformer.".
Settings read_settings(const nlohmann::json& config, const fs::path& file) {
  Settings settings;
  if (!config.is_object()) fail(file, "LoRA settings must be a JSON object");
  for (const auto& [key, value] : config.items()) {
    const std::string name =
        key.substr(key.rfind('.') == std::string::npos ? 0 : key.rfind('.') + 1);
    if (name == "r" && value.is_number()) settings.rank = value.get<double>();
    if (name == "lora_alpha" && value.is_number()) settings.alpha = value.get<double>();
    if (name == "rank_pattern") read_patterns(value, settings.ranks);
    if (name == "alpha_pattern") read_patterns(value, settings.alphas);
    if (name == "use_rslora" && value.is_boolean()) settings.rank_stabilised = value.get<bool>();
    if (name == "use_dora" && value == true) fail(file, "is DoRA, which is not supported");
  }
  return settings;
}

Settings settings_of(const SafetensorsFile& file) {
  const auto& metadata = file.header().metadata;
  const auto found = metadata.find("lora_adapter_metadata");
  if (found != metadata.end()) {
    return read_settings(
        parse_json(found->second, printable(file.path()) + ": lora_adapter_metadata"), file.path());
  }
  const fs::path config = file.path().parent_path() / "adapter_config.json";
  std::error_code ignored;
  if (file.path().filename() == "adapter_model.safetensors" && fs::exists(config, ignored)) {
    return read_settings(read_json(config), config);
  }
  return {};
}

/// peft's rule: the pattern, a regular expression, matches the name's end.
std::optional<double> by_pattern(const std::map<std::string, double>& patterns,
                                 const std::string& module) {
  for (const auto& [pattern, value] : patterns) {
    const bool ends =
        module.ends_with(pattern) &&
        (module.size() == pattern.size() || module[module.size() - pattern.size() - 1] == '.');
    if (ends) return value;
    try {
      if (std::regex_match(module, std::regex("(.*\\.)?(" + pattern + ")"))) return value;
    } catch (const std::regex_error&) {  // no expression, then
    }
  }
  return std::nullopt;
}

double factor_of(const Settings& settings, const std::string& module, std::optional<double> alpha,
                 double rank) {
  if (!alpha) alpha = by_pattern(settings.alphas, module);
  if (!alpha) alpha = settings.alpha;
  if (!alpha) return 1;
  return *alpha / (settings.rank_stabilised ? std::sqrt(rank) : rank);
}

std::string flat(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kMostNames, names.size()); ++i) {
    text += "\n  " + shown(names[i]);
  }
  if (names.size() > kMostNames) {
    text += "\n  and " + std::to_string(names.size() - kMostNames) + " more";
  }
  return text;
}

}  // namespace

/// What one file says about one module.
struct Lora::Pending {
  std::string down, up, up_bias, difference, bias_difference, modulation;
  std::optional<double> alpha;
  std::vector<std::string> keys;

  void take(const std::string& key, Part part, const SafetensorsFile& file) {
    keys.push_back(key);
    std::string* const slots[] = {&down,      &up, &up_bias, nullptr, &difference, &bias_difference,
                                  &modulation};
    if (part == Part::kAlpha) {
      const at::Tensor value = file.tensor(key);
      if (value.numel() != 1) fail(file.path(), "\"" + shown(key) + "\" is no single number");
      alpha = value.to(at::kDouble).item<double>();
      return;
    }
    std::string& slot = *slots[static_cast<std::size_t>(part)];
    if (!slot.empty()) {
      fail(file.path(), "\"" + shown(slot) + "\" and \"" + shown(key) + "\" say the same");
    }
    slot = key;
  }
};

Lora::Lora(const Weights& weights, const std::vector<Alias>& aliases) : weights_(weights) {
  for (const Weight& weight : weights.all()) names_[weight.name] = weight.name;
  for (const Alias& alias : aliases) {
    for (const Weight& weight : weights.all()) names_.try_emplace(alias(weight.name), weight.name);
  }
  for (const auto& [name, own] : names_) {
    const auto [other, added] = flat_names_.try_emplace(flat(name), own);
    if (!added && other->second != own) other->second.clear();  // could be either: neither
  }
}

std::string Lora::resolve(const std::string& module, const std::vector<std::string>& leaves) const {
  std::string_view rest = module;
  for (bool stripped = true; stripped;) {
    for (const std::string& leaf : leaves) {
      const std::string dot = rest.empty() || leaf.empty() ? "" : ".";
      const std::string name = std::string(rest) + dot + leaf;
      if (const auto found = names_.find(name); found != names_.end()) return found->second;
      const auto found = flat_names_.find(flat(name));
      if (found != flat_names_.end() && !found->second.empty()) return found->second;
    }
    stripped = false;
    for (const std::string_view prefix : kPrefixes) {
      // At the root a prefix stands without its dot.
      const bool whole = prefix.ends_with('.') && rest == prefix.substr(0, prefix.size() - 1);
      if (!whole && !rest.starts_with(prefix)) continue;
      rest = whole ? std::string_view() : rest.substr(prefix.size());
      stripped = true;
      break;
    }
  }
  return {};
}

fs::path Lora::file_in(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return path;
  for (const char* name : {"pytorch_lora_weights.safetensors", "adapter_model.safetensors"}) {
    if (fs::exists(path / name, ignored)) return path / name;
  }
  fail(path, "has neither pytorch_lora_weights.safetensors nor adapter_model.safetensors");
}

void Lora::add(const fs::path& path, double scale) {
  const SafetensorsFile file(file_in(path));
  const Settings settings = settings_of(file);
  std::map<std::string, Pending> modules;
  std::vector<std::string> unmatched;
  for (const auto& [name, info] : file.header().tensors) {
    const Key key = parse_key(name);
    if (key.part == Part::kUnknown) {
      unmatched.push_back(name);
    } else {
      modules[key.module].take(name, key.part, file);
    }
  }
  const auto shape = [&](const std::string& name) { return file.header().tensors.at(name).shape; };
  const auto target = [&](const std::string& module, const std::vector<std::string>& leaves,
                          const std::string& key) {
    std::string name = resolve(module, leaves);
    if (name.empty()) unmatched.push_back(key);
    return name;
  };
  const auto change = [&](const std::string& name, Change one) {
    if (!one.difference.empty() &&
        elements(shape(one.difference)) != weights_.find(name)->tensor.numel()) {
      const std::string what = "\"" + shown(one.difference) + "\" has shape " +
                               shape_text(shape(one.difference)) + ", but " + name + " has " +
                               shape_text(weights_.find(name)->tensor.sizes());
      if (name.find("patch_embedding") == std::string::npos) fail(file.path(), what);
      warnings_.push_back(printable(file.path()) + ": " + what + "; it is left out");
      return;
    }
    changes_[name].push_back(std::move(one));
  };

  for (const auto& [module, parts] : modules) {
    double factor = 1;
    if (!parts.down.empty() && !parts.up.empty()) {
      const std::string name = target(module, {"weight", ""}, parts.down);
      const std::vector<std::int64_t> down = shape(parts.down);
      const std::vector<std::int64_t> up = shape(parts.up);
      if (down.size() < 2 || up.size() < 2 || down[0] < 1 || elements(up) != up[0] * down[0]) {
        fail(file.path(), "\"" + shown(parts.down) + "\" " + shape_text(down) + " and \"" +
                              shown(parts.up) + "\" " + shape_text(up) + " have no product");
      }
      factor = factor_of(settings, module, parts.alpha, static_cast<double>(down[0]));
      if (!name.empty()) {
        const at::Tensor& weight = weights_.find(name)->tensor;
        if (weight.dim() < 2 || weight.size(0) != up[0] ||
            weight.numel() != up[0] * (elements(down) / down[0])) {
          fail(file.path(), "\"" + shown(parts.down) + "\" " + shape_text(down) + " and \"" +
                                shown(parts.up) + "\" " + shape_text(up) + " don't fit " + name +
                                " " + shape_text(weight.sizes()));
        }
        change(name, {file, parts.down, parts.up, "", scale * factor});
      } else {
        unmatched.push_back(parts.up);
      }
    } else if (!parts.down.empty() || !parts.up.empty()) {
      fail(file.path(), "\"" + shown(parts.down + parts.up) + "\" has no counterpart");
    } else if (parts.alpha || !parts.up_bias.empty()) {
      unmatched.push_back(parts.keys.front());
    }
    const struct {
      const std::string& key;
      std::vector<std::string> leaves;
      double factor;
    } differences[] = {{parts.difference, {"weight", ""}, 1},
                       {parts.bias_difference, {"bias"}, 1},
                       {parts.up_bias, {"bias"}, factor},
                       {parts.modulation, {"modulation", "scale_shift_table", ""}, 1}};
    for (const auto& one : differences) {
      if (one.key.empty()) continue;
      const std::string name = target(module, one.leaves, one.key);
      if (!name.empty()) change(name, {file, "", "", one.key, scale * one.factor});
    }
  }
  if (!unmatched.empty()) {
    std::sort(unmatched.begin(), unmatched.end());
    fail(file.path(), std::to_string(unmatched.size()) +
                          " tensors of this LoRA match nothing in the network, or are of a kind "
                          "that is not supported:" +
                          listed(unmatched));
  }
  if (modules.empty()) fail(file.path(), "holds no tensors");
}

at::Tensor Lora::apply(const std::string& name, const at::Tensor& value) const {
  at::Tensor sum = value.clone();
  for (const Change& change : changes_.at(name)) {
    if (change.difference.empty()) {
      const at::Tensor down = change.file.tensor(change.down).to(at::kFloat).flatten(1);
      const at::Tensor up = change.file.tensor(change.up).to(at::kFloat).flatten(1);
      sum.view({sum.size(0), -1}).addmm_(up, down, 1, change.factor);
    } else {
      sum.add_(change.file.tensor(change.difference).to(at::kFloat).view_as(sum), change.factor);
    }
  }
  return sum;
}

WeightPatch Lora::patch() const {
  return {[this](const std::string& name) { return changes_.contains(name); },
          [this](const std::string& name, const at::Tensor& value) { return apply(name, value); }};
}

std::vector<std::string> Lora::changed() const {
  std::vector<std::string> names;
  for (const auto& [name, changes] : changes_) names.push_back(name);
  return names;
}

}  // namespace ditto::nn
