#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ditto::text {

/// Byte pair encoding: the bytes of a word become tokens, and of the neighbours that may be merged,
/// the pair with the lowest rank is, the leftmost first, until there is none (as Hugging Face's
/// tokenizers do, models/bpe/word.rs).
class Bpe {
 public:
  using Vocabulary = std::unordered_map<std::string, std::int64_t>;
  using Merges = std::vector<std::pair<std::string, std::string>>;  ///< by rank
  struct Options {
    /// Stands for a byte without a token; without it, such a byte is left out.
    std::optional<std::string> unknown;
    bool fuse_unknown = false;  ///< neighbours of the kind are one
    bool whole_words = false;   ///< a word that is a token needs no merges (`ignore_merges`)
  };

  /// Tokens are written as in files (byte_level.h). Throws Error(kInput), prefixed with `where`: an
  /// id out of range, a merge of or to what is no token.
  Bpe(Vocabulary vocabulary, const Merges& merges, const Options& options,
      const std::string& where);
  Bpe(Bpe&&) = default;
  Bpe(const Bpe&) = delete;  ///< pieces_ points into ids_
  Bpe& operator=(const Bpe&) = delete;
  Bpe& operator=(Bpe&&) = delete;
  ~Bpe() = default;

  /// Appends the ids of `word`, any bytes. Takes n log n time for n bytes.
  void encode(std::string_view word, std::vector<std::int64_t>& ids) const;

  /// By the text of a token as files write it.
  std::optional<std::int64_t> id(std::string_view token) const;
  /// Null where there is no token with this id.
  const std::string* piece(std::int64_t id) const;
  std::size_t size() const { return ids_.size(); }
  /// One more than the largest id.
  std::int64_t end_id() const { return static_cast<std::int64_t>(pieces_.size()); }

 private:
  struct Merge {
    std::uint64_t pair = kNoPair;  ///< both ids
    std::uint32_t rank = kNoRank;
    std::int32_t id = 0;
  };
  /// A token of a word that is being merged.
  struct Symbol {
    std::int32_t id = 0;
    std::uint32_t rank = kNoRank;  ///< of the merge with the next one
    std::int32_t merged = 0;       ///< what that gives
  };
  static constexpr std::uint64_t kNoPair = ~std::uint64_t{0};
  static constexpr std::uint32_t kNoRank = ~std::uint32_t{0};

  std::size_t slot(std::uint64_t pair) const;
  void look_up(Symbol& symbol, std::int32_t next) const;
  std::size_t symbols_of(std::string_view word, Symbol* symbols) const;
  void merge_short(Symbol* symbols, std::size_t count, std::vector<std::int64_t>& ids) const;
  void merge_long(std::vector<Symbol>& symbols, std::vector<std::int64_t>& ids) const;

  Vocabulary ids_;
  std::vector<const std::string*> pieces_;  ///< by id, keys of ids_
  std::array<std::int32_t, 256> byte_ids_{};
  std::vector<Merge> merges_;  ///< a hash table with open addressing
  unsigned shift_ = 0;         ///< of a hash, to a slot
  std::int32_t unknown_ = -1;
  bool fuse_unknown_ = false;
  bool whole_words_ = false;
};

/// Remembers the ids of the words of one text.
class BpeCache {
 public:
  explicit BpeCache(const Bpe& bpe) : bpe_(&bpe) {}

  /// As bpe.encode() does. `text_size`: bytes of the text that the word is from.
  void encode(std::string_view word, std::size_t text_size, std::vector<std::int64_t>& ids);

 private:
  struct Entry {
    std::uint32_t word = 0;  ///< where it begins in words_
    std::uint32_t word_size = 0;
    std::uint32_t ids = 0;  ///< where they begin in ids_
    std::uint32_t ids_size = 0;
  };

  const Bpe* bpe_;
  std::vector<Entry> entries_;  ///< a word's place follows from its hash; the last one keeps it
  std::string words_;
  std::vector<std::int64_t> ids_;
};

}  // namespace ditto::text
