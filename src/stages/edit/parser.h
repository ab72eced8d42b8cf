#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stages/edit/program.h"

namespace ditto::stages::editing {

/// What an instruction in words asks for.
struct Parsed {
  std::optional<Program> program;
  /// Why there is none: the words that were not understood or can't be found or drawn, and in brief
  /// what can be done.
  std::string refusal;
};

/// Reads an instruction by rules: every word must be accounted for, so that nothing is done by
/// halves or in another way than asked. Doesn't look at a picture.
/// `more_objects` are names (normalised words) of things that can be added besides the drawn ones.
Parsed parse_instruction(std::string_view text, std::span<const std::string> more_objects = {});

/// "global looks (pencil sketch, ...), recolour ..." in a line.
std::string repertoire_in_brief();

}  // namespace ditto::stages::editing
