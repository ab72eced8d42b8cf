#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ditto::stages {

/// The data of OpenCV's face detector: two boosted cascades from the Debian package opencv-data,
/// looked for once. They are in the folder that the environment variable DITTO_HAARCASCADES names,
/// when that is set; else in the one that was found when the program was configured. Without them
/// no instruction speaks of a face.
struct FaceData {
  std::filesystem::path folder;                 ///< that was looked in
  std::vector<std::filesystem::path> cascades;  ///< both; empty when they can't be had
  std::string digest;   ///< SHA-256 over both, for fingerprints; empty without them
  std::string problem;  ///< why there are none
  bool found() const { return !cascades.empty(); }
};
/// Of this process. Never throws for want of data.
const FaceData& face_data();
/// What is in a folder.
FaceData read_face_data(const std::filesystem::path& folder);

}  // namespace ditto::stages
