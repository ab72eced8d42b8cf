#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>

#include "models/qwen/sequence.h"

namespace ditto::models::qwen {

/// Answers the requests of all its callers together: each pass of the network draws one more token
/// of every sequence in work, and as one ends, the next that waits takes its place in the cache of
/// keys and values. There is no thread of its own: whoever waits for an answer and finds nobody at
/// it computes the next pass, for all.
///
/// What a request is answered doesn't depend, to the last bit, on which others are there: prompts
/// are computed together as their own call has them, and a pass that draws tokens has always
/// limits.rows of them, the missing ones made up, because the order of a matrix product's sums
/// follows from its size. Attention, whose size differs, is computed for each sequence as if it
/// were alone. (So on the CPU, where the tests compare; kernels of other devices promise nothing.)
class Engine {
 public:
  /// The network must outlive it.
  Engine(const Network& network, Meaning meaning, const BatchLimits& limits);

  /// Answers to requests whose prompts are `parts`, in their order; what Request::prompt holds
  /// isn't looked at. Throws what Generator::answer does, and what went wrong in a pass: the
  /// requests of others that were in it fail with it, those that wait don't.
  std::vector<Completion> answer(const std::vector<PromptPart>& parts,
                                 const std::vector<Request>& requests);

  /// make_prefix() between two passes.
  std::shared_ptr<const Prefix> prefix(const PromptPart& part, const Prefix* base);
  /// The vision tower between two passes, for one image or video.
  at::Tensor see(const at::Tensor& pixels, const Grid& grid, bool video);

  Work work() const;

 private:
  /// What one call of answer() waits for.
  struct Call;
  /// Requests of a call whose prompts are computed in one pass.
  struct Pack {
    Call* call;
    std::size_t first, count;
  };
  /// A sequence in work: its number is its row in the cache.
  struct Active {
    Call* call;
    std::size_t request;
    Sequence sequence;
  };

  /// Runs work with the network while nobody else does.
  template <class F>
  auto between_passes(F&& work);
  std::int64_t rows_for(std::int64_t capacity) const;
  void enqueue(Call& call);
  /// Takes the first pack that waits, if there is room for it.
  std::optional<Pack> next_pack();
  void make_room(const Pack& pack);
  void compute(const std::optional<Pack>& pack);
  void admit(const Pack& pack);
  void step();
  void draw(const at::Tensor& hidden, std::size_t first);
  /// Hands out what is done, and what went wrong.
  void settle();
  /// The last sequence takes its row.
  void remove(std::size_t row);
  void fail(Call& call, const std::exception_ptr& error);
  void count_prompts(const std::vector<PromptPart>& parts);

  const Network& network_;
  const Meaning meaning_;
  const BatchLimits limits_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool busy_ = false;  ///< somebody computes; what comes after work_ is theirs then
  int visitors_ = 0;   ///< who want the network for something else; they come first
  std::deque<Pack> queue_;
  Work work_;
  std::vector<Active> active_;
  std::vector<std::pair<Call*, std::exception_ptr>> faults_;
  std::optional<KvCache> cache_;
};

}  // namespace ditto::models::qwen
