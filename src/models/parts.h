#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Files that hold several models, as ComfyUI saves its checkpoints: the transformer, the
/// autoencoder and the text encoder, each under a prefix of its own.
namespace ditto::models {

struct FilePart {
  std::string_view name;    ///< "transformer", "vae", "text_encoder"
  std::string_view prefix;  ///< of its tensors, with the dot at the end
};

/// The parts of a file with these names; none when it holds one model only.
std::vector<FilePart> parts_of(const std::vector<std::string>& names);

/// The names that belong to none of the parts, but for what ComfyUI adds for itself (its tokenizer,
/// markers of float8).
std::vector<std::string> names_beside(const std::vector<FilePart>& parts,
                                      const std::vector<std::string>& names);

/// "FILE#PART" as the file and the part's name; an empty name where there is no '#', or where a
/// file has all of the text for its name.
std::pair<std::filesystem::path, std::string> split_part(const std::filesystem::path& path);

}  // namespace ditto::models
