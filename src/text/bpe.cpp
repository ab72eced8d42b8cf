#include "text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <queue>

#include "ditto/core/error.h"
#include "text/byte_level.h"

namespace ditto::text {
namespace {

constexpr std::int64_t kMostIds = std::int64_t{1} << 24;
/// Up to here, looking through all symbols is faster than a queue.
constexpr std::size_t kShortWord = 64;
constexpr std::size_t kMostEntries = 1 << 14;
constexpr std::size_t kFewestEntries = 64;
constexpr std::size_t kLongestRemembered = 64;
/// Where the cache begins anew, in bytes of words.
constexpr std::size_t kMostRemembered = 16 << 20;

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U |
         static_cast<std::uint32_t>(right);
}

/// Fibonacci hashing: the upper bits are well mixed.
std::uint64_t mixed(std::uint64_t key) { return key * 0x9E3779B97F4A7C15U; }

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, const Merges& merges, const Options& options,
         const std::string& where)
    : ids_(std::move(vocabulary)),
      fuse_unknown_(options.fuse_unknown),
      whole_words_(options.whole_words) {
  const auto refuse = [&](const std::string& problem) {
    throw Error(ErrorKind::kInput, where + ": " + problem);
  };
  if (ids_.empty()) refuse("the vocabulary is empty");
  for (const auto& [token, id] : ids_) {
    if (id < 0 || id >= kMostIds) refuse(fmt::format("the token '{}' has the id {}", token, id));
    if (static_cast<std::size_t>(id) >= pieces_.size()) {
      pieces_.resize(static_cast<std::size_t>(id) + 1, nullptr);
    }
    pieces_[static_cast<std::size_t>(id)] = &token;
  }
  const auto known = [&](const std::string& token) {
    const auto found = ids_.find(token);
    if (found == ids_.end()) refuse(fmt::format("'{}' is in a merge but no token", token));
    return static_cast<std::int32_t>(found->second);
  };
  for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids_[byte] = static_cast<std::int32_t>(id(token_of_bytes({&c, 1})).value_or(-1));
  }
  if (options.unknown) {
    const auto found = id(*options.unknown);
    if (!found) refuse(fmt::format("the unknown token '{}' is no token", *options.unknown));
    unknown_ = static_cast<std::int32_t>(*found);
  }
  // At most two thirds full.
  const std::size_t slots = std::bit_ceil(std::max<std::size_t>(merges.size() * 3 / 2, 16));
  merges_.resize(slots);
  shift_ = 64U - static_cast<unsigned>(std::countr_zero(slots));
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const std::uint64_t pair = pair_of(known(left), known(right));
    // As in the reference, the last of equal pairs counts.
    merges_[slot(pair)] = {pair, static_cast<std::uint32_t>(rank), known(left + right)};
  }
}

std::size_t Bpe::slot(std::uint64_t pair) const {
  std::size_t at = mixed(pair) >> shift_;
  while (merges_[at].pair != pair && merges_[at].pair != kNoPair) {
    at = (at + 1) & (merges_.size() - 1);
  }
  return at;
}

void Bpe::look_up(Symbol& symbol, std::int32_t next) const {
  const Merge& merge = merges_[slot(pair_of(symbol.id, next))];
  symbol.rank = merge.rank;
  symbol.merged = merge.id;
}

