#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "ditto/stages/clip.h"

/// The files that `ditto stage` reads and writes. Errors are ditto::Error naming the file.
namespace ditto::cli {

/// Bytes beside the frames themselves, for a clip of this shape.
using MemoryNeed = std::function<std::size_t(const stages::ClipShape&)>;

/// Every frame of a video at its own rate and displayed size; an odd width or height loses its last
/// column or row, with a message. Error(kUsage) when frames and `need` don't fit into the memory
/// that is free, before anything is decoded.
media::Video read_whole_video(const std::filesystem::path& path, const MemoryNeed& need);

/// The picture for a frame of this size. A picture of the same shape and another size is scaled,
/// with a message; another shape is an Error(kUsage). `path` is its name in messages.
cv::Mat fit_picture(const cv::Mat& picture, const std::filesystem::path& path, cv::Size size);

/// The clip as stages see it. Its id is made of its pixels, so that results depend on no name.
stages::Clip clip_of(media::Video video, int key_frame);

/// The index of the frame at a position from 0, the first, to 1, the last.
int frame_at(double position, std::size_t frames);

/// Throws Error(kUsage) unless the name ends in one of the endings (with dot, lower case).
void require_ending(const std::string& option, const std::filesystem::path& path,
                    const std::vector<std::string>& endings);

/// PNG, or JPEG where the name says so.
void write_picture(const std::filesystem::path& path, const cv::Mat& picture);

}  // namespace ditto::cli
