#include "ditto/core/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <cstdlib>

namespace ditto {
namespace {

/// One JSON object a line; the message is escaped by the JSON library.
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(msg.time.time_since_epoch());
    const auto level = spdlog::level::to_string_view(msg.level);
    const nlohmann::json line = {
        {"time", static_cast<double>(ms.count()) / 1000.0},
        {"level", std::string(level.data(), level.size())},
        {"thread", msg.thread_id},
        {"message", std::string(msg.payload.data(), msg.payload.size())},
    };
    const std::string text =
        line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

std::atomic<Verbosity> g_verbosity{Verbosity::kNormal};

}  // namespace

Verbosity verbosity() { return g_verbosity; }

void log_warning(const std::string& message) { spdlog::warn("{}", message); }

void set_up_log(Verbosity verbosity) {
  g_verbosity = verbosity;
  const bool colour = ::isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      colour ? spdlog::color_mode::always : spdlog::color_mode::never);
  sink->set_pattern("%^%l%$: %v");
  sink->set_level(verbosity == Verbosity::kQuiet     ? spdlog::level::warn
                  : verbosity == Verbosity::kVerbose ? spdlog::level::debug
                                                     : spdlog::level::info);
  auto logger = std::make_shared<spdlog::logger>("ditto", sink);
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void add_log_files(const std::filesystem::path& directory, const std::string& name) {
  std::filesystem::create_directories(directory);
  auto text =
      std::make_shared<spdlog::sinks::basic_file_sink_mt>((directory / (name + ".log")).string());
  text->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %t %v");
  auto json =
      std::make_shared<spdlog::sinks::basic_file_sink_mt>((directory / (name + ".jsonl")).string());
  json->set_formatter(std::make_unique<JsonFormatter>());
  // The libraries' chatter is kept only when it was asked for.
  const auto level =
      verbosity() == Verbosity::kVerbose ? spdlog::level::debug : spdlog::level::info;
  text->set_level(level);
  json->set_level(level);
  auto& sinks = spdlog::default_logger()->sinks();
  sinks.push_back(std::move(text));
  sinks.push_back(std::move(json));
}

}  // namespace ditto
