#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ditto::text {

/// What a tokenizer needs of a SentencePiece model file (a protobuf message; the numbers of its
/// fields are those of sentencepiece_model.proto).
struct SentencePieceModel {
  enum class Kind {
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,
    kUserDefined = 4,
    kUnused = 5,
    kByte = 6
  };
  struct Piece {
    std::string text;
    float score = 0.0F;
    Kind kind = Kind::kNormal;
  };

  std::vector<Piece> pieces;
  bool unigram = true;  ///< false: byte pairs, words or characters
  std::string charsmap;

  /// Throws Error(kInput), prefixed with `where`, for a file that is no such model.
  static SentencePieceModel parse(std::string_view bytes, const std::string& where);
};

}  // namespace ditto::text
