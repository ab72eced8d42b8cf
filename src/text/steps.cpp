#include "text/steps.h"

#include <fmt/format.h>

#include <charconv>

#include "ditto/core/error.h"
#include "text/base64.h"
#include "text/charsmap.h"
#include "text/unicode.h"

namespace ditto::text {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& where, const std::string& problem) {
  throw Error(ErrorKind::kInput, where + ": " + problem);
}

std::string replaced(std::string_view text, const Pattern& pattern, std::string_view content) {
  std::string out;
  std::size_t last = 0;
  for (const auto& [begin, end] : pattern.matches(text)) {
    out += text.substr(last, begin - last);
    out += content;
    last = end;
  }
  out += text.substr(last);
  return out;
}

std::string stripped(const std::string& text, bool left, bool right) {
  std::size_t begin = text.size();
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t here = i;
    if (is_white_space(next_character(text, i))) continue;
    begin = std::min(begin, here);
    end = i;
  }
  if (!left) begin = 0;
  if (!right) end = text.size();
  return begin < end ? text.substr(begin, end - begin) : std::string();
}

/// The replacement of a space and whether the first word gets one: `prepend_scheme`, or the
/// `add_prefix_space` of older files.
struct Metaspace {
  enum class Prepend { kAlways, kFirst, kNever };
  std::string replacement;
  Prepend prepend = Prepend::kAlways;
  bool split = true;

  Metaspace(const json& step, const std::string& where)
      : replacement(text_of(step, "replacement", where)),
        split(flag_of(step, "split", true, where)) {
    if (replacement.empty() || replacement.size() != character_size(replacement[0])) {
      refuse(where, "'replacement' must be one character");
    }
    if (!flag_of(step, "add_prefix_space", true, where)) prepend = Prepend::kNever;
    if (!step.contains("prepend_scheme")) return;
    const std::string scheme = text_of(step, "prepend_scheme", where);
    if (scheme == "always") {
      prepend = Prepend::kAlways;
    } else if (scheme == "first") {
      prepend = Prepend::kFirst;
    } else if (scheme == "never") {
      prepend = Prepend::kNever;
    } else {
      refuse(where, fmt::format("'prepend_scheme' is '{}', not always, first or never", scheme));
    }
  }

  std::vector<std::string> operator()(const std::string& part, bool first) const {
    std::string text;
    for (const char c : part) {
      if (c == ' ') {
        text += replacement;
      } else {
        text += c;
      }
    }
    const bool wanted = prepend == Prepend::kAlways || (prepend == Prepend::kFirst && first);
    if (wanted && !text.starts_with(replacement)) text.insert(0, replacement);
    if (!split) return {text};
    // Each replacement begins a new part.
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t next = text.find(replacement, begin + 1);
      parts.push_back(text.substr(begin, next - begin));
      begin = next == std::string::npos ? text.size() : next;
    }
    return parts;
  }

  std::vector<std::string> decode(std::vector<std::string> tokens) const {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool dropped = i == 0 && prepend != Prepend::kNever;
      tokens[i] = replaced(tokens[i], Pattern::literal(replacement), dropped ? "" : " ");
    }
    return tokens;
  }
};

std::vector<std::string> split_at_white_space(const std::string& part) {
  std::vector<std::string> words;
  bool inside = false;
  for (std::size_t i = 0; i < part.size();) {
    const std::size_t here = i;
    if (is_white_space(next_character(part, i))) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    words.back().append(part, here, i - here);
  }
  return words;
}

/// Runs of "<0xHH>" tokens become the text that the bytes are; those that aren't valid UTF-8
/// become one U+FFFD a byte.
std::vector<std::string> decode_bytes(const std::vector<std::string>& tokens) {
  std::vector<std::string> out;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (valid_utf8(bytes) == bytes) {
      out.push_back(bytes);
    } else {
      for (std::size_t i = 0; i < bytes.size(); ++i) out.emplace_back("\xEF\xBF\xBD");
    }
    bytes.clear();
  };
  for (const std::string& token : tokens) {
    unsigned byte = 0;
    if (token.size() == 6 && token.starts_with("<0x") && token.ends_with('>')) {
      const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
      if (error == std::errc() && end == token.data() + 5) {
        bytes += static_cast<char>(byte);
        continue;
      }
    }
    flush();
    out.push_back(token);
  }
  flush();
  return out;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += part;
  return out;
}

}  // namespace

Pattern pattern_of(const json& step, const std::string& where) {
  const auto pattern = step.find("pattern");
  if (pattern != step.end() && pattern->is_object()) {
    if (pattern->contains("String")) return Pattern::literal(text_of(*pattern, "String", where));
    if (pattern->contains("Regex")) {
      return Pattern::expression(text_of(*pattern, "Regex", where), where);
    }
  }
  refuse(where, "'pattern' must be {\"String\": ...} or {\"Regex\": ...}");
}

const json& list_of(const json& step, const char* key, const std::string& where) {
  const auto list = step.find(key);
  if (list == step.end() || !list->is_array())
    refuse(where, fmt::format("'{}' must be a list", key));
  return *list;
}

std::string text_of(const json& step, const char* key, const std::string& where) {
  const auto found = step.find(key);
  if (found == step.end() || !found->is_string()) {
    refuse(where, fmt::format("'{}' must be a string", key));
  }
  return found->get<std::string>();
}

