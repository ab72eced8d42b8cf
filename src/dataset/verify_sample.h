#pragma once

#include "dataset/tar_reader.h"
#include "dataset/verify_index.h"

namespace ditto::dataset {

/// The members of one sample as found in a shard, by role ("source.mp4").
struct FoundSample {
  std::string key;
  std::vector<std::pair<std::string, TarMember>> members;

  const TarMember* member(const std::string& role) const;
};

/// Looks into a sample: that its members decode to what its JSON says and are those of its lineage.
/// `elsewhere` names the member of the shard that has given bytes, to tell a swap.
class SampleCheck {
 public:
  SampleCheck(const std::filesystem::path& tar, std::string shard, bool decode_videos,
              std::function<std::string(const std::string& sha256)> elsewhere, Faults& faults)
      : tar_(tar),
        shard_(std::move(shard)),
        decode_videos_(decode_videos),
        elsewhere_(std::move(elsewhere)),
        faults_(faults) {}

  /// `expected`: as samples.jsonl has it; null when it isn't there (reported elsewhere).
  void check(const FoundSample& sample, const IndexedSample* expected,
             const std::filesystem::path& samples_jsonl);

 private:
  struct Picture;

  void check_roles(const FoundSample& sample);
  void check_against_line(const FoundSample& sample, const nlohmann::json& json,
                          const IndexedSample& expected,
                          const std::filesystem::path& samples_jsonl);
  void check_bytes(const TarMember& member, const nlohmann::json& hashes, const char* field);
  void check_image(const TarMember& member, const Picture& picture, const nlohmann::json& hashes,
                   const char* field);
  void check_video(const TarMember& member, const Picture& picture);
  void add(const std::string& member, std::string problem);

  const std::filesystem::path& tar_;
  std::string shard_;
  bool decode_videos_;
  std::function<std::string(const std::string&)> elsewhere_;
  Faults& faults_;
};

}  // namespace ditto::dataset
