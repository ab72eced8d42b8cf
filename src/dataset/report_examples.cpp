#include "dataset/report_examples.h"

#include "dataset/tar_reader.h"
#include "dataset/verify_index.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/media/media.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

constexpr int kLongestSide = 320;
constexpr int kJpegQuality = 80;

std::string base64(const std::string& bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const unsigned word = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (unsigned digit = 0; digit < 4; ++digit) {
      const bool padding = i + digit > bytes.size();
      text += padding ? '=' : kAlphabet[word >> (18 - 6 * digit) & 63];
    }
  }
  return text;
}

std::string data_uri(const cv::Mat& frame) {
  return "data:image/jpeg;base64," + base64(media::encode_jpeg(frame, kJpegQuality));
}

const TarMember& member_of(const TarScan& scan, const std::string& name) {
  for (const TarMember& member : scan.members) {
    if (member.name == name) return member;
  }
  throw Error(ErrorKind::kInput, name + " is not in its shard");
}

/// The wanted frames (ascending) of a member, scaled down.
std::vector<std::string> frames_of(const fs::path& tar, const TarMember& member,
                                   const std::vector<std::int64_t>& wanted,
                                   media::DecodeRequest request) {
  const MemberFile file(tar, member);
  std::vector<std::string> frames;
  request.count = wanted.back() + 1;
  media::decode(file.path(), request, [&](std::int64_t index, const cv::Mat& frame, bool) {
    while (frames.size() < wanted.size() && wanted[frames.size()] == index) {
      frames.push_back(data_uri(frame));
    }
    return frames.size() < wanted.size();
  });
  if (frames.size() < wanted.size()) throw Error(ErrorKind::kInput, member.name + " is too short");
  return frames;
}

}  // namespace

ExampleFrames example_frames(const fs::path& out, const SampleRecord& record) {
  try {
    const fs::path tar = out / "shards" / (record.shard + ".tar");
    const TarScan scan = scan_tar(tar, false);
    const int width = record.clip.at("width");
    const int height = record.clip.at("height");
    const std::int64_t last = record.clip.at("frames").get<std::int64_t>() - 1;
    const std::int64_t key = record.clip.at("key_frame");
    if (width <= 0 || height <= 0 || last < 0 || key < 0 || key > last) {
      throw Error(ErrorKind::kInput, "its clip has an impossible size or key frame");
    }
    const double scale = std::min(1.0, static_cast<double>(kLongestSide) / std::max(width, height));
    const auto scaled = [&](int side) {
      return std::max(2, static_cast<int>(std::lround(side * scale)) / 2 * 2);
    };
    media::DecodeRequest request;
    request.fps = rate_of(record.clip.at("fps"));
    request.width = scaled(width);
    request.height = scaled(height);

    const std::vector<std::int64_t> wanted = {0, key, last};
    const auto source =
        frames_of(tar, member_of(scan, record.key + ".source.mp4"), wanted, request);
    const auto edited =
        frames_of(tar, member_of(scan, record.key + ".edited.mp4"), wanted, request);
    ExampleFrames frames;
    frames.width = request.width;
    frames.height = request.height;
    const std::array<const char*, 3> labels = {"first", "key frame", "last"};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      frames.moments.push_back({labels[i], source[i], edited[i]});
    }
    return frames;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, e.what());
  }
}

}  // namespace ditto::dataset
