#pragma once

#include "dataset/merge_source.h"

/// A shortcut for merges that have nothing to do: as long as the files that went in and those that
/// came out are the very same (inode, size, time), nothing is read. Kept in the output's work;
/// without it a merge compares contents.
namespace ditto::dataset {

/// State of everything that decides what a merge makes.
std::string input_state(const std::vector<std::filesystem::path>& directories,
                        const std::filesystem::path& output, const WantedUnits& wanted);

/// What the last merge of these inputs said, when its files are untouched; `changed` is false.
std::optional<MergeResult> recall(const std::filesystem::path& output, const std::string& inputs);
/// Does nothing where work/ was deleted.
void remember(const std::filesystem::path& output, const std::string& inputs,
              const MergeResult& result);

}  // namespace ditto::dataset
