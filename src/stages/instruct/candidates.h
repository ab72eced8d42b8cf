#pragma once

#include <string>
#include <vector>

#include "ditto/core/random.h"
#include "ditto/stages/instruct.h"
#include "stages/edit/program.h"
#include "stages/instruct/measure.h"

namespace ditto::stages::instructing {

struct Candidate {
  editing::Program program;
  std::vector<std::string> senses;  ///< senses_of(program)
  bool moving = false;              ///< its target moves
};
/// What a program asks for, as a person would see it: two that share a sense are nearly the same
/// edit ("make the sky a sunset", "set the scene at sunset"). At least one.
std::vector<std::string> senses_of(const editing::Program& program);

/// The looks that the measurements neither contradict nor make pointless, in the repertoire's
/// order. Looks that need a colour get one from the stream.
std::vector<Candidate> global_candidates(const Measurements& m, Stream& stream);
/// Edits of parts that were measured; each is known to be possible on the key frame. Of additions
/// at least `additions` where there is room for so many kinds of objects, about half of them from
/// `own` while there are any.
std::vector<Candidate> local_candidates(const Clip& clip, const Measurements& m, int additions,
                                        std::span<const OwnObject> own, Stream& stream);

}  // namespace ditto::stages::instructing