std::optional<std::int64_t> Bpe::id(std::string_view token) const {
  const auto found = ids_.find(std::string(token));
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const std::string* Bpe::piece(std::int64_t id) const {
  return id >= 0 && static_cast<std::size_t>(id) < pieces_.size()
             ? pieces_[static_cast<std::size_t>(id)]
             : nullptr;
}

/// One for each byte, or fewer; `symbols` has room for as many as the word has bytes.
std::size_t Bpe::symbols_of(std::string_view word, Symbol* symbols) const {
  std::size_t count = 0;
  bool after_unknown = false;
  for (const char c : word) {
    const std::int32_t id = byte_ids_[static_cast<unsigned char>(c)];
    if (id >= 0) {
      symbols[count++] = {id};
    } else if (unknown_ >= 0 && !(fuse_unknown_ && after_unknown)) {
      symbols[count++] = {unknown_};
    }
    after_unknown = id < 0;
  }
  for (std::size_t i = 0; i + 1 < count; ++i) look_up(symbols[i], symbols[i + 1].id);
  return count;
}

void Bpe::encode(std::string_view word, std::vector<std::int64_t>& ids) const {
  if (whole_words_) {
    if (const auto whole = id(token_of_bytes(word))) {
      ids.push_back(*whole);
      return;
    }
  }
  if (word.size() <= kShortWord) {
    std::array<Symbol, kShortWord> symbols;
    merge_short(symbols.data(), symbols_of(word, symbols.data()), ids);
  } else {
    std::vector<Symbol> symbols(word.size());
    symbols.resize(symbols_of(word, symbols.data()));
    merge_long(symbols, ids);
  }
}

void Bpe::merge_short(Symbol* symbols, std::size_t count, std::vector<std::int64_t>& ids) const {
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (symbols[i].rank < symbols[best].rank) best = i;
    }
    if (symbols[best].rank == kNoRank) break;
    symbols[best].id = symbols[best].merged;
    std::copy(symbols + best + 2, symbols + count, symbols + best + 1);
    --count;
    symbols[best].rank = kNoRank;
    if (best + 1 < count) look_up(symbols[best], symbols[best + 1].id);
    if (best > 0) look_up(symbols[best - 1], symbols[best].id);
  }
  for (std::size_t i = 0; i < count; ++i) ids.push_back(symbols[i].id);
}

void Bpe::merge_long(std::vector<Symbol>& symbols, std::vector<std::int64_t>& ids) const {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  constexpr std::int32_t kGone = -1;
  using Candidate = std::pair<std::uint32_t, std::size_t>;  // rank, position
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  std::vector<std::size_t> before(symbols.size());
  std::vector<std::size_t> behind(symbols.size());
  const auto offer = [&](std::size_t at) {
    if (symbols[at].rank != kNoRank) queue.emplace(symbols[at].rank, at);
  };
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    before[i] = i == 0 ? kNone : i - 1;
    behind[i] = i + 1 == symbols.size() ? kNone : i + 1;
    offer(i);
  }
  while (!queue.empty()) {
    const auto [rank, at] = queue.top();
    queue.pop();
    // Its neighbour, or itself, was merged since.
    if (symbols[at].id == kGone || symbols[at].rank != rank) continue;
    const std::size_t next = behind[at];
    symbols[at].id = symbols[at].merged;
    symbols[at].rank = kNoRank;
    symbols[next].id = kGone;
    behind[at] = behind[next];
    if (behind[at] != kNone) {
      before[behind[at]] = at;
      look_up(symbols[at], symbols[behind[at]].id);
      offer(at);
    }
    if (before[at] != kNone) {
      look_up(symbols[before[at]], symbols[at].id);
      offer(before[at]);
    }
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.id != kGone) ids.push_back(symbol.id);
  }
}

void BpeCache::encode(std::string_view word, std::size_t text_size,
                      std::vector<std::int64_t>& ids) {
  if (word.size() > kLongestRemembered) return bpe_->encode(word, ids);
  if (entries_.size() < kMostEntries && entries_.size() < text_size / 4) {
    entries_.assign(std::bit_ceil(std::clamp(text_size / 4, kFewestEntries, kMostEntries)), {});
  }
  if (entries_.empty()) return bpe_->encode(word, ids);
  if (words_.size() > kMostRemembered) {
    std::fill(entries_.begin(), entries_.end(), Entry{});
    words_.clear();
    ids_.clear();
  }
  Entry& entry = entries_[std::hash<std::string_view>()(word) & (entries_.size() - 1)];
  if (std::string_view(words_).substr(entry.word, entry.word_size) == word) {
    ids.insert(ids.end(), ids_.begin() + entry.ids, ids_.begin() + entry.ids + entry.ids_size);
    return;
  }
  const std::size_t begin = ids.size();
  bpe_->encode(word, ids);
  entry = {static_cast<std::uint32_t>(words_.size()), static_cast<std::uint32_t>(word.size()),
           static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint32_t>(ids.size() - begin)};
  words_ += word;
  ids_.insert(ids_.end(), ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.end());
}

}  // namespace ditto::text
