#include "text/added_tokens.h"

#include <algorithm>

#include "text/unicode.h"

namespace ditto::text {
namespace {

/// Where the character before `end` begins.
std::size_t before(std::string_view text, std::size_t end) {
  do {
    --end;
  } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U);
  return end;
}

bool word_ends_at(std::string_view text, std::size_t end) {
  if (end == 0) return false;
  std::size_t position = before(text, end);
  return is_word_character(next_character(text, position));
}

bool word_starts_at(std::string_view text, std::size_t start) {
  return start < text.size() && is_word_character(next_character(text, start));
}

}  // namespace

void AddedTokens::add(AddedToken token) {
  if (token.content.empty() || by_content_.contains(token.content)) return;
  const std::size_t index = tokens_.size();
  by_content_[token.content] = index;
  by_id_.emplace(token.id, index);
  tokens_.push_back(std::move(token));
  std::vector<std::size_t>& same =
      by_first_byte_[static_cast<unsigned char>(tokens_.back().content[0])];
  const auto shorter = std::find_if(same.begin(), same.end(), [&](std::size_t other) {
    return tokens_[other].content.size() < tokens_.back().content.size();
  });
  same.insert(shorter, index);
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::find(std::int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

std::int64_t AddedTokens::end_id() const {
  std::int64_t end = 0;
  for (const AddedToken& token : tokens_) end = std::max(end, token.id + 1);
  return end;
}

const AddedToken* AddedTokens::longest_at(std::string_view text, bool normalized) const {
  for (const std::size_t index : by_first_byte_[static_cast<unsigned char>(text[0])]) {
    const AddedToken& token = tokens_[index];
    if (token.normalized == normalized && text.starts_with(token.content)) return &token;
  }
  return nullptr;
}

std::vector<Segment> AddedTokens::split(std::string_view text, bool normalized) const {
  std::vector<Segment> segments;
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const AddedToken* token = longest_at(text.substr(i), normalized);
    if (token == nullptr) {
      i += character_size(text[i]);
      continue;
    }
    std::size_t begin = i;
    std::size_t end = i + token->content.size();
    i = end;
    if (token->single_word && (word_ends_at(text, begin) || word_starts_at(text, end))) continue;
    if (token->takes_left) {
      while (begin > done) {
        const std::size_t here = before(text, begin);
        std::size_t position = here;
        if (!is_white_space(next_character(text, position))) break;
        begin = here;
      }
    }
    if (token->takes_right) {
      while (end < text.size()) {
        std::size_t position = end;
        if (!is_white_space(next_character(text, position))) break;
        end = position;
      }
      i = std::max(i, end);
    }
    if (begin > done) segments.push_back({text.substr(done, begin - done), std::nullopt});
    segments.push_back({text.substr(begin, end - begin), token->id});
    done = end;
  }
  if (done < text.size()) segments.push_back({text.substr(done), std::nullopt});
  return segments;
}

}  // namespace ditto::text
