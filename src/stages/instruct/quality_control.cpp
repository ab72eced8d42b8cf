#include "stages/instruct/quality_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stages/instruct/words.h"

namespace ditto::stages::instructing {
namespace {

constexpr std::size_t kFewestWords = 3;
constexpr std::size_t kMostWords = 40;
/// Share of their content that two requests for the same have in common.
constexpr double kSameContent = 0.75;
/// How far before a noun its attributes stand.
constexpr std::size_t kAttributeReach = 2;

using Result = std::optional<Fault>;

struct Read {
  const Instruction& instruction;
  Words text, target, caption;
  std::string head;  ///< of the target
};

std::string joined(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }

Result language(const Read& read) {
  if (is_latin(read.instruction.text) && is_latin(read.instruction.target)) return {};
  return Fault{"language", "it has characters that English text hasn't"};
}

Result length(const Read& read) {
  if (read.text.size() >= kFewestWords && read.text.size() <= kMostWords) return {};
  return Fault{"length", fmt::format("{} words; {} to {} are wanted", read.text.size(),
                                     kFewestWords, kMostWords)};
}

Result not_an_edit(const Read& read) {
  if (read.text.front() == "don" || read.text.front() == "keep" || read.text.front() == "leave") {
    return Fault{"no_op", fmt::format("\"{}\" asks for no change", read.text.front())};
  }
  if (verb_of(read.text) != Verb::kNone) return {};
  return Fault{"not_an_edit", "no English verb in it asks for a change"};
}

Result wrong_task(const Read& read) {
  const Task task = read.instruction.task;
  const auto fault = [&](const std::string& detail) {
    return Fault{"wrong_task", fmt::format("{}, which is no {}", detail, name_of(task))};
  };
  if (is_global(task)) return {};
  if (read.head.empty() || read.head == "background") {
    return fault(fmt::format("the target is \"{}\"", read.instruction.target));
  }
  const Verb verb = verb_of(read.text);
  if (task == Task::kLocalAdd && verb != Verb::kAdd && verb != Verb::kChange)
    return fault("it adds nothing");
  if (task == Task::kLocalRemove && verb != Verb::kRemove) return fault("it removes nothing");
  if (task == Task::kLocalReplace && verb != Verb::kReplace && verb != Verb::kChange)
    return fault("it replaces nothing");
  if (task == Task::kLocalAttribute && (verb == Verb::kRemove || verb == Verb::kReplace))
    return fault("it removes or replaces something");
  return {};
}

bool has_noun(const Words& words, const std::string& noun) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return may_be_same(word, noun); });
}

Result target_missing(const Read& read) {
  if (is_global(read.instruction.task)) return {};
  if (!has_noun(read.text, read.head)) {
    return Fault{"target_missing",
                 fmt::format("the instruction doesn't name its target's \"{}\"", read.head)};
  }
  if (read.instruction.task == Task::kLocalAdd || has_noun(read.caption, read.head)) return {};
  return Fault{"target_missing", fmt::format("the caption has no \"{}\"", read.head)};
}

/// What comes instead: the content behind "with", "into", "to" or "by" that isn't the target's.
Words replacement(const Read& read) {
  const auto is_link = [](const std::string& word) {
    return word == "with" || word == "into" || word == "to" || word == "by" || word == "for";
  };
  // The target itself may have such a word in it ("the man with the hat").
  const auto from = find_run(read.text, read.target).value_or(0);
  auto begin = read.text.begin() + static_cast<std::ptrdiff_t>(from);
  if (from > 0) begin += static_cast<std::ptrdiff_t>(read.target.size());
  const auto link = std::find_if(begin, read.text.end(), is_link);
  return link == read.text.end() ? Words{} : content_of(Words(link + 1, read.text.end()));
}

