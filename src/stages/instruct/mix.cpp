#include "stages/instruct/mix.h"

namespace ditto::stages::instructing {
namespace {

std::size_t at(Task task) { return static_cast<std::size_t>(task); }

// n times the fraction, rounded; in whole millionths, so that equal fractions round alike on every
// machine.
std::int64_t rounded(std::int64_t n, double fraction) {
  constexpr std::int64_t kWhole = 1'000'000;
  const std::int64_t millionths = std::llround(std::clamp(fraction, 0.0, 1.0) * kWhole);
  return (n * millionths + kWhole / 2) / kWhole;
}

constexpr std::array kLocalTasks = {Task::kLocalReplace, Task::kLocalAdd, Task::kLocalRemove,
                                    Task::kLocalAttribute};

double local_weight(Task task, const config::Instruct& config) {
  switch (task) {
    case Task::kLocalReplace:
      return config.replace_weight;
    case Task::kLocalAdd:
      return config.add_weight;
    case Task::kLocalRemove:
      return config.remove_weight;
    case Task::kLocalAttribute:
      return config.attribute_weight;
    case Task::kGlobalStyle:
    case Task::kGlobalEnvironment:
      break;
  }
  return 0;
}

double total_local_weight(const config::Instruct& config) {
  double total = 0;
  for (const Task task : kLocalTasks) total += local_weight(task, config);
  return total;
}

double global_share(const config::Instruct& config) {
  return total_local_weight(config) > 0 ? config.global_fraction : 1;
}

bool needs_a_target(Task task) { return !is_global(task) && task != Task::kLocalAdd; }

// With more than this, a rich clip would take the tasks of its whole unit.
constexpr int kAhead = 1;

}  // namespace

std::array<std::int64_t, kTasks> planned(std::int64_t n, const config::Instruct& config) {
  std::array<std::int64_t, kTasks> out = {};
  const std::int64_t globals = rounded(n, global_share(config));
  out[at(Task::kGlobalStyle)] = rounded(globals, config.style_fraction);
  out[at(Task::kGlobalEnvironment)] = globals - out[at(Task::kGlobalStyle)];
  std::int64_t left = n - globals;
  for (std::size_t i = 0; i < kLocalTasks.size(); ++i) {
    const double weight = local_weight(kLocalTasks[i], config);
    double others = 0;
    for (std::size_t j = i + 1; j < kLocalTasks.size(); ++j)
      others += local_weight(kLocalTasks[j], config);
    const double share = weight + others > 0 ? weight / (weight + others) : 0;
    out[at(kLocalTasks[i])] = rounded(left, share);
    left -= out[at(kLocalTasks[i])];
  }
  return out;
}

Due due(std::int64_t ordinal, const InstructRequest& request, const config::Instruct& config) {
  const auto by = [&](std::int64_t clips) { return planned(clips * request.count, config); };
  const auto before = by(ordinal), after = by(ordinal + 1);
  const auto unit = by(ordinal + 1 + request.clips_after);
  Due out;
  for (std::size_t i = 0; i < out.owed.size(); ++i) {
    out.owed[i] = request.owed[i] + static_cast<int>(after[i] - before[i]);
    if (needs_a_target(static_cast<Task>(i)))
      out.ahead[i] = static_cast<int>(std::min<std::int64_t>(kAhead, unit[i] - after[i]));
  }
  return out;
}

bool is_wanted(Task task, const config::Instruct& config) {
  const double global = global_share(config);
  if (task == Task::kGlobalStyle) return global > 0 && config.style_fraction > 0;
  if (task == Task::kGlobalEnvironment) return global > 0 && config.style_fraction < 1;
  return global < 1 && local_weight(task, config) > 0;
}

std::vector<Task> preferences(const Due& due, const config::Instruct& config) {
  std::vector<Task> out;
  for (int i = 0; i < kTasks; ++i) {
    if (is_wanted(static_cast<Task>(i), config)) out.push_back(static_cast<Task>(i));
  }
  const auto urgency = [&](Task task) { return due.owed[at(task)] + due.ahead[at(task)]; };
  std::stable_sort(out.begin(), out.end(), [&](Task a, Task b) { return urgency(a) > urgency(b); });
  return out;
}

}  // namespace ditto::stages::instructing
