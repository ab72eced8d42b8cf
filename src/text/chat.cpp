#include "ditto/text/chat.h"

#include <fmt/format.h>

#include "ditto/core/error.h"

namespace ditto::text {
namespace {

/// What Qwen2.5 was trained to read where nothing else is said.
constexpr const char* kSystem = "You are a helpful assistant.";

/// `pad` is the special token whose places the vision tower's output takes.
void append_vision(std::string& text, const char* pad, std::int64_t tokens) {
  if (tokens < 1) throw Error(ErrorKind::kInput, "chat: an image or a video without tokens");
  text += "<|vision_start|>";
  for (std::int64_t i = 0; i < tokens; ++i) text += pad;
  text += "<|vision_end|>";
}

}  // namespace

std::string qwen_chat(const std::vector<ChatMessage>& messages, const ChatOptions& options) {
  std::string text;
  int images = 0;
  int videos = 0;
  if (!messages.empty() && messages.front().role != "system") {
    text += fmt::format("<|im_start|>system\n{}<|im_end|>\n", kSystem);
  }
  for (const ChatMessage& message : messages) {
    text += fmt::format("<|im_start|>{}\n", message.role);
    for (const ChatPart& part : message.parts) {
      switch (part.kind) {
        case ChatPart::Kind::kText:
          text += part.text;
          break;
        case ChatPart::Kind::kImage:
          ++images;
          if (options.number_vision) text += fmt::format("Picture {}: ", images);
          append_vision(text, "<|image_pad|>", part.tokens);
          break;
        case ChatPart::Kind::kVideo:
          ++videos;
          if (options.number_vision) text += fmt::format("Video {}: ", videos);
          append_vision(text, "<|video_pad|>", part.tokens);
          break;
      }
    }
    text += "<|im_end|>\n";
  }
  if (options.generation_prompt) text += "<|im_start|>assistant\n";
  return text;
}

}  // namespace ditto::text
