#include "text/byte_level.h"

#include <fmt/format.h>

#include <array>

#include "ditto/core/error.h"
#include "text/pattern.h"
#include "text/steps.h"
#include "text/unicode.h"

namespace ditto::text {
namespace {

using nlohmann::json;

/// GPT-2's words, which ByteLevel splits at unless it is told not to.
constexpr const char* kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr char32_t kFirstSubstitute = 0x100;
constexpr int kSubstitutes = 68;

struct Alphabet {
  std::array<char32_t, 256> characters{};
  std::array<int, kFirstSubstitute + kSubstitutes> bytes{};

  Alphabet() {
    bytes.fill(-1);
    char32_t substitute = kFirstSubstitute;
    for (char32_t byte = 0; byte < 256; ++byte) {
      const bool printable =
          (byte > ' ' && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD && byte < 0x100);
      characters[byte] = printable ? byte : substitute++;
      bytes[characters[byte]] = static_cast<int>(byte);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet one;
  return one;
}

[[noreturn]] void refuse(const std::string& where, const std::string& problem) {
  throw Error(ErrorKind::kInput, where + ": " + problem);
}

/// What becomes of the matches of a Split.
enum class Matches { kArePieces, kAreRemoved, kAloneStay };

Splitter split_at(Pattern pattern, Matches matches) {
  return [pattern = std::move(pattern), matches](std::string_view text) {
    std::vector<std::string_view> pieces;
    std::size_t last = 0;
    const auto add = [&](std::size_t begin, std::size_t end) {
      if (end > begin) pieces.push_back(text.substr(begin, end - begin));
    };
    for (const auto& [begin, end] : pattern.matches(text)) {
      if (matches != Matches::kAloneStay) add(last, begin);
      if (matches != Matches::kAreRemoved) add(begin, end);
      last = end;
    }
    if (matches != Matches::kAloneStay) add(last, text.size());
    return pieces;
  };
}

Splitter make_split(const json& step, const std::string& where) {
  const std::string behavior = text_of(step, "behavior", where);
  const bool invert = flag_of(step, "invert", false, where);
  Matches matches = Matches::kArePieces;
  if (behavior == "Removed") {
    matches = invert ? Matches::kAloneStay : Matches::kAreRemoved;
  } else if (behavior != "Isolated") {
    refuse(where, fmt::format("the behavior '{}' of a Split is not supported", behavior));
  }
  return split_at(pattern_of(step, where), matches);
}

Splitter in_turn(std::vector<Splitter> steps) {
  return [steps = std::move(steps)](std::string_view text) {
    std::vector<std::string_view> pieces = {text};
    for (const Splitter& split : steps) {
      std::vector<std::string_view> next;
      for (const std::string_view piece : pieces) {
        const std::vector<std::string_view> parts = split(piece);
        next.insert(next.end(), parts.begin(), parts.end());
      }
      pieces = std::move(next);
    }
    return pieces;
  };
}

/// Null for a step that splits nothing. `byte_level` becomes true when there is such a step.
Splitter make_step(const json& step, const std::string& where, bool& byte_level) {
  const std::string type = text_of(step, "type", where);
  if (type == "Sequence") {
    std::vector<Splitter> steps;
    for (const json& part : list_of(step, "pretokenizers", where)) {
      Splitter splitter = make_step(part, where, byte_level);
      if (splitter) steps.push_back(std::move(splitter));
    }
    return steps.size() > 1 ? in_turn(std::move(steps)) : steps.empty() ? nullptr : steps.front();
  }
  if (type == "Split") return make_split(step, where);
  if (type == "Digits") {
    const bool each = flag_of(step, "individual_digits", false, where);
    return split_at(Pattern::expression(each ? R"(\p{N})" : R"(\p{N}+)", where),
                    Matches::kArePieces);
  }
  if (type == "ByteLevel") {
    byte_level = true;
    if (flag_of(step, "add_prefix_space", true, where)) {
      refuse(where, "'add_prefix_space' of the pre-tokenizer ByteLevel is not supported");
    }
    if (!flag_of(step, "use_regex", true, where)) return nullptr;
    return split_at(Pattern::expression(kGpt2Words, where), Matches::kArePieces);
  }
  refuse(where, fmt::format("the pre-tokenizer '{}' is not supported with bytes", type));
}

}  // namespace

std::optional<std::string> bytes_of_token(std::string_view token) {
  std::string bytes;
  bytes.reserve(token.size());
  for (std::size_t i = 0; i < token.size();) {
    const char32_t character = next_character(token, i);
    const int byte = character < alphabet().bytes.size() ? alphabet().bytes[character] : -1;
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string token_of_bytes(std::string_view bytes) {
  std::string token;
  token.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    append(token, alphabet().characters[static_cast<unsigned char>(byte)]);
  }
  return token;
}

Splitter make_splitter(const json& step, const std::string& where) {
  bool byte_level = false;
  Splitter splitter = step.is_object() ? make_step(step, where, byte_level) : nullptr;
  if (!byte_level) {
    refuse(where, "a BPE model without the pre-tokenizer ByteLevel is not supported");
  }
  if (splitter) return splitter;
  return [](std::string_view text) { return std::vector{text}; };
}

void check_byte_decoder(const json& step, const std::string& where) {
  const bool known = step.is_object() && step.contains("type") && step.at("type") == "ByteLevel";
  if (!known) refuse(where, "a BPE model needs the decoder ByteLevel");
}

}  // namespace ditto::text
