#pragma once

#include "ditto/models/model.h"

namespace ditto::models {

/// A directory with a tokenizer as a model without weights. Entries: `tokenize` (argument `text`, a
/// string or a list; gives input_ids and attention_mask [N,L] i64, one row each, padded on the
/// right) and `detokenize` (input_ids [L] or [N,L]; gives the argument `text`, a list for several
/// rows).
Model make_tokenizer(const Source& source, const nn::Placement& placement);

}  // namespace ditto::models
