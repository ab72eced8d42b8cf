#include <fmt/format.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "text/pipeline.h"
#include "text/tokenizer_files.h"

namespace ditto::text {
namespace {

using nlohmann::json;

const json& member(const json& object, const char* key) {
  static const json absent;
  const auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

Unigram read_unigram(const json& model, const std::string& where) {
  const json& list = member(model, "vocab");
  if (!list.is_array()) throw Error(ErrorKind::kInput, where + ": 'model.vocab' must be a list");
  std::vector<Unigram::Piece> pieces;
  pieces.reserve(list.size());
  for (const json& piece : list) {
    if (!piece.is_array() || piece.size() != 2 || !piece[0].is_string() || !piece[1].is_number()) {
      throw Error(
          ErrorKind::kInput,
          fmt::format("{}: entry {} of 'model.vocab' is not [piece, score]", where, pieces.size()));
    }
    pieces.emplace_back(piece[0].get<std::string>(), piece[1].get<double>());
  }
  std::optional<std::int64_t> unknown;
  if (const json& id = member(model, "unk_id"); id.is_number_integer()) {
    unknown = id.get<std::int64_t>();
  }
  return {std::move(pieces), unknown, flag_of(model, "byte_fallback", false, where), where};
}

AddedTokens read_added(const json& list, const std::string& where) {
  AddedTokens added;
  if (!list.is_array()) return added;
  for (const json& token : list) {
    const json& id = member(token, "id");
    if (!id.is_number_unsigned()) {
      throw Error(ErrorKind::kInput, where + ": an entry of 'added_tokens' has no id");
    }
    added.add({.id = id.get<std::int64_t>(),
               .content = text_of(token, "content", where),
               .single_word = flag_of(token, "single_word", false, where),
               .takes_left = flag_of(token, "lstrip", false, where),
               .takes_right = flag_of(token, "rstrip", false, where),
               .normalized = flag_of(token, "normalized", false, where),
               .special = flag_of(token, "special", false, where)});
  }
  return added;
}

/// Only templates say what is put around a text.
void read_template(const json& step, Pipeline& pipeline) {
  if (step.is_null()) return;
  const std::string type = text_of(step, "type", pipeline.where);
  if (type != "TemplateProcessing") {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: the post-processor '{}' is not supported", pipeline.where, type));
  }
  bool behind = false;
  for (const json& part : member(step, "single")) {
    if (part.contains("Sequence")) {
      behind = true;
      continue;
    }
    const std::string name = text_of(member(part, "SpecialToken"), "id", pipeline.where);
    const json& ids = member(member(member(step, "special_tokens"), name.c_str()), "ids");
    if (!ids.is_array()) {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: the template's token '{}' has no ids", pipeline.where, name));
    }
    for (const json& id : ids) {
      (behind ? pipeline.behind : pipeline.before).push_back(id.get<std::int64_t>());
    }
  }
}

/// Of a T5 tokenizer transformers keeps the character map alone.
json charsmap_of(const json& normalizer) {
  if (!normalizer.is_object()) return nullptr;
  if (member(normalizer, "type") == "Precompiled") return normalizer;
  for (const json& step : member(normalizer, "normalizers")) {
    if (step.is_object() && member(step, "type") == "Precompiled") return step;
  }
  return nullptr;
}

}  // namespace

Pipeline read_tokenizer_json(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kTokenizerJson;
  const std::string where = printable(path);
  const json file = read_json_object(path);
  const json config = read_tokenizer_config(directory);
  const json& model = member(file, "model");
  if (!model.is_object()) throw Error(ErrorKind::kInput, where + ": there is no 'model'");
  const json& type = member(model, "type");
  // Older files leave the type of a unigram model out.
  const bool unigram = type == "Unigram" || (type.is_null() && member(model, "vocab").is_array());
  if (!unigram) {
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: the model type {} is not supported (Unigram is)", where, type.dump()));
  }
  const bool t5 = is_t5(config);
  const json& normalizer = member(file, "normalizer");
  Pipeline pipeline{.added = read_added(member(file, "added_tokens"), where),
                    .normalize = make_normalizer(t5 ? charsmap_of(normalizer) : normalizer, where),
                    .pre_tokenize = make_pre_tokenizer(
                        t5 ? t5_pre_tokenizer() : member(file, "pre_tokenizer"), where),
                    .model = read_unigram(model, where),
                    .before = {},
                    .behind = {},
                    .decode = make_decoder(t5 ? t5_decoder() : member(file, "decoder"), where),
                    .pad = std::nullopt,
                    .where = where};
  read_template(member(file, "post_processor"), pipeline);
  const std::string pad = special_token(config, "pad_token").value_or("<pad>");
  if (const AddedToken* token = pipeline.added.find(pad)) {
    pipeline.pad = token->id;
  } else {
    pipeline.pad = pipeline.model.id(pad);
  }
  return pipeline;
}

}  // namespace ditto::text
