#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <string_view>

/// Colours as people name them.
namespace ditto::stages::editing {

enum class Colour : unsigned char {
  kRed,
  kOrange,
  kYellow,
  kGreen,
  kCyan,
  kBlue,
  kPurple,
  kPink,
  kBrown,
  kWhite,
  kGrey,
  kBlack,
  kNone
};
inline constexpr int kColours = 12;

std::string_view name_of(Colour colour);
/// From a name or one of its synonyms ("violet", "turquoise", "gray").
std::optional<Colour> colour_from(std::string_view word);
/// A typical value, RGB in 0..1.
cv::Vec3f colour_value(Colour colour);
/// How red .. purple things are named; kNone between the names. RGB in 0..1. The ranges leave gaps,
/// so that a colour that two people would name differently has no name. Skin tones have none.
Colour colour_of(const cv::Vec3f& rgb);
bool is_chromatic(Colour colour);
/// Whether a colour may belong to a thing of that name: its darker, paler and neighbouring shades.
/// For colours without shades of their own (brown, white, grey, black) the name itself.
bool is_shade_of(const cv::Vec3f& rgb, Colour colour);

}  // namespace ditto::stages::editing
