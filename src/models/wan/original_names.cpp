#include "models/wan/original_names.h"

#include <algorithm>
#include <span>
#include <utility>

#include "ditto/core/files.h"

namespace ditto::models::wan {
namespace {

/// diffusers' name of a module or parameter, and Wan's.
using Pair = std::pair<std::string_view, std::string_view>;

constexpr Pair kOutsideBlocks[] = {
    {"condition_embedder.time_embedder.linear_1", "time_embedding.0"},
    {"condition_embedder.time_embedder.linear_2", "time_embedding.2"},
    {"condition_embedder.time_proj", "time_projection.1"},
    {"condition_embedder.text_embedder.linear_1", "text_embedding.0"},
    {"condition_embedder.text_embedder.linear_2", "text_embedding.2"},
    {"condition_embedder.image_embedder.pos_embed", "img_emb.emb_pos"},
    {"condition_embedder.image_embedder.norm1", "img_emb.proj.0"},
    {"condition_embedder.image_embedder.ff.net.0.proj", "img_emb.proj.1"},
    {"condition_embedder.image_embedder.ff.net.2", "img_emb.proj.3"},
    {"condition_embedder.image_embedder.norm2", "img_emb.proj.4"},
    {"scale_shift_table", "head.modulation"},
    {"proj_out", "head.head"},
};

/// Beneath "blocks.N." and "vace_blocks.N.".
constexpr Pair kInBlocks[] = {
    {"attn1.to_q", "self_attn.q"},
    {"attn1.to_k", "self_attn.k"},
    {"attn1.to_v", "self_attn.v"},
    {"attn1.to_out.0", "self_attn.o"},
    {"attn1.norm_q", "self_attn.norm_q"},
    {"attn1.norm_k", "self_attn.norm_k"},
    {"attn2.to_q", "cross_attn.q"},
    {"attn2.to_k", "cross_attn.k"},
    {"attn2.to_v", "cross_attn.v"},
    {"attn2.to_out.0", "cross_attn.o"},
    {"attn2.norm_q", "cross_attn.norm_q"},
    {"attn2.norm_k", "cross_attn.norm_k"},
    {"attn2.add_k_proj", "cross_attn.k_img"},
    {"attn2.add_v_proj", "cross_attn.v_img"},
    {"attn2.norm_added_k", "cross_attn.norm_k_img"},
    {"norm2", "norm3"},
    {"ffn.net.0.proj", "ffn.0"},
    {"ffn.net.2", "ffn.2"},
    {"scale_shift_table", "modulation"},
    {"proj_in", "before_proj"},
    {"proj_out", "after_proj"},
};

constexpr std::string_view kPrefixes[] = {"model.diffusion_model.", "diffusion_model.", "model."};

std::string_view without_prefix(std::string_view name) {
  for (const std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

/// The length of "blocks.N." or "vace_blocks.N." at the beginning; 0 outside of blocks.
std::size_t block_prefix(std::string_view name) {
  constexpr std::string_view kWord = "blocks.";
  const std::size_t begin = name.starts_with("vace_") ? 5 : 0;
  if (!name.substr(begin).starts_with(kWord)) return 0;
  const std::size_t dot = name.find('.', begin + kWord.size());
  return dot == std::string_view::npos ? 0 : dot + 1;
}

std::string translated(std::string_view name, bool to_original) {
  const std::size_t prefix = block_prefix(name);
  const std::string_view rest = name.substr(prefix);
  const std::span<const Pair> pairs =
      prefix > 0 ? std::span<const Pair>(kInBlocks) : std::span<const Pair>(kOutsideBlocks);
  for (const auto& [ours, theirs] : pairs) {
    const auto& [from, to] = to_original ? Pair(ours, theirs) : Pair(theirs, ours);
    if (rest.starts_with(from) && (rest.size() == from.size() || rest[from.size()] == '.')) {
      return std::string(name.substr(0, prefix)).append(to).append(rest.substr(from.size()));
    }
  }
  return std::string(name);
}

bool has(const std::vector<std::string>& names, std::string_view wanted) {
  return std::any_of(names.begin(), names.end(),
                     [wanted](const std::string& name) { return without_prefix(name) == wanted; });
}

bool is_original(const std::vector<std::string>& names) {
  return has(names, "blocks.0.self_attn.q.weight");
}

bool is_diffusers(const std::vector<std::string>& names) {
  return has(names, "blocks.0.attn1.to_q.weight");
}

/// VACE's control branch in a file of its own, as WanVideoWrapper has it.
bool is_module(const std::vector<std::string>& names) {
  return has(names, "vace_blocks.0.self_attn.q.weight");
}

nlohmann::json refuse_module(const nn::Checkpoint& checkpoint) {
  throw Error(ErrorKind::kInput,
              printable(checkpoint.files().front().path()) +
                  ": holds VACE's control branch alone; put it into one directory with the file of "
                  "the text-to-video model that it is for, and name the directory");
}

std::string to_diffusers(const std::string& name) {
  return translated(without_prefix(name), false);
}

std::string to_original(const std::string& name) { return translated(name, true); }

std::string without_any_prefix(const std::string& name) {
  return std::string(without_prefix(name));
}

/// Shapes by Wan's names, without prefix.
class Shapes {
 public:
  explicit Shapes(const nn::Checkpoint& checkpoint)
      : file_(printable(checkpoint.files().front().path())) {
    for (const std::string& name : checkpoint.names()) {
      shapes_[translated(without_prefix(name), true)] = checkpoint.info(name).shape;
    }
  }
  bool has(const std::string& name) const { return shapes_.contains(name); }
  std::int64_t size(const std::string& name, std::size_t axis, std::size_t rank) const {
    const auto found = shapes_.find(name);
    if (found == shapes_.end() || found->second.size() != rank) {
      throw Error(ErrorKind::kInput,
                  file_ + ": tensor \"" + name + "\" is missing or has another rank than " +
                      std::to_string(rank) + ", so this Wan model's sizes aren't known");
    }
    return found->second[axis];
  }
  /// How many of "STEM.0.…", "STEM.1.…" there are, told by one parameter of each.
  std::int64_t count(const std::string& stem, const std::string& parameter) const {
    std::int64_t number = 0;
    while (has(stem + "." + std::to_string(number) + "." + parameter)) ++number;
    return number;
  }

 private:
  std::string file_;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
};

/// All published models have heads of this width; the shapes don't tell.
constexpr std::int64_t kHeadDim = 128;

nlohmann::json config_of(const nn::Checkpoint& checkpoint) {
  const Shapes shapes(checkpoint);
  const std::string patch = "patch_embedding.weight";
  const std::int64_t dim = shapes.size(patch, 0, 5);
  const std::int64_t elements =
      shapes.size(patch, 2, 5) * shapes.size(patch, 3, 5) * shapes.size(patch, 4, 5);
  const std::int64_t layers = shapes.count("blocks", "self_attn.q.weight");
  if (dim < kHeadDim || dim % kHeadDim != 0 || elements <= 0) {
    throw Error(ErrorKind::kInput,
                printable(checkpoint.files().front().path()) + ": " + patch +
                    " has a shape that isn't one of a Wan model; a config.json is needed");
  }
  nlohmann::json config = {
      {"_class_name", "WanTransformer3DModel"},
      {"patch_size",
       {shapes.size(patch, 2, 5), shapes.size(patch, 3, 5), shapes.size(patch, 4, 5)}},
      {"num_attention_heads", dim / kHeadDim},
      {"attention_head_dim", kHeadDim},
      {"in_channels", shapes.size(patch, 1, 5)},
      {"out_channels", shapes.size("head.head.weight", 0, 2) / elements},
      {"text_dim", shapes.size("text_embedding.0.weight", 1, 2)},
      {"freq_dim", shapes.size("time_embedding.0.weight", 1, 2)},
      {"ffn_dim", shapes.size("blocks.0.ffn.0.weight", 0, 2)},
      {"num_layers", layers},
      {"cross_attn_norm", shapes.has("blocks.0.norm3.weight")},
  };
  if (shapes.has("img_emb.proj.1.weight")) {
    config["image_dim"] = shapes.size("img_emb.proj.1.weight", 1, 2);
    config["added_kv_proj_dim"] = shapes.size("blocks.0.cross_attn.k_img.weight", 1, 2);
    if (shapes.has("img_emb.emb_pos")) {
      config["pos_embed_seq_len"] = shapes.size("img_emb.emb_pos", 1, 3);
    }
  }
  const std::int64_t hints = shapes.count("vace_blocks", "self_attn.q.weight");
  if (hints > 0) {
    // Every fifth block in the 14B model, every second in the 1.3B one: evenly.
    std::vector<std::int64_t> vace_layers;
    for (std::int64_t i = 0; i < hints; ++i) vace_layers.push_back(i * layers / hints);
    config["_class_name"] = "WanVACETransformer3DModel";
    config["vace_layers"] = vace_layers;
    config["vace_in_channels"] = shapes.size("vace_patch_embedding.weight", 1, 5);
  }
  return config;
}

}  // namespace

Layout vace_module_layout() { return {"VACE module", is_module, to_diffusers, refuse_module}; }

Layout diffusers_layout() { return {"", is_diffusers, without_any_prefix, config_of}; }

Layout original_layout() {
  return {"original Wan", is_original, to_diffusers, config_of, to_original};
}

}  // namespace ditto::models::wan
