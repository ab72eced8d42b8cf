#include "ditto/text/json_constraint.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>

#include "ditto/core/error.h"
#include "text/json_grammar.h"

namespace ditto::text {
namespace {

using Frame = JsonConstraint::State::Frame;
using Stack = JsonConstraint::State::Stack;
using State = JsonConstraint::State;
using Kind = GrammarNode::Kind;

constexpr std::uint32_t kLongest = ByteVocabulary::kLongest;

/// Frame::inside of a string: what the character that is open needs.
enum Inside : std::uint8_t {
  kPlain,    ///< none is open
  kEscape,   ///< what follows a backslash
  kOneMore,  ///< bytes 80 to BF
  kTwoMore,
  kThreeMore,
  // The first of those is bounded, lest the character be coded too long, half of a pair, or too
  // large (RFC 3629).
  kAfterE0,
  kAfterED,
  kAfterF0,
  kAfterF4,
};

bool within(unsigned char byte, int low, int high) { return byte >= low && byte <= high; }

std::int64_t open_bytes(std::uint8_t inside) {
  switch (inside) {
    case kPlain:
      return 0;
    case kEscape:
    case kOneMore:
      return 1;
    case kTwoMore:
    case kAfterE0:
    case kAfterED:
      return 2;
    default:
      return 3;
  }
}

/// The state after the first byte of a character, if it may be one.
bool begin_character(unsigned char byte, std::uint8_t& inside) {
  if (byte == '\\') {
    inside = kEscape;
  } else if (within(byte, 0x20, 0x7F)) {
    inside = kPlain;
  } else if (byte == 0xE0) {
    inside = kAfterE0;
  } else if (byte == 0xED) {
    inside = kAfterED;
  } else if (byte == 0xF0) {
    inside = kAfterF0;
  } else if (byte == 0xF4) {
    inside = kAfterF4;
  } else if (within(byte, 0xC2, 0xDF)) {
    inside = kOneMore;
  } else if (within(byte, 0xE1, 0xEF)) {
    inside = kTwoMore;
  } else if (within(byte, 0xF1, 0xF3)) {
    inside = kThreeMore;
  } else {
    return false;
  }
  return true;
}

bool continue_character(unsigned char byte, std::uint8_t& inside) {
  int low = 0x80;
  int high = 0xBF;
  std::uint8_t next = kPlain;
  switch (inside) {
    case kEscape:
      inside = kPlain;
      return std::string_view("\"\\/bfnrt").find(static_cast<char>(byte)) != std::string_view::npos;
    case kTwoMore:
      next = kOneMore;
      break;
    case kThreeMore:
      next = kTwoMore;
      break;
    case kAfterE0:
      low = 0xA0;
      next = kOneMore;
      break;
    case kAfterED:
      high = 0x9F;
      next = kOneMore;
      break;
    case kAfterF0:
      low = 0x90;
      next = kTwoMore;
      break;
    case kAfterF4:
      high = 0x8F;
      next = kTwoMore;
      break;
    default:
      break;
  }
  inside = next;
  return within(byte, low, high);
}

/// The grammar as an automaton. A stack's last frame is a place in a part that takes bytes; an
/// empty stack stands for a text that is complete.
class Automaton {
 public:
  explicit Automaton(const JsonGrammar& grammar) : nodes_(grammar.nodes) {}

  State begin(NodeId root) const {
    State state;
    expand({{root, 0, 0}}, state.stacks);
    return normal(std::move(state));
  }

  State after(const State& state, unsigned char byte) const {
    State next;
    for (const Stack& stack : state.stacks) take(stack, byte, next.stacks);
    return normal(std::move(next));
  }

  std::int64_t shortest(const State& state) const {
    std::int64_t least = std::int64_t{1} << 40;
    for (const Stack& stack : state.stacks) {
      std::int64_t sum = 0;
      for (const Frame& frame : stack) sum += rest(frame);
      least = std::min(least, sum);
    }
    return least;
  }

