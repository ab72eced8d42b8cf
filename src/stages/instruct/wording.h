#pragma once

#include <span>
#include <string>
#include <vector>

#include "ditto/core/random.h"
#include "stages/edit/program.h"

namespace ditto::stages::instructing {

/// What is known of the clip and of the target, for words that take it for granted.
struct Facts {
  bool outdoors = false;
  bool sky = false;       ///< there is one in the picture
  bool greenery = false;  ///< so are leaves or grass
  bool moving = false;    ///< the target moves
  int faces = 0;          ///< faces that are seen all along
};

/// A sentence that asks for the program, as a person would type it: drawn from templates, synonyms,
/// clauses and words of strength. The parser reads it back as the same program. `own_objects`: the
/// names of things of the user's own, as the parser is given them.
std::string phrase(const editing::Program& program, const Facts& facts, Stream& stream,
                   std::span<const std::string> own_objects = {});

/// Every core sentence for the program that the facts allow, without clauses and words of strength:
/// at least eight.
std::vector<std::string> core_sentences(const editing::Program& program, const Facts& facts);

/// Whether the text takes nothing for granted that the facts don't hold.
bool is_backed(std::string_view text, const Facts& facts);

}  // namespace ditto::stages::instructing
