#include "text/unigram.h"

#include <fmt/format.h>

#include <algorithm>

#include "ditto/core/error.h"
#include "text/unicode.h"

namespace ditto::text {

Unigram::Unigram(std::vector<Piece> pieces, std::optional<std::int64_t> unknown, bool byte_fallback,
                 const std::string& where)
    : pieces_(std::move(pieces)), unknown_(unknown), byte_fallback_(byte_fallback) {
  if (pieces_.empty()) throw Error(ErrorKind::kInput, where + ": the vocabulary is empty");
  if (unknown_ && (*unknown_ < 0 || *unknown_ >= static_cast<std::int64_t>(pieces_.size()))) {
    throw Error(ErrorKind::kInput, where + ": the unknown token's id is outside of the vocabulary");
  }
  ids_.reserve(pieces_.size());
  lowest_ = pieces_.front().second;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    ids_[pieces_[i].first] = static_cast<std::int64_t>(i);
    longest_ = std::max(longest_, pieces_[i].first.size());
    lowest_ = std::min(lowest_, pieces_[i].second);
  }
}

std::optional<std::int64_t> Unigram::id(std::string_view piece) const {
  const auto found = ids_.find(piece);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void Unigram::encode(std::string_view word, std::vector<std::int64_t>& ids) const {
  constexpr double kUnknownPenalty = 10.0;
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Node {
    std::size_t start = kNone;  ///< of the best piece that ends here
    double score = 0.0;         ///< of the best path to here
    bool unknown = false;
  };
  const double unknown_score = lowest_ - kUnknownPenalty;
  std::vector<Node> ends(word.size() + 1);
  const auto offer = [&](std::size_t end, Node node) {
    if (ends[end].start == kNone || node.score > ends[end].score) ends[end] = node;
  };
  for (std::size_t start = 0; start < word.size();) {
    const std::size_t character = character_size(word[start]);
    const double so_far = ends[start].score;
    bool single = false;
    const std::size_t furthest = std::min(word.size(), start + longest_);
    for (std::size_t end = start + character; end <= furthest;) {
      if (const auto found = id(word.substr(start, end - start))) {
        offer(end, {start, so_far + pieces_[static_cast<std::size_t>(*found)].second,
                    found == unknown_});
        single = single || end - start == character;
      }
      if (end == word.size()) break;
      end += character_size(word[end]);
    }
    if (!single) {
      if (!unknown_) {
        throw Error(ErrorKind::kInput,
                    fmt::format("the vocabulary has neither '{}' nor an unknown token",
                                word.substr(start, character)));
      }
      offer(start + character, {start, so_far + unknown_score, true});
    }
    start += character;
  }

  std::vector<std::string_view> parts;
  for (std::size_t end = word.size(); end > 0;) {
    std::size_t start = ends[end].start;
    if (ends[end].unknown) {
      while (start > 0 && ends[start].unknown) start = ends[start].start;
    }
    parts.push_back(word.substr(start, end - start));
    end = start;
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) append_piece(*part, ids);
}

void Unigram::append_piece(std::string_view text, std::vector<std::int64_t>& ids) const {
  if (const auto found = id(text)) {
    ids.push_back(*found);
    return;
  }
  if (byte_fallback_) {
    std::vector<std::int64_t> bytes;
    for (const char c : text) {
      const auto found = id(fmt::format("<0x{:02X}>", static_cast<unsigned char>(c)));
      if (!found) break;
      bytes.push_back(*found);
    }
    if (bytes.size() == text.size()) {
      ids.insert(ids.end(), bytes.begin(), bytes.end());
      return;
    }
  }
  ids.push_back(unknown_.value());
}

}  // namespace ditto::text
