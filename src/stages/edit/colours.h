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
/// Whether somebody might give the colour that name, though another may be more usual: true of two
/// names for what lies between them. Chromatic names only, and vivid colours; pale ones may be
/// pink or orange.
bool may_be_called(const cv::Vec3f& rgb, Colour colour);
/// Distance of their hues in degrees, 0..180; 180 when one of the two has hardly any.
double hue_distance(const cv::Vec3f& a, const cv::Vec3f& b);

}  // namespace ditto::stages::editing
