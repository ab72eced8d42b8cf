#include "stages/instruct/rounds.h"

#include <algorithm>
#include <array>

#include "stages/instruct/quality_control.h"

namespace ditto::stages::instructing {
namespace {

std::size_t at(Task task) { return static_cast<std::size_t>(task); }

class Rounds {
 public:
  Rounds(const std::string& caption, const InstructRequest& request, const Due& due,
         const config::Instruct& config)
      : request_(request), config_(config), due_(due), taken_(request.taken) {
    result_.caption = caption;
  }

  Instructions run(const Proposer& propose) {
    for (std::vector<Task> tasks = next(); !tasks.empty(); tasks = next()) {
      std::array<bool, kTasks> asked = {}, yielded = {};
      const std::vector<Instruction> proposals = propose(tasks, taken_);
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        asked[at(tasks[i])] = true;
        if (use(proposals.at(i))) yielded[at(tasks[i])] = true;
      }
      for (std::size_t i = 0; i < asked.size(); ++i) {
        if (asked[i]) fruitless_[i] = yielded[i] ? 0 : fruitless_[i] + 1;
      }
    }
    result_.owed = due_.owed;
    return std::move(result_);
  }

 private:
  /// The tasks of the instructions that are still missing, but for those that are given up.
  std::vector<Task> next() const {
    Due due = due_;
    std::vector<Task> tasks;
    for (std::size_t i = result_.list.size(); i < static_cast<std::size_t>(request_.count); ++i) {
      const std::vector<Task> order = preferences(due, config_);
      const auto task = std::find_if(order.begin(), order.end(), [&](Task one) {
        return fruitless_[at(one)] < config_.attempts;
      });
      if (task == order.end()) break;
      --due.owed[at(*task)];
      tasks.push_back(*task);
    }
    return tasks;
  }

  bool use(const Instruction& proposal) {
    if (auto fault = fault_of(proposal, result_.caption, taken_)) {
      result_.drops.push_back({proposal, fault->name, fault->detail});
      return false;
    }
    --due_.owed[at(proposal.task)];
    result_.list.push_back(proposal);
    taken_.push_back(proposal);
    return true;
  }

  const InstructRequest& request_;
  const config::Instruct& config_;
  Due due_;
  Instructions result_;
  std::vector<Instruction> taken_;  ///< the user's own, too
  std::array<int, kTasks> fruitless_ = {};
};

}  // namespace

Instructions collect(const std::string& caption, const InstructRequest& request, const Due& due,
                     const config::Instruct& config, const Proposer& propose) {
  return Rounds(caption, request, due, config).run(propose);
}

}  // namespace ditto::stages::instructing
