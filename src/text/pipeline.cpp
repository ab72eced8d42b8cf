#include "text/pipeline.h"

#include <memory>

#include "text/unicode.h"

namespace ditto::text {

void Pipeline::use(PreTokenizer pre_tokenize, Unigram unigram) {
  const auto model = std::make_shared<const Unigram>(std::move(unigram));
  make_encoder = [model, pre_tokenize = std::move(pre_tokenize)]() -> PartEncoder {
    return
        [model, &pre_tokenize](std::string_view part, bool first, std::vector<std::int64_t>& ids) {
          for (const std::string& word : pre_tokenize(std::string(part), first)) {
            model->encode(word, ids);
          }
        };
  };
  id = [model](std::string_view token) { return model->id(token); };
  model_ids = static_cast<std::int64_t>(model->size());
  piece = [model](std::int64_t number) {
    return number >= 0 && number < static_cast<std::int64_t>(model->size())
               ? &model->piece(static_cast<std::size_t>(number))
               : nullptr;
  };
}

void Pipeline::use(Splitter split, Bpe bpe) {
  const auto model = std::make_shared<const Bpe>(std::move(bpe));
  make_encoder = [model, split = std::move(split)]() -> PartEncoder {
    return [cache = BpeCache(*model), &split](std::string_view part, bool /*first*/,
                                              std::vector<std::int64_t>& ids) mutable {
      for (const std::string_view word : split(part)) cache.encode(word, part.size(), ids);
    };
  };
  id = [model](std::string_view token) { return model->id(token); };
  piece = [model](std::int64_t number) { return model->piece(number); };
  model_ids = model->end_id();
  byte_level = true;
  decode = [](const std::vector<std::string>& tokens) {
    std::string bytes;
    for (const std::string& token : tokens) bytes += bytes_of_token(token).value_or(token);
    return std::vector{valid_utf8(bytes)};
  };
}

}  // namespace ditto::text
