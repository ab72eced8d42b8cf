#pragma once

#include <filesystem>
#include <string>

namespace ditto::models {

/// The directory of a checkpoint that is named in a config: a path; or, where nothing is at that
/// path, a name on the Hugging Face hub, "OWNER/NAME" or "OWNER/NAME@REVISION", in the hub's cache
/// on this machine (HF_HUB_CACHE, else the folder "hub" of HF_HOME, else ~/.cache/huggingface/hub).
/// REVISION is a branch, a tag or a commit; "main" without. Nothing is downloaded. Throws
/// Error(kInput) that says where it was looked for.
std::filesystem::path find_checkpoint(const std::string& name);

/// Tells checkpoints with different results apart, whatever their paths and shards: a hash over
/// configs and tokenizers, and each tensor's name, dtype, shape and a few of its bytes, evenly
/// spaced (all of them would take minutes for a large model). `path` is a model's directory or
/// single file, or a pipeline's directory. Throws Error(kInput).
std::string weights_digest(const std::filesystem::path& path);

}  // namespace ditto::models
