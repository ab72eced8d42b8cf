#include "text/sentencepiece.h"

#include <bit>

#include "ditto/core/error.h"

namespace ditto::text {
namespace {

/// The fields of a protobuf message, one after the other.
class Fields {
 public:
  Fields(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  std::uint64_t number = 0;   ///< of the field
  std::uint64_t value = 0;    ///< of a varint or a fixed field
  std::string_view contents;  ///< of a field with a length

  bool next() {
    if (bytes_.empty()) return false;
    const std::uint64_t tag = varint();
    number = tag >> 3U;
    contents = {};
    switch (tag & 7U) {
      case 0:
        value = varint();
        return true;
      case 1:
        value = fixed(8);
        return true;
      case 2:
        contents = take(varint());
        return true;
      case 5:
        value = fixed(4);
        return true;
      default:
        damaged();
    }
  }

  float number_value() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }

 private:
  [[noreturn]] void damaged() const {
    throw Error(ErrorKind::kInput, where_ + ": this is no SentencePiece model, or it is damaged");
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) damaged();
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::uint64_t varint() {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      result |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return result;
    }
    damaged();
  }

  std::uint64_t fixed(std::size_t size) {
    const std::string_view bytes = take(size);
    std::uint64_t result = 0;
    for (std::size_t i = size; i-- > 0;)
      result = result << 8U | static_cast<unsigned char>(bytes[i]);
    return result;
  }

  std::string_view bytes_;
  const std::string& where_;
};

SentencePieceModel::Piece parse_piece(std::string_view bytes, const std::string& where) {
  SentencePieceModel::Piece piece;
  for (Fields field(bytes, where); field.next();) {
    if (field.number == 1) piece.text = field.contents;
    if (field.number == 2) piece.score = field.number_value();
    if (field.number == 3) piece.kind = static_cast<SentencePieceModel::Kind>(field.value);
  }
  return piece;
}

}  // namespace

SentencePieceModel SentencePieceModel::parse(std::string_view bytes, const std::string& where) {
  SentencePieceModel model;
  for (Fields field(bytes, where); field.next();) {
    if (field.number == 1) model.pieces.push_back(parse_piece(field.contents, where));
    if (field.number == 2) {
      for (Fields trainer(field.contents, where); trainer.next();) {
        if (trainer.number == 3) model.unigram = trainer.value == 1;
      }
    }
    if (field.number == 3) {
      for (Fields normalizer(field.contents, where); normalizer.next();) {
        if (normalizer.number == 2) model.charsmap = normalizer.contents;
      }
    }
  }
  if (model.pieces.empty()) {
    throw Error(ErrorKind::kInput, where + ": this is no SentencePiece model: it has no pieces");
  }
  return model;
}

}  // namespace ditto::text