  /// A state that allows the same tokens, the same for all that differ only in counts which no
  /// token's length brings to a bound.
  State canonical(State state) const {
    for (Stack& stack : state.stacks) {
      for (Frame& frame : stack) {
        const GrammarNode& node = nodes_[frame.node];
        if (node.kind != Kind::kString && node.kind != Kind::kRepeat) continue;
        const std::uint32_t same = std::max<std::uint32_t>(node.least, 1);
        if (frame.count > same && node.most - frame.count > kLongest) frame.count = same;
      }
    }
    return normal(std::move(state));
  }

 private:
  static State normal(State state) {
    std::sort(state.stacks.begin(), state.stacks.end());
    state.stacks.erase(std::unique(state.stacks.begin(), state.stacks.end()), state.stacks.end());
    return state;
  }

  /// All that the stack may stand for whose last frames take bytes.
  void expand(Stack stack, std::vector<Stack>& out) const {
    if (stack.empty()) {
      out.push_back(std::move(stack));
      return;
    }
    Frame& top = stack.back();
    const GrammarNode& node = nodes_[top.node];
    const auto leave = [&] {
      Stack outer(stack.begin(), stack.end() - 1);
      expand(std::move(outer), out);
    };
    switch (node.kind) {
      case Kind::kLiteral:
        if (top.count == node.bytes.size()) return leave();
        break;
      case Kind::kClass:
        if (top.count >= node.least) leave();
        if (top.count == node.most) return;
        break;
      case Kind::kString:
        break;
      case Kind::kSequence: {
        if (top.count == node.children.size()) return leave();
        const NodeId child = node.children[top.count++];
        stack.push_back({child, 0, 0});
        return expand(std::move(stack), out);
      }
      case Kind::kChoice:
        for (const NodeId child : node.children) {
          top = {child, 0, 0};
          expand(stack, out);
        }
        return;
      case Kind::kRepeat: {
        if (top.count >= node.least) leave();
        if (top.count == node.most) return;
        const bool first = top.count++ == 0;
        stack.push_back({node.children[0], 0, 0});
        if (!first) stack.push_back({node.children[1], 0, 0});
        return expand(std::move(stack), out);
      }
    }
    out.push_back(std::move(stack));
  }

  void take(const Stack& stack, unsigned char byte, std::vector<Stack>& out) const {
    if (stack.empty()) return;
    Frame frame = stack.back();
    const GrammarNode& node = nodes_[frame.node];
    bool closed = false;
    if (node.kind == Kind::kLiteral) {
      if (static_cast<unsigned char>(node.bytes[frame.count]) != byte) return;
      ++frame.count;
    } else if (node.kind == Kind::kClass) {
      if (!node.bytes_of.test(byte)) return;
      ++frame.count;
    } else if (frame.inside != kPlain) {
      if (!continue_character(byte, frame.inside)) return;
    } else if (byte == '"') {
      if (frame.count < node.least) return;
      closed = true;
    } else {
      if (frame.count == node.most || !begin_character(byte, frame.inside)) return;
      ++frame.count;
    }
    Stack next(stack.begin(), stack.end() - 1);
    if (!closed) next.push_back(frame);
    expand(std::move(next), out);
  }

  std::int64_t rest(const Frame& frame) const {
    const GrammarNode& node = nodes_[frame.node];
    const std::int64_t needed =
        std::max<std::int64_t>(0, std::int64_t{node.least} - std::int64_t{frame.count});
    switch (node.kind) {
      case Kind::kLiteral:
        return static_cast<std::int64_t>(node.bytes.size()) - frame.count;
      case Kind::kClass:
        return needed;
      case Kind::kString:
        return needed + open_bytes(frame.inside) + 1;
      case Kind::kSequence: {
        std::int64_t sum = 0;
        for (std::size_t i = frame.count; i < node.children.size(); ++i) {
          sum += nodes_[node.children[i]].shortest;
        }
        return sum;
      }
      case Kind::kChoice:
        return node.shortest;
      case Kind::kRepeat:
        return needed * (nodes_[node.children[0]].shortest + nodes_[node.children[1]].shortest);
    }
    return 0;
  }

  const std::vector<GrammarNode>& nodes_;
};

}  // namespace

/// Which tokens may follow, by state: most tokens of a text are drawn in few different ones.
struct JsonConstraint::Masks {
  static constexpr std::size_t kMost = 4096;

