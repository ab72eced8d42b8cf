#include "dataset/media_fixture.h"

#include "dataset/json_lines.h"
#include "dataset/tar_reader.h"
#include "dataset/tar_writer.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/dataset/manifest.h"

namespace ditto::dataset::test {

namespace fs = std::filesystem;

media::Video make_video(int clip, int edit, int frames, int width, int height) {
  media::Video video;
  video.fps = {20, 1};
  for (int t = 0; t < frames; ++t) {
    cv::Mat frame(height, width, CV_8UC3);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int shade = 60 + (x + 2 * y + 17 * clip) % 80;
        frame.at<cv::Vec3b>(y, x) = edit == 0
                                        ? cv::Vec3b::all(static_cast<unsigned char>(shade))
                                        : cv::Vec3b(static_cast<unsigned char>(shade + 30 * edit),
                                                    static_cast<unsigned char>(shade),
                                                    static_cast<unsigned char>(shade / 2));
      }
    }
    cv::rectangle(frame, {4 + 4 * t, 10 + 3 * (clip % 5), 12, 12}, {250, 240, 200}, cv::FILLED);
    video.frames.push_back(frame);
  }
  return video;
}

std::string key_of(int clip, int n) { return fmt::format("{}_{}", clip_id(clip), n); }

SampleFiles real_files(SampleRecord& record, int clip, int n) {
  const media::Video source = make_video(clip, 0);
  const media::Video edited = make_video(clip, n + 1);
  const cv::Mat& key = source.frames[4];
  const cv::Mat& edited_key = edited.frames[4];
  record.hashes["clip"] = media::pixel_hash(source);
  record.hashes["key_frame"] = media::pixel_hash(key);
  record.hashes["edited_key_frame"] = media::pixel_hash(edited_key);
  record.hashes["generated"] = record.hashes["final"] = media::pixel_hash(edited);
  SampleFiles files;
  files.source_mp4 = media::encode_mp4(source, {});
  files.edited_mp4 = media::encode_mp4(edited, {});
  files.keyframe_png = media::encode_png(key);
  files.edited_keyframe_png = media::encode_png(edited_key);
  if (n == 1) files.mask_png = media::encode_png(cv::Mat(48, 64, CV_8UC1, cv::Scalar(255)));
  return files;
}

namespace {

stages::SourceResult make_manifest() {
  stages::SourceResult result;
  for (int clip = 0; clip < 4; ++clip) {
    stages::ClipRecord record;
    record.id = clip_id(clip);
    record.source_path = fmt::format("videos/{}.mp4", clip / 2);
    record.source_sha256 = sha256_hex(fmt::format("source {}", clip / 2));
    record.source_file = "/videos/" + record.source_path;
    record.start_frame = clip % 2 * 49;
    record.frames = 9;
    record.fps = {20, 1};
    record.width = 64;
    record.height = 48;
    record.motion = 0.5;
    result.clips.push_back(record);
  }
  result.drops.push_back({"videos/broken.mp4", "", "unreadable", "no picture decodes", {}, {}});
  return result;
}

}  // namespace

void make_dataset(const fs::path& out) {
  write_file(out / "run.json", R"({"program": "ditto", "version": "0.1.0", "fingerprint": "f"})");
  write_manifest(out, make_manifest());
  config::Output limits;
  limits.shard_samples = 2;
  const std::vector<std::vector<ClipPlan>> units = {{{0, "aar"}, {1, "a"}}, {{2, "aaq"}}};
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    UnitWriter writer(out, static_cast<std::int64_t>(unit), fmt::format("unit-{}", unit), limits);
    for (const ClipPlan& clip : units[unit]) {
      for (int n = 0; n < static_cast<int>(clip.outcomes.size()); ++n) {
        const char outcome = clip.outcomes[static_cast<std::size_t>(n)];
        SampleRecord record = make_record(clip.clip, n, outcome);
        if (outcome == 'a') {
          const SampleFiles files = real_files(record, clip.clip, n);
          writer.add(record, files);
        } else {
          writer.add(record);
        }
      }
    }
    writer.commit();
  }
  merge({out}, out);
}

Members read_members(const fs::path& out, const std::string& shard) {
  const fs::path tar = out / "shards" / (shard + ".tar");
  Members members;
  for (const TarMember& found : scan_tar(tar, false).members) {
    members.emplace_back(found.name, read_member(tar, found));
  }
  return members;
}

void write_members(const fs::path& out, const std::string& shard, const Members& members) {
  TarWriter writer(out / "shards" / (shard + ".tar"));
  for (const auto& [name, content] : members) writer.add(name, content);
  writer.finish();
  make_consistent(out, shard);
}

void make_consistent(const fs::path& out, const std::string& shard) {
  const TarScan scan = scan_tar(out / "shards" / (shard + ".tar"), true);
  edit_json(out / "shards" / (shard + ".json"), [&](nlohmann::ordered_json& companion) {
    companion["sha256"] = scan.sha256;
    companion["bytes"] = scan.bytes;
    companion["members"] = nlohmann::json::array();
    companion["keys"] = nlohmann::json::array();
    std::string last;
    for (const TarMember& found : scan.members) {
      companion["members"].push_back(
          {{"name", found.name}, {"bytes", found.bytes}, {"sha256", found.sha256}});
      const std::string key = found.name.substr(0, found.name.find('.'));
      if (key != last) companion["keys"].push_back(key);
      last = key;
    }
    companion["samples"] = companion["keys"].size();
  });
  const std::vector<std::string> units = lines(out / "units.jsonl");
  for (std::size_t i = 0; i < units.size(); ++i) {
    edit_line(out / "units.jsonl", i, [&](nlohmann::ordered_json& unit) {
      for (std::size_t j = 0; j < unit["shards"].size(); ++j) {
        if (unit["shards"][j] == shard) unit["bytes"][j] = scan.bytes;
      }
    });
  }
}

std::string& member(Members& members, const std::string& name) {
  for (auto& [found, content] : members) {
    if (found == name) return content;
  }
  throw std::runtime_error("no member " + name);
}

void patch_header(const fs::path& out, const std::string& shard, std::size_t n, std::size_t at,
                  const std::string& bytes) {
  const fs::path tar = out / "shards" / (shard + ".tar");
  const TarScan scan = scan_tar(tar, false);
  std::string content = read_file(tar);
  const std::size_t header = scan.members.at(n).offset - 512;
  content.replace(header + at, bytes.size(), bytes);
  content.replace(header + 148, 8, std::string(8, ' '));
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(content[header + i]);
  content.replace(header + 148, 7, fmt::format("{:06o}", sum) + '\0');
  write_file(tar, content);
  make_consistent(out, shard);
}

void edit_json(const fs::path& file, const std::function<void(nlohmann::ordered_json&)>& change) {
  nlohmann::ordered_json value = nlohmann::ordered_json::parse(read_file(file));
  change(value);
  write_file(file, value.dump(1) + "\n");
}

void edit_line(const fs::path& file, std::size_t line,
               const std::function<void(nlohmann::ordered_json&)>& change) {
  std::string text;
  const std::vector<std::string> all = lines(file);
  for (std::size_t i = 0; i < all.size(); ++i) {
    nlohmann::ordered_json value = nlohmann::ordered_json::parse(all[i]);
    if (i == line) change(value);
    text += dump_line(value) + "\n";
  }
  write_file(file, text);
}

}  // namespace ditto::dataset::test
