#include <fmt/format.h>

#include <algorithm>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "text/pipeline.h"
#include "text/tokenizer_files.h"
#include "text/unicode.h"

namespace ditto::text {
namespace {

using nlohmann::json;

/// A merge a line, after a line with the version.
Bpe::Merges read_merges(const std::filesystem::path& path) {
  const std::string bytes = valid_utf8(read_file(path));
  const std::string where = printable(path);
  Bpe::Merges merges;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::string_view text = std::string_view(bytes).substr(begin, end - begin);
    begin = end + 1;
    ++line;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty() || text.starts_with("#version")) continue;
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      throw Error(ErrorKind::kInput, fmt::format("{}: line {} is no pair of tokens", where, line));
    }
    merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  return merges;
}

}  // namespace

Pipeline read_byte_pairs(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kVocabulary;
  const std::string where = printable(path);
  json config = read_tokenizer_config(directory);
  // The files don't say how a text is split.
  json& name = config["tokenizer_class"];
  if (name.is_null()) name = "Qwen2Tokenizer";
  if (!is_qwen2(config)) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: the tokenizer class {} is supported only with {}", where,
                            name.dump(), kTokenizerJson));
  }
  Bpe model(read_vocabulary(read_json_object(path), where), read_merges(directory / kMerges), {},
            where);
  Pipeline pipeline;
  pipeline.added = read_added(directory, config, nullptr, model, where, pipeline.pad);
  pipeline.normalize = make_normalizer(qwen2_normalizer(), where);
  pipeline.use(make_splitter(qwen2_pre_tokenizer(), where), std::move(model));
  pipeline.where = where;
  return pipeline;
}

}  // namespace ditto::text