bool flag_of(const json& step, const char* key, bool otherwise, const std::string& where) {
  const auto found = step.find(key);
  if (found == step.end() || found->is_null()) return otherwise;
  if (!found->is_boolean()) refuse(where, fmt::format("'{}' must be true or false", key));
  return found->get<bool>();
}

Normalizer make_normalizer(const json& step, const std::string& where) {
  if (step.is_null()) return [](std::string text) { return text; };
  const std::string type = text_of(step, "type", where);
  if (type == "Sequence") {
    std::vector<Normalizer> steps;
    for (const json& part : list_of(step, "normalizers", where)) {
      steps.push_back(make_normalizer(part, where));
    }
    return [steps](std::string text) {
      for (const Normalizer& normalize : steps) text = normalize(std::move(text));
      return text;
    };
  }
  if (type == "Precompiled") {
    const std::string map = text_of(step, "precompiled_charsmap", where);
    if (map.empty()) return [](std::string text) { return text; };
    return [map = Charsmap(decode_base64(map, where), where)](const std::string& text) {
      return map(text);
    };
  }
  if (type == "Replace") {
    return [pattern = pattern_of(step, where), content = text_of(step, "content", where)](
               const std::string& text) { return replaced(text, pattern, content); };
  }
  if (type == "Strip") {
    return [left = flag_of(step, "strip_left", true, where),
            right = flag_of(step, "strip_right", true, where)](const std::string& text) {
      return stripped(text, left, right);
    };
  }
  if (type == "Prepend") {
    return [prefix = text_of(step, "prepend", where)](std::string text) {
      if (!text.empty()) text.insert(0, prefix);
      return text;
    };
  }
  if (type == "Lowercase") return [](const std::string& text) { return lower_case(text); };
  for (const auto& [name, form] : {std::pair("NFC", NormalForm::kNfc),
                                   {"NFD", NormalForm::kNfd},
                                   {"NFKC", NormalForm::kNfkc},
                                   {"NFKD", NormalForm::kNfkd}}) {
    if (type == name) return [form](const std::string& text) { return normalised(text, form); };
  }
  refuse(where, fmt::format("the normalizer '{}' is not supported", type));
}

PreTokenizer make_pre_tokenizer(const json& step, const std::string& where) {
  if (step.is_null()) return [](const std::string& part, bool) { return std::vector{part}; };
  const std::string type = text_of(step, "type", where);
  if (type == "Sequence") {
    std::vector<PreTokenizer> steps;
    for (const json& part : list_of(step, "pretokenizers", where)) {
      steps.push_back(make_pre_tokenizer(part, where));
    }
    return [steps](const std::string& text, bool first) {
      std::vector<std::string> parts = {text};
      for (const PreTokenizer& split : steps) {
        std::vector<std::string> next;
        for (std::size_t i = 0; i < parts.size(); ++i) {
          for (std::string& piece : split(parts[i], first && i == 0)) {
            if (!piece.empty()) next.push_back(std::move(piece));
          }
        }
        parts = std::move(next);
      }
      return parts;
    };
  }
  if (type == "WhitespaceSplit") {
    return [](const std::string& part, bool) { return split_at_white_space(part); };
  }
  if (type == "Metaspace") return Metaspace(step, where);
  refuse(where, fmt::format("the pre-tokenizer '{}' is not supported", type));
}

Decoder make_decoder(const json& step, const std::string& where) {
  // Without a decoder the tokens are separated by spaces.
  if (step.is_null()) {
    return [](std::vector<std::string> tokens) {
      for (std::size_t i = 1; i < tokens.size(); ++i) tokens[i].insert(tokens[i].begin(), ' ');
      return tokens;
    };
  }
  const std::string type = text_of(step, "type", where);
  if (type == "Sequence") {
    std::vector<Decoder> steps;
    for (const json& part : list_of(step, "decoders", where)) {
      steps.push_back(make_decoder(part, where));
    }
    return [steps](std::vector<std::string> tokens) {
      for (const Decoder& decode : steps) tokens = decode(std::move(tokens));
      return tokens;
    };
  }
  if (type == "Metaspace") {
    return [metaspace = Metaspace(step, where)](std::vector<std::string> tokens) {
      return metaspace.decode(std::move(tokens));
    };
  }
  if (type == "Replace") {
    return [pattern = pattern_of(step, where),
            content = text_of(step, "content", where)](std::vector<std::string> tokens) {
      for (std::string& token : tokens) token = replaced(token, pattern, content);
      return tokens;
    };
  }
  if (type == "Fuse") {
    return [](const std::vector<std::string>& tokens) { return std::vector{joined(tokens)}; };
  }
  if (type == "ByteFallback") return decode_bytes;
  if (type == "Strip") {
    const std::string content = text_of(step, "content", where);
    const auto number = [&](const char* key) {
      const auto found = step.find(key);
      if (found == step.end() || !found->is_number_unsigned()) {
        refuse(where, fmt::format("'{}' must be a number", key));
      }
      return found->get<std::size_t>();
    };
    return
        [content, start = number("start"), stop = number("stop")](std::vector<std::string> tokens) {
          for (std::string& token : tokens) {
            for (std::size_t i = 0; i < start && token.starts_with(content); ++i) {
              token.erase(0, content.size());
            }
            for (std::size_t i = 0; i < stop && token.ends_with(content); ++i) {
              token.erase(token.size() - content.size());
            }
          }
          return tokens;
        };
  }
  refuse(where, fmt::format("the decoder '{}' is not supported", type));
}

}  // namespace ditto::text
