#include "dataset/verify_sample.h"

#include <fstream>

#include "dataset/json_lines.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/media/media.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestText = std::uint64_t{16} << 20;
constexpr int kLargestSide = 16384;
constexpr std::int64_t kMostFrames = 1'000'000;

const std::vector<std::string>& promised_roles() {
  static const std::vector<std::string> roles = {
      "source.mp4", "edited.mp4", "keyframe.png", "edited_keyframe.png", "mask.png", "txt", "json"};
  return roles;
}

/// The size that a PNG file announces; empty when it is no PNG. Looked at before decoding, since a
/// small file may announce a huge picture.
std::optional<cv::Size> announced_png_size(const fs::path& path) {
  std::array<unsigned char, 24> head{};
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(head.data()), head.size());
  constexpr std::array<unsigned char, 16> kStart = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                                    0,    0,   0,   13,  'I',  'H',  'D',  'R'};
  if (in.gcount() != static_cast<std::streamsize>(head.size()) ||
      !std::equal(kStart.begin(), kStart.end(), head.begin())) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) {
    const std::uint32_t value = static_cast<std::uint32_t>(head[at]) << 24 | head[at + 1] << 16 |
                                head[at + 2] << 8 | head[at + 3];
    return static_cast<int>(std::min<std::uint32_t>(value, 1u << 30));
  };
  return cv::Size(number(16), number(20));
}

