#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ditto/media/video.h"

namespace ditto::stages {

/// One line of the manifest: where a clip comes from. The id is
/// <first 16 hex digits of the source's SHA-256>-<start frame on the clip's frame grid, 6 digits>.
struct ClipRecord {
  std::string id;
  std::string source_path;  ///< relative to the input folder it was found in, as core's printable()
  std::string source_sha256;
  std::string source_bytes_path;  ///< absolute path's bytes as hex when they are not valid UTF-8
  std::string source_file;        ///< absolute path at curation time, printable
  std::int64_t start_frame = 0;   ///< on the grid of clip.fps
  double start_seconds = 0;
  int frames = 0;
  Rational fps;
  int width = 0;
  int height = 0;
  double motion = 0;        ///< motion score, diagonals
  nlohmann::json measured;  ///< other scores of curation: luma, letterbox, shot, embedding, ...
};

nlohmann::ordered_json to_json(const ClipRecord& record);
/// Throws Error(kInput) naming the missing or wrong field.
ClipRecord clip_record_from_json(const nlohmann::json& line);
/// The bytes of the source's path, whatever its encoding.
std::string source_path_of(const ClipRecord& record);

/// What the stages see of a clip.
struct Clip {
  std::string id;
  std::int64_t ordinal = 0;  ///< its line in the manifest, from 0
  media::Video video;
  int key_frame = 0;  ///< index of the key frame

  const cv::Mat& key() const { return video.frames[static_cast<std::size_t>(key_frame)]; }
};

/// What memory is planned from.
struct ClipShape {
  int frames = 0;
  int width = 0;
  int height = 0;
  double fps = 0;  ///< 0: not known
  std::size_t video_bytes() const {
    return static_cast<std::size_t>(frames) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(height) * 3;
  }
};

/// Identity of a backend for fingerprints: raise `version` when its results change.
struct BackendId {
  std::string name;
  int version = 1;
  std::string weights_digest;  ///< empty where results depend on no such data
};

}  // namespace ditto::stages
