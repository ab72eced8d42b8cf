#pragma once

#include <bitset>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// The grammar of a JSON schema's texts, over bytes. It has no recursion: a schema's depth is
/// finite.
namespace ditto::text {

using NodeId = std::uint32_t;

struct GrammarNode {
  enum class Kind {
    kLiteral,   ///< `bytes`
    kSequence,  ///< all of `children`
    kChoice,    ///< one of `children`
    kClass,     ///< `least` to `most` bytes of `bytes_of`
    kString,    ///< `least` to `most` characters of a JSON string, and the closing quote
    kRepeat,    ///< `least` to `most` times children[0], with children[1] between them
  };
  Kind kind;
  std::string bytes = {};
  std::vector<NodeId> children = {};
  std::bitset<256> bytes_of = {};
  std::uint32_t least = 0, most = 0;
  std::int64_t shortest = 0;  ///< bytes of its shortest text
};

struct JsonGrammar {
  std::vector<GrammarNode> nodes;
  NodeId root = 0;

  /// Throws Error(kInput) as JsonConstraint does.
  static JsonGrammar of(const nlohmann::ordered_json& schema);
};

}  // namespace ditto::text