/// The fields of two JSON objects that differ.
std::string differing_fields(const nlohmann::json& a, const nlohmann::json& b) {
  std::set<std::string> names;
  for (const auto& [left, right] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    for (const auto& [name, value] : left->items()) {
      const auto other = right->find(name);
      if (other == right->end() || *other != value) names.insert(printable(name));
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

struct SampleCheck::Picture {
  int width = 0;
  int height = 0;
  std::int64_t frames = 0;
  Rational fps;
};

const TarMember* FoundSample::member(const std::string& role) const {
  for (const auto& [name, found] : members) {
    if (name == role) return &found;
  }
  return nullptr;
}

void SampleCheck::add(const std::string& member, std::string problem) {
  faults_.add(fmt::format("{}: {}", shard_, printable(member)), std::move(problem));
}

void SampleCheck::check(const FoundSample& sample, const IndexedSample* expected,
                        const fs::path& samples_jsonl) {
  check_roles(sample);
  const TarMember* json_member = sample.member("json");
  if (json_member == nullptr) return;
  if (json_member->bytes > kLargestText) {
    return add(json_member->name,
               fmt::format("has {} bytes, too many to read", json_member->bytes));
  }
  nlohmann::json json;
  try {
    json = parse_json(read_member(tar_, *json_member), "the JSON");
    if (json.at("key") != sample.key) {
      add(json_member->name,
          fmt::format("its key is {} instead of {}", json.at("key").dump(), sample.key));
    }
    if (expected != nullptr) check_against_line(sample, json, *expected, samples_jsonl);
    if (const TarMember* text = sample.member("txt"); text != nullptr) {
      if (text->bytes > kLargestText || read_member(tar_, *text) != json.at("instruction")) {
        add(text->name, fmt::format("differs from the instruction in {}", json_member->name));
      }
    }
    const nlohmann::json& clip = json.at("clip");
    const nlohmann::json& hashes = json.at("hashes");
    Picture picture{clip.at("width"), clip.at("height"), clip.at("frames"),
                    rate_of(clip.at("fps"))};
    const auto side_is_sane = [](int side) { return side > 0 && side <= kLargestSide; };
    if (!side_is_sane(picture.width) || !side_is_sane(picture.height) || picture.frames <= 0 ||
        picture.frames > kMostFrames || picture.fps.num <= 0 || picture.fps.den <= 0) {
      return add(json_member->name, "its clip has an impossible size, rate or number of frames");
    }
    if (const TarMember* member = sample.member("source.mp4"); member != nullptr) {
      check_bytes(*member, hashes, "source_video");
      check_video(*member, picture);
    }
    if (const TarMember* member = sample.member("edited.mp4"); member != nullptr) {
      check_bytes(*member, hashes, "edited_video");
      check_video(*member, picture);
    }
    if (const TarMember* member = sample.member("keyframe.png"); member != nullptr) {
      check_image(*member, picture, hashes, "key_frame");
    }
    if (const TarMember* member = sample.member("edited_keyframe.png"); member != nullptr) {
      check_image(*member, picture, hashes, "edited_key_frame");
    }
    if (const TarMember* member = sample.member("mask.png"); member != nullptr) {
      check_image(*member, picture, hashes, nullptr);
    }
  } catch (const Error& e) {
    add(json_member->name, e.what());
  } catch (const nlohmann::json::exception& e) {
    add(json_member->name, e.what());
  }
}

void SampleCheck::check_roles(const FoundSample& sample) {
  std::vector<std::string> found;
  for (const auto& [role, member] : sample.members) {
    const bool known =
        std::find(promised_roles().begin(), promised_roles().end(), role) != promised_roles().end();
    if (!known) {
      add(member.name, "is no member that a sample has");
    } else if (std::find(found.begin(), found.end(), role) != found.end()) {
      add(member.name, "is there twice");
    } else {
      found.push_back(role);
    }
  }
  std::vector<std::string> in_order;
  for (const std::string& role : promised_roles()) {
    const bool there = std::find(found.begin(), found.end(), role) != found.end();
    if (there) in_order.push_back(role);
    if (!there && role != "mask.png") add(sample.key + "." + role, "is missing");
  }
  if (in_order != found) {
    add(sample.key,
        fmt::format("its members should come in the order {}", fmt::join(in_order, ", ")));
  }
}

void SampleCheck::check_against_line(const FoundSample& sample, const nlohmann::json& json,
                                     const IndexedSample& expected, const fs::path& samples_jsonl) {
  if (fingerprint(json) == expected.member_digest) return;
  LineReader reader(samples_jsonl, expected.offset);
  std::string line;
  reader.next(line);
  const nlohmann::json wanted = member_json(sample_from_json(parse_json(line, "the line")));
  add(sample.key + ".json", fmt::format("differs from samples.jsonl:{} in {}", expected.line,
                                        differing_fields(json, wanted)));
}

void SampleCheck::check_bytes(const TarMember& member, const nlohmann::json& hashes,
                              const char* field) {
  const auto wanted = hashes.find(field);
  if (wanted == hashes.end() || !wanted->is_string()) {
    return add(member.name, fmt::format("its lineage has no hashes.{}", field));
  }
  if (*wanted == member.sha256) return;
  const std::string other = elsewhere_(wanted->get<std::string>());
  add(member.name,
      fmt::format("is not the video of its lineage: its SHA-256 is {}, hashes.{} is {}{}",
                  member.sha256, field, wanted->get<std::string>(),
                  other.empty() ? "" : fmt::format(", which is that of {}", printable(other))));
}

void SampleCheck::check_image(const TarMember& member, const Picture& picture,
                              const nlohmann::json& hashes, const char* field) {
  try {
    const MemberFile file(tar_, member);
    const std::optional<cv::Size> announced = announced_png_size(file.path());
    if (!announced) return add(member.name, "is no PNG");
    if (*announced != cv::Size(picture.width, picture.height)) {
      return add(member.name, fmt::format("is {}x{} instead of {}x{}", announced->width,
                                          announced->height, picture.width, picture.height));
    }
    const cv::Mat image = media::read_image(file.path());
    if (field == nullptr) return;
    const auto wanted = hashes.find(field);
    if (wanted == hashes.end() || !wanted->is_string()) {
      return add(member.name, fmt::format("its lineage has no hashes.{}", field));
    }
    if (const std::string found = media::pixel_hash(image); *wanted != found) {
      add(member.name, fmt::format("is not the picture of its lineage: its pixels' hash is {}, "
                                   "hashes.{} is {}",
                                   found, field, wanted->get<std::string>()));
    }
  } catch (const Error& e) {
    add(member.name, fmt::format("can't be decoded: {}", e.what()));
  }
}

void SampleCheck::check_video(const TarMember& member, const Picture& picture) {
  try {
    const MemberFile file(tar_, member);
    const media::Probe probe = media::probe(file.path());
    if (probe.width != picture.width || probe.height != picture.height || probe.rotation != 0) {
      return add(member.name, fmt::format("is {}x{} instead of {}x{}", probe.width, probe.height,
                                          picture.width, picture.height));
    }
    if (!(probe.fps == picture.fps)) {
      return add(member.name,
                 fmt::format("has {}/{} frames a second instead of {}/{}", probe.fps.num,
                             probe.fps.den, picture.fps.num, picture.fps.den));
    }
    if (probe.frames != 0 && probe.frames != picture.frames) {
      return add(member.name,
                 fmt::format("has {} frames instead of {}", probe.frames, picture.frames));
    }
    if (!decode_videos_) return;
    media::DecodeRequest request;
    request.fps = picture.fps;
    std::int64_t distinct = 0;
    const std::int64_t frames =
        media::decode(file.path(), request, [&](std::int64_t index, const cv::Mat&, bool repeated) {
          distinct += repeated ? 0 : 1;
          return index <= picture.frames;  // one more than there should be is enough
        });
    if (frames != picture.frames || distinct != picture.frames) {
      add(member.name,
          fmt::format("decodes to {} frames, {} of them pictures of their own, instead "
                      "of {}",
                      frames, distinct, picture.frames));
    }
  } catch (const Error& e) {
    add(member.name, fmt::format("can't be decoded: {}", e.what()));
  }
}

}  // namespace ditto::dataset
