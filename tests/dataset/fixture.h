#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ditto/dataset/unit.h"

/// Made-up units whose content follows from their keys alone.
namespace ditto::dataset::test {

/// "a" accepted, "r" rejected, "q" quarantined, one letter per sample; `clip` numbers from 0.
struct ClipPlan {
  int clip;
  std::string outcomes;
};

/// 16 hex digits of a made-up source, and a start frame.
std::string clip_id(int clip);
SampleRecord make_record(int clip, int n, char outcome);
/// Bytes that only look like files: for tests that never decode.
SampleFiles opaque_files(const std::string& key);
std::string noise(const std::string& seed, std::size_t size);

UnitSummary stage_unit(const std::filesystem::path& out, std::int64_t unit,
                       const std::vector<ClipPlan>& clips, const config::Output& limits = {},
                       const std::string& fingerprint = {});

/// Every regular file below `directory` (relative path to content), without work/.
std::map<std::string, std::string> tree(const std::filesystem::path& directory);
/// Names in a directory, sorted.
std::vector<std::string> names(const std::filesystem::path& directory);
std::vector<std::string> lines(const std::filesystem::path& file);

/// Runs `action` in a child process that dies without any cleaning up before the `step`-th file
/// step, counted from 1. True when the child got that far; false when it ended before.
bool killed_at(int step, const std::function<void()>& action);
/// The same with an exception (a full disk) instead of death, in this process.
bool fails_at(int step, const std::function<void()>& action);

class DatasetTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  std::filesystem::path dir_;
};

}  // namespace ditto::dataset::test
