#include "cli/commands.h"
#include "cli/output.h"
#include "ditto/core/error.h"
#include "ditto/core/nearest.h"

namespace ditto::cli {
namespace {

struct ExitStatusText {
  ExitStatus status;
  const char* meaning;
};
constexpr std::array kExitStatuses = {
    ExitStatusText{kExitComplete, "complete"},
    ExitStatusText{
        kExitFatal,
        "fatal: a full disk, an unreadable input of `ditto stage`, a fault of ditto itself"},
    ExitStatusText{
        kExitUsage,
        "usage: the command line, the config or the preflight checks; nothing was computed"},
    ExitStatusText{kExitQuarantined,
                   "complete, but some samples were quarantined; the report lists them"},
    ExitStatusText{kExitFaultsFound, "verification found faults"},
    ExitStatusText{
        kExitInterrupted,
        "interrupted by SIGTERM, SIGINT, SIGUSR1 or the deadline; the same command goes on"},
    ExitStatusText{kExitKilled, "ended at once by a second SIGINT; the same command goes on"},
};

std::string exit_codes() {
  std::string text = "Exit statuses of ditto\n\n";
  for (const auto& [status, meaning] : kExitStatuses) {
    text += fmt::format("  {:>3}  {}\n", static_cast<int>(status), meaning);
  }
  return text;
}

std::string help_on(const CLI::App& app, const std::string& topic) {
  if (topic == "exit-codes") return exit_codes();
  std::vector<std::string> topics = {"exit-codes"};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == topic) return command->help("ditto " + topic);
    topics.push_back(command->get_name());
  }
  const std::string meant = nearest(topic, topics);
  const std::string hint = meant.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", meant);
  throw Error(ErrorKind::kUsage,
              fmt::format("no help on \"{}\"{}; topics: {}", topic, hint, fmt::join(topics, ", ")));
}

}  // namespace

void add_help_command(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("help", "Show help on a subcommand or a topic (exit-codes)");
  auto topic = std::make_shared<std::string>();
  // Required: the parser would take the name of a subcommand for that subcommand otherwise. `ditto
  // help` alone is the same as `ditto --help` (main).
  command->add_option("TOPIC", *topic, "A subcommand, or exit-codes")->required();
  command->footer("Example:\n  ditto help exit-codes");
  command->callback([&app, &status, topic] {
    print(help_on(app, *topic));
    status = kExitComplete;
  });
}

}  // namespace ditto::cli
