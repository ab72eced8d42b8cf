#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Qwen2.5-VL's conversations as text for the tokenizer, as its published chat template and
/// transformers' Qwen2_5_VLProcessor write them.
namespace ditto::text {

struct ChatPart {
  enum class Kind { kText, kImage, kVideo };
  Kind kind = Kind::kText;
  std::string text;         ///< of a text
  std::int64_t tokens = 1;  ///< that an image or a video takes (its grid's product, merged)

  static ChatPart words(std::string text) { return {Kind::kText, std::move(text), 0}; }
  static ChatPart image(std::int64_t tokens) { return {Kind::kImage, {}, tokens}; }
  static ChatPart video(std::int64_t tokens) { return {Kind::kVideo, {}, tokens}; }
};

struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant"
  std::vector<ChatPart> parts;
};

struct ChatOptions {
  /// Ends with the beginning of the assistant's answer.
  bool generation_prompt = true;
  /// "Picture 1: " before an image, "Video 1: " before a video, numbered each for themselves
  /// (`add_vision_id`).
  bool number_vision = false;
};

/// Where the first message isn't the system's, "You are a helpful assistant." comes before it. An
/// image's <|image_pad|> is written as often as the image has tokens, so that the text can be
/// tokenized as it is. Texts are taken as they are: "<|im_end|>" in one ends the message. Throws
/// Error(kInput) for an image or video of fewer than one token.
std::string qwen_chat(const std::vector<ChatMessage>& messages, const ChatOptions& options = {});

}  // namespace ditto::text