/// The words shortly before each place of the noun in the caption.
std::vector<Words> attributes_in(const Words& caption, const std::string& noun) {
  std::vector<Words> all;
  for (std::size_t i = 0; i < caption.size(); ++i) {
    if (caption[i] != noun) continue;
    const std::size_t first = i > kAttributeReach ? i - kAttributeReach : 0;
    all.emplace_back(caption.begin() + static_cast<std::ptrdiff_t>(first),
                     caption.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return all;
}

bool all_in(const Words& some, const Words& words) {
  return std::all_of(some.begin(), some.end(),
                     [&](const std::string& word) { return contains(words, word); });
}

Result no_op(const Read& read) {
  const auto fault = [](const std::string& detail) { return Fault{"no_op", detail}; };
  const Words content = content_of(read.text);
  switch (read.instruction.task) {
    case Task::kGlobalStyle:
    case Task::kGlobalEnvironment:
      if (content.empty()) return fault("it names nothing to be changed to");
      if (all_in(content, read.caption))
        return fault(fmt::format("the caption says \"{}\" already", joined(content)));
      return {};
    case Task::kLocalReplace: {
      const Words target = content_of(read.target);
      if (all_in(replacement(read), target))
        return fault(fmt::format("\"{}\" would come in place of itself", joined(target)));
      return {};
    }
    case Task::kLocalAdd:
      if (find_run(read.caption, content_of(read.target)))
        return fault(
            fmt::format("the caption has \"{}\" already", joined(content_of(read.target))));
      return {};
    case Task::kLocalRemove:
      return {};
    case Task::kLocalAttribute: {
      Words wanted;
      for (const std::string& word : content) {
        if (!contains(read.target, word)) wanted.push_back(word);
      }
      if (wanted.empty()) return fault("it names nothing to be changed to");
      for (const Words& attributes : attributes_in(read.caption, read.head)) {
        if (all_in(wanted, attributes))
          return fault(
              fmt::format("the caption has a \"{} {}\" already", joined(attributes), read.head));
      }
      return {};
    }
  }
  return {};
}

/// What the instruction says of its target, that is, what stands before the noun where it names it
/// first, and what the target's own name has.
Words claims_of(const Read& read) {
  Words claims = attributes_of(read.target);
  const std::vector<Words> in_text = attributes_in(read.text, read.head);
  if (!in_text.empty()) claims.insert(claims.end(), in_text.front().begin(), in_text.front().end());
  return claims;
}

/// Another colour, or number, than the caption's.
Result other_attribute(const Read& read, const std::vector<Words>& found,
                       bool (*of_kind)(const std::string&)) {
  for (const std::string& claim : claims_of(read)) {
    if (!of_kind(claim)) continue;
    std::string other;
    bool same = false;
    bool untold = false;
    for (const Words& attributes : found) {
      const auto one = std::find_if(attributes.begin(), attributes.end(), of_kind);
      same = same || contains(attributes, claim);
      untold = untold || one == attributes.end();
      if (one != attributes.end()) other = *one;
    }
    // "The dog", said again, isn't another one of no colour.
    if (!same && !other.empty() && (!untold || found.size() > 1)) {
      return Fault{"contradiction", fmt::format("it says \"{0} {1}\", the caption \"{2} {1}\"",
                                                claim, read.head, other)};
    }
  }
  return {};
}

/// "Turn the night into day" of a clip by day; "make it night" says nothing of what it is.
Result other_setting(const Read& read) {
  const bool replaces = verb_of(read.text) == Verb::kReplace;
  static const Words kFromTo = {"turn", "change", "transform", "convert", "switch", "shift"};
  if (!replaces && !contains(kFromTo, read.text.front())) return {};
  const auto link = std::find_if(read.text.begin(), read.text.end(), [&](const std::string& word) {
    return replaces ? word == "with" || word == "by" : word == "into" || word == "to";
  });
  if (link == read.text.end()) return {};
  for (const std::string& word : Words(read.text.begin(), link)) {
    for (const std::string& told : read.caption) {
      if (!excludes(word, told) || contains(read.caption, word)) continue;
      return Fault{"contradiction",
                   fmt::format("it changes the {}, the caption says \"{}\"", word, told)};
    }
  }
  return {};
}

Result contradiction(const Read& read) {
  if (is_global(read.instruction.task)) return other_setting(read);
  if (read.instruction.task == Task::kLocalAdd) return {};
  const std::vector<Words> found = attributes_in(read.caption, read.head);
  const auto denied = [](const Words& words) {
    return contains(words, "no") || contains(words, "without");
  };
  if (!found.empty() && std::all_of(found.begin(), found.end(), denied)) {
    return Fault{"contradiction", fmt::format("the caption says that there is no {}", read.head)};
  }
  if (Result fault = other_attribute(read, found, is_colour)) return fault;
  return other_attribute(read, found, is_number);
}

std::set<std::string> content_set(const std::string& text) {
  const Words words = content_of(words_of(text));
  return {words.begin(), words.end()};
}

Result repeated(const Read& read, const std::vector<Instruction>& taken) {
  const std::set<std::string> own = content_set(read.instruction.text);
  for (const Instruction& other : taken) {
    const std::set<std::string> theirs = content_set(other.text);
    const auto common = static_cast<double>(std::count_if(
        own.begin(), own.end(), [&](const std::string& word) { return theirs.contains(word); }));
    const double all = static_cast<double>(own.size() + theirs.size()) - common;
    const bool same_thing = read.instruction.task == Task::kLocalRemove &&
                            other.task == Task::kLocalRemove &&
                            words_of(other.target) == read.target;
    if (same_thing || all == 0 || common / all >= kSameContent)
      return Fault{"repeated", fmt::format("it asks for the same as \"{}\"", other.text)};
  }
  return {};
}

}  // namespace

Result fault_of(const Instruction& instruction, const std::string& caption,
                const std::vector<Instruction>& taken) {
  Read read{instruction, words_of(instruction.text), words_of(instruction.target),
            words_of(caption), ""};
  if (!is_global(instruction.task)) read.head = head_of(read.target);
  for (const auto check :
       {language, length, not_an_edit, wrong_task, target_missing, no_op, contradiction}) {
    if (Result fault = check(read)) return fault;
  }
  return repeated(read, taken);
}

}  // namespace ditto::stages::instructing