  struct Mask {
    std::shared_ptr<const TokenSet> tokens;
    std::int64_t needed = 0;  ///< bytes that complete the text after the worst of them
  };

  /// The tokens that may follow, so that at most `most` bytes complete the text.
  static Mask compute(const Automaton& automaton, const ByteVocabulary& vocabulary,
                      const State& state, std::int64_t most);

  std::mutex mutex;
  std::map<State, Mask> known;
};

JsonConstraint::JsonConstraint(const nlohmann::ordered_json& schema,
                               std::shared_ptr<const ByteVocabulary> vocabulary)
    : grammar_(std::make_shared<const JsonGrammar>(JsonGrammar::of(schema))),
      vocabulary_(std::move(vocabulary)),
      masks_(std::make_shared<Masks>()) {
  // With these, any text can be completed a byte at a time.
  for (int byte = 0x20; byte < 0xC0; ++byte) {
    if (byte != 0x7F && !vocabulary_->has_byte(static_cast<unsigned char>(byte))) {
      throw Error(ErrorKind::kInput,
                  "the vocabulary has no token for each byte, which constrained answers need");
    }
  }
}

JsonConstraint::State JsonConstraint::begin() const {
  return Automaton(*grammar_).begin(grammar_->root);
}

JsonConstraint::Masks::Mask JsonConstraint::Masks::compute(const Automaton& automaton,
                                                           const ByteVocabulary& vocabulary,
                                                           const State& state, std::int64_t most) {
  const auto set = std::make_shared<TokenSet>(vocabulary.size());
  Mask mask = {set};
  const std::vector<std::int64_t>& tokens = vocabulary.sorted();
  // The states after each byte of the token before, as far as that one was possible: what the
  // next one has in common with it isn't computed again.
  std::vector<State> path = {state};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::size_t common = vocabulary.common()[i];
    if (common >= path.size()) continue;  // it begins with what was impossible
    path.resize(common + 1);
    const std::string_view bytes = vocabulary.bytes(tokens[i]);
    while (path.size() <= bytes.size()) {
      State next = automaton.after(path.back(), static_cast<unsigned char>(bytes[path.size() - 1]));
      if (next.stacks.empty()) break;
      path.push_back(std::move(next));
    }
    if (path.size() <= bytes.size()) continue;
    const std::int64_t needed = automaton.shortest(path.back());
    if (needed > most) continue;
    mask.needed = std::max(mask.needed, needed);
    set->insert(tokens[i]);
  }
  return mask;
}

std::shared_ptr<const TokenSet> JsonConstraint::allowed(const State& state,
                                                        std::int64_t remaining) const {
  const Automaton automaton(*grammar_);
  State key = automaton.canonical(state);
  Masks::Mask mask;
  {
    const std::lock_guard lock(masks_->mutex);
    const auto found = masks_->known.find(key);
    if (found != masks_->known.end()) mask = found->second;
  }
  if (mask.tokens == nullptr) {
    mask = Masks::compute(automaton, *vocabulary_, key, std::numeric_limits<std::int64_t>::max());
    const std::lock_guard lock(masks_->mutex);
    if (masks_->known.size() >= Masks::kMost) masks_->known.clear();
    masks_->known.emplace(std::move(key), mask);
  }
  if (mask.needed < remaining) return mask.tokens;
  // Few tokens are left: some of the mask's lead too far from the end.
  return Masks::compute(automaton, *vocabulary_, state, remaining - 1).tokens;
}

bool JsonConstraint::advance(State& state, std::int64_t token) const {
  const Automaton automaton(*grammar_);
  const std::string_view bytes = vocabulary_->bytes(token);
  for (const char byte : bytes) state = automaton.after(state, static_cast<unsigned char>(byte));
  return !bytes.empty() && !state.stacks.empty();
}

bool JsonConstraint::can_end(const State& state) const {
  return !state.stacks.empty() && state.stacks.front().empty();  // the empty one is the least
}

bool JsonConstraint::is_complete(const State& state) const {
  return can_end(state) && state.stacks.size() == 1;
}

std::int64_t JsonConstraint::shortest(const State& state) const {
  return Automaton(*grammar_).shortest(state);
}

}  // namespace ditto::text
