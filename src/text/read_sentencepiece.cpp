#include <fmt/format.h>

#include <algorithm>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "text/charsmap.h"
#include "text/pipeline.h"
#include "text/sentencepiece.h"
#include "text/tokenizer_files.h"

namespace ditto::text {
namespace {

constexpr std::int64_t kUnknown = 2;  ///< fixed in T5Tokenizer

std::size_t extra_ids(const nlohmann::json& config) {
  constexpr std::size_t kDefault = 100;
  const auto found = config.find("extra_ids");
  return found != config.end() && found->is_number_unsigned() ? found->get<std::size_t>()
                                                              : kDefault;
}

}  // namespace

Pipeline read_sentencepiece(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kSentencePiece;
  const std::string where = printable(path);
  const auto file = SentencePieceModel::parse(read_file(path), where);
  if (!file.unigram) {
    throw Error(ErrorKind::kInput, where + ": only the unigram type of model is supported");
  }
  const nlohmann::json config = read_tokenizer_config(directory);

  std::vector<Unigram::Piece> pieces;
  for (const auto& piece : file.pieces) pieces.emplace_back(piece.text, piece.score);
  const auto is_extra = [](const Unigram::Piece& piece) {
    return piece.first.starts_with("<extra_id_");
  };
  if (std::none_of(pieces.begin(), pieces.end(), is_extra)) {
    for (std::size_t i = extra_ids(config); i-- > 0;) {
      pieces.emplace_back(fmt::format("<extra_id_{}>", i), 0.0);
    }
  }

  AddedTokens added;
  const auto add = [&](std::size_t id) {
    added.add({.id = static_cast<std::int64_t>(id), .content = pieces[id].first, .special = true});
  };
  const std::string pad = special_token(config, "pad_token").value_or("<pad>");
  const std::string end = special_token(config, "eos_token").value_or("</s>");
  const std::string unknown = special_token(config, "unk_token").value_or("<unk>");
  using Kind = SentencePieceModel::Kind;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string& text = pieces[i].first;
    const bool marked = i < file.pieces.size() && (file.pieces[i].kind == Kind::kControl ||
                                                   file.pieces[i].kind == Kind::kUserDefined);
    if (marked || is_extra(pieces[i]) || text == pad || text == end || text == unknown) add(i);
  }

  Pipeline pipeline;
  pipeline.added = std::move(added);
  pipeline.normalize = make_normalizer(nullptr, where);
  pipeline.use(make_pre_tokenizer(t5_pre_tokenizer(), where),
               Unigram(std::move(pieces), kUnknown, false, where));
  pipeline.decode = make_decoder(t5_decoder(), where);
  pipeline.where = where;
  if (!file.charsmap.empty()) {
    pipeline.normalize = [map = Charsmap(file.charsmap, where)](const std::string& text) {
      return map(text);
    };
  }
  pipeline.pad = pipeline.id(pad);
  const auto end_id = pipeline.id(end);
  if (!end_id) {
    throw Error(ErrorKind::kInput, fmt::format("{}: there is no piece '{}', the end", where, end));
  }
  pipeline.behind = {*end_id};
  return pipeline;
}

}  // namespace ditto::text
