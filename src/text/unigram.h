#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ditto::text {

/// The unigram language model of SentencePiece: the segmentation of a word into pieces with the
/// largest sum of scores, as Hugging Face's tokenizers find it (tokenizers,
/// models/unigram/model.rs): an unknown character scores ten less than the worst piece, and
/// neighbours of the kind become one unknown token.
class Unigram {
 public:
  using Piece = std::pair<std::string, double>;

  /// Throws Error(kInput), prefixed with `where`.
  Unigram(std::vector<Piece> pieces, std::optional<std::int64_t> unknown, bool byte_fallback,
          const std::string& where);

  /// Appends the ids of `word`, valid UTF-8.
  void encode(std::string_view word, std::vector<std::int64_t>& ids) const;

  std::optional<std::int64_t> id(std::string_view piece) const;
  std::size_t size() const { return pieces_.size(); }
  const std::string& piece(std::size_t id) const { return pieces_[id].first; }

 private:
  void append_piece(std::string_view text, std::vector<std::int64_t>& ids) const;

  std::vector<Piece> pieces_;
  std::unordered_map<std::string_view, std::int64_t> ids_;  ///< into pieces_
  std::size_t longest_ = 0;                                 ///< bytes of the longest piece
  std::optional<std::int64_t> unknown_;
  bool byte_fallback_;
  double lowest_ = 0.0;
};

}  // namespace ditto::text
