#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "ditto/stages/instruct.h"

namespace ditto::stages::editing {

/// What a local edit is about. Found again from the key frame alone (regions.h).
struct Target {
  /// "object" (a compact region of one named colour), "sky", "grass", "greenery", "background" (a
  /// plain backdrop), "person" or "moving" (what moves against the camera; found in a clip only);
  /// empty: the program needs none.
  std::string kind;
  std::string colour;  ///< of an object; empty otherwise
  std::string side;    ///< "left", "middle", "right", "top", "bottom"; empty: not said
  friend bool operator==(const Target&, const Target&) = default;
};

/// An edit, exactly. The names of global programs are those of the looks; the local ones are
///   recolour target colour     brighten target    darken target    isolate target (rest grey)
///   material target object     remove target      add object [colour] [place]
///   replace target object [colour]
struct Program {
  std::string name;
  double strength = 1;  ///< 0.7 slight, 1 plain, 1.3 strong; any in 0.1..2 when given as JSON
  Target target;
  std::string colour;
  std::string object;  ///< what is drawn, the backdrop, or the material
  std::string place;   ///< where an object goes; empty: where there is most room
  friend bool operator==(const Program&, const Program&) = default;
};

Task task_of(const Program& program);
/// Only the fields that are set.
nlohmann::json to_json(const Program& program);
/// Throws Error(kInput) naming an unknown program, key or value. `more_objects`: what can be added
/// besides the drawn objects.
Program program_from_json(const nlohmann::json& value,
                          std::span<const std::string> more_objects = {});
/// "the red object on the left", "the sky"; "the whole picture" for global programs.
std::string target_text(const Program& program);
std::string target_text(const Target& target);

bool is_local_program(std::string_view name);
std::span<const std::string_view> sides();      ///< of Target::side
std::span<const std::string_view> places();     ///< of Program::place
std::span<const std::string_view> materials();  ///< gold, silver, ...
std::span<const std::string_view> backdrops();  ///< what the sky can be replaced with
std::span<const std::string_view> grounds();    ///< what grass can be replaced with

}  // namespace ditto::stages::editing
