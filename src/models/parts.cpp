#include "models/parts.h"

#include <algorithm>

namespace ditto::models {
namespace {

constexpr FilePart kKnown[] = {
    {"transformer", "model.diffusion_model."},
    {"text_encoder", "text_encoders.umt5xxl.transformer."},
    {"text_encoder", "cond_stage_model.umt5xxl.transformer."},
    {"text_encoder", "text_encoders.qwen25_7b.transformer."},
    {"vae", "vae."},
    {"vae", "first_stage_model."},
};

/// Beside the parts.
constexpr std::string_view kExtra[] = {"spiece_model", "scaled_fp8"};

}  // namespace

std::vector<FilePart> parts_of(const std::vector<std::string>& names) {
  std::vector<FilePart> found;
  for (const FilePart& part : kKnown) {
    const bool there = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name.starts_with(part.prefix);
    });
    if (there) found.push_back(part);
  }
  return found.size() > 1 ? found : std::vector<FilePart>();
}

std::vector<std::string> names_beside(const std::vector<FilePart>& parts,
                                      const std::vector<std::string>& names) {
  std::vector<std::string> beside;
  for (const std::string& name : names) {
    const bool in_part = std::any_of(parts.begin(), parts.end(), [&](const FilePart& part) {
      return name.starts_with(part.prefix);
    });
    const bool extra =
        std::any_of(std::begin(kExtra), std::end(kExtra), [&](const std::string_view ending) {
          return name == ending || name.ends_with("." + std::string(ending));
        });
    if (!in_part && !extra) beside.push_back(name);
  }
  return beside;
}

std::pair<std::filesystem::path, std::string> split_part(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::string text = path.string();
  const std::size_t mark = text.rfind('#');
  if (mark == std::string::npos || std::filesystem::exists(path, ignored)) return {path, ""};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

}  // namespace ditto::models
