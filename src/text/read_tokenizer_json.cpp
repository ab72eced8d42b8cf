#include <fmt/format.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "text/pipeline.h"
#include "text/tokenizer_files.h"

namespace ditto::text {
namespace {

using nlohmann::json;

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

/// [["a", "b"], ...], in older files ["a b", ...].
Bpe::Merges read_merges(const json& list, const std::string& where) {
  if (!list.is_array()) throw Error(ErrorKind::kInput, where + ": 'model.merges' must be a list");
  Bpe::Merges merges;
  merges.reserve(list.size());
  for (const json& merge : list) {
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const std::size_t space = text.find(' ');
      if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
        merges.emplace_back(text.substr(0, space), text.substr(space + 1));
        continue;
      }
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      continue;
    }
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: entry {} of 'model.merges' is no pair of tokens", where, merges.size()));
  }
  return merges;
}

Bpe read_bpe(const json& model, const std::string& where) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const json& value = member(model, key);
    if (!value.is_null() && value != "") {
      throw Error(ErrorKind::kInput, fmt::format("{}: 'model.{}' is not supported", where, key));
    }
  }
  const json& dropout = member(model, "dropout");
  if (!dropout.is_null() && dropout != 0) {
    throw Error(ErrorKind::kInput, where + ": 'model.dropout' is not supported");
  }
  if (flag_of(model, "byte_fallback", false, where)) {
    throw Error(ErrorKind::kInput, where + ": 'model.byte_fallback' of BPE is not supported");
  }
  Bpe::Options options;
  if (member(model, "unk_token").is_string()) options.unknown = text_of(model, "unk_token", where);
  options.fuse_unknown = flag_of(model, "fuse_unk", false, where);
  options.whole_words = flag_of(model, "ignore_merges", false, where);
  return {read_vocabulary(member(model, "vocab"), where),
          read_merges(member(model, "merges"), where), options, where};
}

/// Only templates say what is put around a text; ByteLevel changes no ids.
void read_template(const json& step, Pipeline& pipeline) {
  if (step.is_null()) return;
  const std::string type = text_of(step, "type", pipeline.where);
  if (type == "ByteLevel") return;
  if (type == "Sequence") {
    for (const json& part : list_of(step, "processors", pipeline.where)) {
      read_template(part, pipeline);
    }
    return;
  }
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

void use_unigram(const json& file, const json& config, Pipeline& pipeline) {
  const std::string& where = pipeline.where;
  const bool t5 = is_t5(config);
  const json& normalizer = member(file, "normalizer");
  pipeline.added = read_added(member(file, "added_tokens"), where);
  pipeline.normalize = make_normalizer(t5 ? charsmap_of(normalizer) : normalizer, where);
  pipeline.use(make_pre_tokenizer(t5 ? t5_pre_tokenizer() : member(file, "pre_tokenizer"), where),
               read_unigram(member(file, "model"), where));
  pipeline.decode = make_decoder(t5 ? t5_decoder() : member(file, "decoder"), where);
  const std::string pad = special_token(config, "pad_token").value_or("<pad>");
  const AddedToken* token = pipeline.added.find(pad);
  pipeline.pad = token != nullptr ? token->id : pipeline.id(pad);
}

void use_byte_pairs(const std::filesystem::path& directory, const json& file, const json& config,
                    Pipeline& pipeline) {
  const std::string& where = pipeline.where;
  const bool qwen2 = is_qwen2(config);
  if (!qwen2) check_byte_decoder(member(file, "decoder"), where);
  Bpe model = read_bpe(member(file, "model"), where);
  pipeline.added =
      read_added(directory, config, member(file, "added_tokens"), model, where, pipeline.pad);
  pipeline.normalize =
      make_normalizer(qwen2 ? qwen2_normalizer() : member(file, "normalizer"), where);
  pipeline.use(make_splitter(qwen2 ? qwen2_pre_tokenizer() : member(file, "pre_tokenizer"), where),
               std::move(model));
}

}  // namespace

Bpe::Vocabulary read_vocabulary(const json& object, const std::string& where) {
  if (!object.is_object()) {
    throw Error(ErrorKind::kInput, where + ": a BPE vocabulary must be an object");
  }
  Bpe::Vocabulary vocabulary;
  vocabulary.reserve(object.size());
  for (const auto& [token, id] : object.items()) {
    if (!id.is_number_unsigned()) {
      throw Error(ErrorKind::kInput, fmt::format("{}: the token '{}' has no id", where, token));
    }
    vocabulary.emplace(token, id.get<std::int64_t>());
  }
  return vocabulary;
}

Pipeline read_tokenizer_json(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kTokenizerJson;
  Pipeline pipeline;
  pipeline.where = printable(path);
  const json file = read_json_object(path);
  const json config = read_tokenizer_config(directory);
  const json& model = member(file, "model");
  if (!model.is_object()) {
    throw Error(ErrorKind::kInput, pipeline.where + ": there is no 'model'");
  }
  const json& type = member(model, "type");
  // Older files leave the type out: a unigram model's vocabulary is a list.
  if (type == "Unigram" || (type.is_null() && member(model, "vocab").is_array())) {
    use_unigram(file, config, pipeline);
  } else if (type == "BPE" || (type.is_null() && member(model, "merges").is_array())) {
    use_byte_pairs(directory, file, config, pipeline);
  } else {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: the model type {} is not supported (Unigram and BPE are)",
                            pipeline.where, type.dump()));
  }
  read_template(member(file, "post_processor"), pipeline);
  return pipeline;
}

}  // namespace ditto::text
