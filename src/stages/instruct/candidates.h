#pragma once

#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "stages/edit/program.h"
#include "stages/instruct/measure.h"

namespace ditto::stages::instructing {

struct Candidate {
  editing::Program program;
  /// Candidates of one family ask for the same edit, as a person would see it.
  std::string family;
};

/// The looks that the measurements neither contradict nor make pointless, in the repertoire's
/// order. Looks that need a colour get one from the stream.
std::vector<Candidate> global_candidates(const Measurements& m, Stream& stream);
/// Edits of parts that were measured; each is known to be possible on the key frame.
std::vector<Candidate> local_candidates(const Clip& clip, const Measurements& m, Stream& stream);

/// In random order, weighted by task; of each family the first only.
std::vector<Candidate> shuffled(std::vector<Candidate> candidates, const config::Instruct& config,
                                Stream& stream);

}  // namespace ditto::stages::instructing
