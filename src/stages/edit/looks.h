#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <string_view>

#include "ditto/stages/instruct.h"

namespace ditto::stages::editing {

/// What a look is given besides the picture. `strength` is about 0.5 .. 2, 1 as designed.
struct LookInput {
  double strength = 1;
  std::string_view colour;  ///< for looks that come in a colour (duotone); a name of colours.h
};

/// A change of the whole picture. `apply` takes and returns CV_32FC3 RGB in 0..1 (values outside
/// are clipped later) and must not write to its input.
struct Look {
  std::string_view name;
  Task task = Task::kGlobalStyle;
  /// Looks of one family are one edit to a person: a clip gets one of them at most.
  std::string_view family;
  cv::Mat (*apply)(const cv::Mat& rgb, const LookInput& input);
  bool has_colour = false;
  /// Its texture is anchored to the frame's pixel grid, so that it can't follow motion: made when
  /// asked for, never proposed.
  bool anchored = false;
  /// What is corrected in any picture rather than edited: made when asked for, never proposed.
  bool correction = false;
};

/// The repertoire, in a fixed order.
std::span<const Look> looks();
const Look* find_look(std::string_view name);

std::span<const Look> drawn_looks();
std::span<const Look> printed_looks();
std::span<const Look> graded_looks();
std::span<const Look> light_looks();
std::span<const Look> weather_looks();
std::span<const Look> grid_looks();

}  // namespace ditto::stages::editing
