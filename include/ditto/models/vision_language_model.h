#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ditto/models/pictures.h"

/// Qwen2.5-VL's answers for those who have pictures and no tensors: without LibTorch's headers.
namespace ditto::models {

struct VisionLanguageOptions {
  std::filesystem::path weights;  ///< a checkpoint's directory: network, tokenizer, processor
  std::string device = "cpu";     ///< "cuda", "cuda:N", or "auto": CUDA where there is a device
  std::string dtype = "bfloat16";
  /// Answers that are drawn together, of all who ask. Which they are changes nothing; how many they
  /// may be does, as rounding does.
  int slots = 8;
};

/// What a model has computed so far.
struct VisionLanguageWork {
  std::int64_t pictures = 0, videos = 0;  ///< through the vision tower
  std::int64_t prompt_tokens = 0;         ///< those of pictures and videos too
  std::int64_t passes = 0;                ///< each drew a token of every answer in work
  std::int64_t drawn = 0;                 ///< tokens, by these
};

/// A part of what the model is told: text, or pictures.
struct MessagePart {
  std::string text;   ///< when there are no pictures
  Pictures pictures;  ///< a still, or a video where `fps` isn't 0
  double fps = 0;     ///< of the pictures
  /// Of a video: pictures to take, evenly spaced, an even number (one more or less where it is
  /// odd); 0: two a second, 4 to 768, as the model was trained.
  int frames = 0;
  /// Largest area that a picture is scaled down to; 0: as the checkpoint's processor has it.
  std::int64_t max_pixels = 0;

  static MessagePart words(std::string text) { return {.text = std::move(text), .pictures = {}}; }
};

/// The size of what a model is shown, for planning: the members stand for those of MessagePart.
struct ShownSize {
  std::int64_t count = 0, height = 0, width = 0;  ///< pictures: stills, or a video's
  double fps = 0;
  int frames = 0;
  std::int64_t max_pixels = 0;
};

struct Question {
  std::string text;  ///< the rest of the user's message, behind what the conversation has
  nlohmann::ordered_json form;  ///< the answer's JSON Schema, as text/json_constraint.h reads it
  double temperature = 0;       ///< 0: the likeliest answer
  double top_p = 1;
  double repetition_penalty = 1;
  std::uint64_t seed = 0;
  int max_tokens = 256;
};

/// May be used by several threads: their answers are drawn together, and pictures are made ready
/// for one while answers are drawn for others.
class VisionLanguageModel {
 public:
  /// What was shown and said so far, computed once for all questions about it. Holds memory on the
  /// model's device.
  class Conversation;
  using Shared = std::shared_ptr<const Conversation>;

  /// Reads configs and the tokenizer; weights come with the first conversation. Throws
  /// Error(kInput) for a directory of another kind, Error(kUsage) for a dtype or a device that
  /// there isn't.
  explicit VisionLanguageModel(VisionLanguageOptions options);
  ~VisionLanguageModel();
  /// One model for all who ask for the same, while one of them holds it. Throws Error(kUsage) when
  /// they want different numbers of slots.
  static std::shared_ptr<const VisionLanguageModel> shared(const VisionLanguageOptions& options);

  /// Of the weights (checkpoints.h); reads from them.
  std::string digest() const;
  bool on_cpu() const;
  /// Of the weights in this dtype, wherever they are; there once, whoever asks.
  std::size_t weight_bytes() const;
  /// Of the keys and values of all slots when they hold questions about that, and of what is kept
  /// of pictures; there once, too.
  std::size_t cache_bytes(const ShownSize& shown) const;
  /// What each who asks takes of this machine's memory meanwhile: an estimate from above. A
  /// device's memory isn't planned.
  std::size_t memory_bytes(const ShownSize& shown) const;

  /// A user's message that begins with these parts. Pictures that were shown lately don't go
  /// through the vision tower again. `system`: what the model is told first; empty: what it was
  /// trained with. Special tokens written out in texts are taken apart. Throws Error(kTransient)
  /// when memory is short, Error(kInput) for weights that are broken.
  Shared begin(const std::string& system, const std::vector<MessagePart>& parts) const;
  /// The same message with more text; the conversation before it isn't computed again. Where the
  /// text before ends with a line break and the new one doesn't begin with white space, the tokens
  /// are those of both in one.
  Shared with(const Shared& conversation, const std::string& text) const;
  /// An answer to each question, in their order; what is said to one isn't known to another. They
  /// don't depend on how many are asked at once. Throws Error(kInterrupted), Error(kInput) for a
  /// form that isn't supported or doesn't fit into max_tokens, and as begin() does.
  std::vector<nlohmann::json> answer(const Shared& conversation,
                                     const std::vector<Question>& questions) const;

  VisionLanguageWork work() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ditto::models
