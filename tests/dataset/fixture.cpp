#include "dataset/fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/core/random.h"

namespace ditto::dataset::test {

namespace fs = std::filesystem;

std::string clip_id(int clip) {
  return sha256_hex(fmt::format("source {}", clip / 2)).substr(0, 16) +
         fmt::format("-{:06}", clip % 2 * 49);
}

SampleRecord make_record(int clip, int n, char outcome) {
  SampleRecord record;
  record.clip_id = clip_id(clip);
  record.key = fmt::format("{}_{}", record.clip_id, n);
  record.instruction.text = fmt::format("Make it look like «painting» number {}", n);
  record.instruction.task = static_cast<stages::Task>((clip + n) % 6);
  record.instruction.target = "the whole picture";
  record.instruction.program = {{"op", "palette"}, {"index", n}};
  record.outcome = outcome == 'a' ? "accepted" : outcome == 'r' ? "rejected" : "quarantined";
  if (outcome != 'a') {
    record.stage = outcome == 'r' ? "judge" : "generate";
    record.reason = outcome == 'r' ? "instruction 3.2 is below 5" : "no flow could be computed";
  }
  record.scores = outcome == 'q'
                      ? nlohmann::json()
                      : nlohmann::json::parse(
                            R"([{"criterion": "instruction", "value": 7.25, "reason": "x"}])");
  record.details = {{"gate", {{"change", 0.1}}}};
  record.seconds = {{"edit", 0.25}, {"generate", 2.5}};
  record.fingerprints = {{"edit", sha256_hex("edit")}, {"generate", sha256_hex(record.key)}};
  record.hashes = {{"source_file", sha256_hex(fmt::format("source {}", clip / 2))},
                   {"clip", sha256_hex(record.clip_id)}};
  record.clip = {{"fps", {20, 1}}, {"frames", 9},       {"width", 64},
                 {"height", 48},   {"key_frame", 4},    {"start_frame", clip % 2 * 49},
                 {"motion", 0.5},  {"start_seconds", 0}};
  record.config_fingerprint = sha256_hex("config");
  return record;
}

std::string noise(const std::string& seed, std::size_t size) {
  Stream stream(0, seed, "noise");
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(stream.next());
  return bytes;
}

SampleFiles opaque_files(const std::string& key) {
  SampleFiles files;
  files.source_mp4 = noise(key + "s", 1500);
  files.edited_mp4 = noise(key + "e", 2048);
  files.keyframe_png = noise(key + "k", 700);
  files.edited_keyframe_png = noise(key + "ek", 513);
  if (key.back() == '1') files.mask_png = noise(key + "m", 100);
  return files;
}

UnitSummary stage_unit(const fs::path& out, std::int64_t unit, const std::vector<ClipPlan>& clips,
                       const config::Output& limits, const std::string& fingerprint) {
  UnitWriter writer(out, unit, fingerprint.empty() ? fmt::format("unit-{}", unit) : fingerprint,
                    limits);
  for (const ClipPlan& clip : clips) {
    for (std::size_t n = 0; n < clip.outcomes.size(); ++n) {
      const SampleRecord record = make_record(clip.clip, static_cast<int>(n), clip.outcomes[n]);
      if (clip.outcomes[n] == 'a') {
        writer.add(record, opaque_files(record.key));
      } else {
        writer.add(record);
      }
    }
  }
  return writer.commit();
}

std::map<std::string, std::string> tree(const fs::path& directory) {
  std::map<std::string, std::string> files;
  if (!fs::exists(directory)) return files;
  for (auto it = fs::recursive_directory_iterator(directory); it != fs::end(it); ++it) {
    if (it.depth() == 0 && it->path().filename() == "work") {
      it.disable_recursion_pending();
    } else if (it->is_regular_file()) {
      files[fs::relative(it->path(), directory).string()] = read_file(it->path());
    }
  }
  return files;
}

std::vector<std::string> names(const fs::path& directory) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(directory)) {
    found.push_back(entry.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> lines(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

bool killed_at(int step, const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    int count = 0;
    set_file_fault([&](std::string_view, const fs::path&) {
      if (++count == step) ::_exit(77);
    });
    try {
      action();
      ::_exit(0);
    } catch (...) {
      ::_exit(1);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77))
      << "step " << step << " status " << status;
  return WIFEXITED(status) && WEXITSTATUS(status) == 77;
}

bool fails_at(int step, const std::function<void()>& action) {
  int count = 0;
  set_file_fault([&](std::string_view, const fs::path& path) {
    if (++count == step) {
      throw Error(ErrorKind::kFatal, "can't write " + path.string() + ": No space left on device");
    }
  });
  bool reached = false;
  try {
    action();
  } catch (const Error& e) {
    reached = true;
    EXPECT_EQ(e.kind(), ErrorKind::kFatal) << e.what();
    EXPECT_NE(std::string(e.what()).find("No space left"), std::string::npos) << e.what();
  }
  set_file_fault({});
  return reached;
}

void DatasetTest::SetUp() {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  // In memory where possible: the tests for interruptions sync thousands of files.
  const bool memory = ::access("/dev/shm", W_OK) == 0;
  dir_ = fs::path(memory ? "/dev/shm" : ::testing::TempDir()) /
         fmt::format("ditto-{}-{}", ::getpid(), info->name());
  fs::remove_all(dir_);
  fs::create_directories(dir_);
}

void DatasetTest::TearDown() {
  set_file_fault({});
  fs::remove_all(dir_);
}

}  // namespace ditto::dataset::test
