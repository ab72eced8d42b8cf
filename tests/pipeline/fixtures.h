#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "ditto/pipeline/lineage.h"

namespace ditto::pipeline {

/// A clip of the manifest; `n` makes it another one.
inline stages::ClipRecord clip_record(int n) {
  stages::ClipRecord record;
  record.id = fmt::format("{:016x}-{:06d}", 0xabcdefULL + static_cast<unsigned>(n), 10 * n);
  record.source_sha256 = fmt::format("{:064x}", n);
  record.source_file = fmt::format("/videos/{}.mp4", n);
  record.source_path = fmt::format("{}.mp4", n);
  record.start_frame = 10 * n;
  record.frames = 9;
  record.fps = {20, 1};
  record.width = 64;
  record.height = 48;
  record.measured = nlohmann::json::object();
  return record;
}

/// An empty directory of the running test.
inline std::filesystem::path test_directory() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto path = std::filesystem::path(::testing::TempDir()) /
                    fmt::format("{}.{}", info->test_suite_name(), info->name());
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace ditto::pipeline
