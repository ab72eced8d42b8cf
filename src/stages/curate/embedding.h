#pragma once

#include <array>
#include <cstddef>
#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

/// A perceptual embedding of a clip, for finding near-duplicates by cosine similarity.
///
/// Four parts, each scaled to its weight:
///   luma         low frequencies of the 32x32 DCT, without the mean, averaged over the clip
///   orientation  4x4 cells x 4 directions of gradient energy, centred per cell, averaged
///   chroma       Cr and Cb on a 4x4 layout, averaged
///   course       luma part of kSegments successive segments minus the clip's: what changes when
/// The course part tells apart two windows of one fixed camera: they show different motion and both
/// stay, while a still scene seen twice has no course and is a duplicate.
///
/// Similarities measured with 49 frames at 20 fps on 20 windows of nine real shots, to the same
/// window
///   re-encoded at CRF 36, halved, at 30 fps, or regraded       0.996 and more
///   cropped by 4 %                                             0.971 and more
///   cropped by 10 %                                            0.899 and more, median 0.962
///   with a white box of 120x40 on 640x368                      0.859 and more, median 0.986
///   begun 3 frames later                                       0.885 and more, median 0.977
/// and to other clips
///   other windows of one fixed camera (vtest.avi, 496 pairs)   0.824 and less, median 0.51
///   other windows of one shot otherwise                        0.66 and less
///   unrelated                                                  0.34 and less
/// The default of curate.duplicate_similarity, 0.9, lies in the gap. A mirrored clip (0.54 and
/// less) and a copy of a moving scene that begins half a second later (median 0.76) count as other
/// clips.
namespace ditto::stages::curate {

inline constexpr int kLumaTerms = 27;  ///< DCT terms (i, j) with 0 < i + j <= 6
inline constexpr int kChromaTerms = 32;
inline constexpr int kOrientationTerms = 64;
inline constexpr int kSegments = 5;
inline constexpr int kEmbeddingSize =
    kLumaTerms + kChromaTerms + kOrientationTerms + kSegments * kLumaTerms;

/// What one picture contributes.
struct Descriptor {
  std::array<float, kLumaTerms> luma{};
  std::array<float, kChromaTerms> chroma{};
  std::array<float, kOrientationTerms> orientation{};
};
Descriptor describe_picture(const cv::Mat& rgb);

/// A vector of length 1.
using Embedding = std::array<float, kEmbeddingSize>;
/// At least kSegments pictures, in order.
Embedding embed(std::span<const Descriptor* const> pictures);

/// 8 bits a term as hex digits, for the record; the cosine moves by less than 0.001.
std::string to_text(const Embedding& embedding);
/// Of length 1 again. Throws Error(kInput) when `text` is no embedding of this size.
Embedding embedding_from_text(const std::string& text);

}  // namespace ditto::stages::curate
