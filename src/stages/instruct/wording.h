#pragma once

#include <string>
#include <vector>

#include "ditto/core/random.h"
#include "stages/edit/program.h"

namespace ditto::stages::instructing {

/// A sentence that asks for the program, as a person would type it: drawn from templates, synonyms,
/// clauses and words of strength. The parser reads it back as the same program.
std::string phrase(const editing::Program& program, Stream& stream);

/// Every core sentence for the program, without clauses and words of strength: at least eight.
std::vector<std::string> core_sentences(const editing::Program& program);

}  // namespace ditto::stages::instructing
