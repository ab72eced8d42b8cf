#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "ditto/text/byte_vocabulary.h"

/// Answers that are JSON of a given form: after each token, which tokens may come next.
///
/// Read of JSON Schema are `type` (one, or a list), `properties`, `required`,
/// `additionalProperties` (false only), `items`, `minItems`, `maxItems`, `enum`, `const`, `anyOf`,
/// `minLength`, `maxLength`, `minimum` and `maximum` (whole numbers); `title`, `description` and
/// `$schema` are passed over. Anything else is an error, not ignored. Texts are written in one
/// form: properties in the schema's order, ", " and ": " between parts, numbers without exponents
/// and with at most 15 digits before and 6 after the point, strings without \u escapes.
namespace ditto::text {

struct JsonGrammar;

/// A set of token ids.
class TokenSet {
 public:
  explicit TokenSet(std::size_t size) : words_((size + 63) / 64, 0) {}
  void insert(std::int64_t id) {
    words_[static_cast<std::size_t>(id) / 64] |= std::uint64_t{1} << (id % 64);
  }
  /// Calls `visit` with each id below `end` that isn't in it.
  template <class F>
  void each_missing(std::size_t end, F&& visit) const {
    for (std::size_t i = 0; 64 * i < end; ++i) {
      const std::size_t rest = end - 64 * i;
      std::uint64_t missing = i < words_.size() ? ~words_[i] : ~std::uint64_t{0};
      if (rest < 64) missing &= (std::uint64_t{1} << rest) - 1;
      for (; missing != 0; missing &= missing - 1) {
        visit(64 * i + static_cast<std::size_t>(std::countr_zero(missing)));
      }
    }
  }
  bool contains(std::int64_t id) const {
    const std::size_t word = static_cast<std::size_t>(id) / 64;
    return word < words_.size() && ((words_[word] >> (id % 64)) & 1U) != 0;
  }

 private:
  std::vector<std::uint64_t> words_;
};

/// Immutable but for a cache, and cheap to copy; safe to use from several threads.
class JsonConstraint {
 public:
  /// How far a text has come.
  class State {
   public:
    /// A place in a part of the grammar, within the places of the parts that enclose it.
    struct Frame {
      std::uint32_t node = 0;
      std::uint32_t count = 0;  ///< how much of it is there: bytes, characters, items
      std::uint8_t inside = 0;  ///< of a character
      auto operator<=>(const Frame&) const = default;
    };
    using Stack = std::vector<Frame>;

    std::vector<Stack>
        stacks;  ///< sorted; more than one where the text may be read in several ways
    auto operator<=>(const State&) const = default;
  };

  /// Throws Error(kInput) naming the schema's part that isn't supported or allows nothing, and for
  /// a vocabulary that lacks single bytes.
  JsonConstraint(const nlohmann::ordered_json& schema,
                 std::shared_ptr<const ByteVocabulary> vocabulary);

  State begin() const;
  /// The tokens that may come next so that the text can still be completed within `remaining`
  /// tokens, these included. Empty where the text is complete and nothing can follow, and where
  /// `remaining` is below shortest().
  std::shared_ptr<const TokenSet> allowed(const State& state, std::int64_t remaining) const;
  /// False where the token can't come here; the state is of no use then.
  bool advance(State& state, std::int64_t token) const;
  /// Whether the text so far satisfies the schema.
  bool can_end(const State& state) const;
  /// Whether it does, and nothing can follow.
  bool is_complete(const State& state) const;
  /// How many tokens complete the text for certain: its shortest completion in bytes.
  std::int64_t shortest(const State& state) const;

 private:
  struct Masks;
  std::shared_ptr<const JsonGrammar> grammar_;
  std::shared_ptr<const ByteVocabulary> vocabulary_;
  std::shared_ptr<Masks> masks_;
};

}  // namespace ditto::text
