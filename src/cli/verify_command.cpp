#include "cli/commands.h"
#include "cli/output.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/dataset/verify.h"

namespace ditto::cli {
namespace {

struct VerifyOptions {
  std::string directory;
  bool quick = false;
  bool json = false;
};

nlohmann::ordered_json to_json(const dataset::VerifyResult& result) {
  nlohmann::ordered_json faults = nlohmann::ordered_json::array();
  for (const dataset::Fault& fault : result.faults) {
    faults.push_back({{"where", fault.where}, {"problem", fault.problem}});
  }
  return {{"ok", result.faults.empty()},
          {"shards", result.shards},
          {"samples", result.samples},
          {"bytes", result.bytes},
          {"faults", faults}};
}

int verify(const VerifyOptions& options) {
  const dataset::VerifyResult result = dataset::verify(options.directory, !options.quick);
  if (options.json) {
    print(to_json(result).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
          "\n");
  } else {
    for (const dataset::Fault& fault : result.faults) {
      print(fmt::format("{}: {}\n", fault.where, fault.problem));
    }
  }
  const std::string read = fmt::format("{} shards, {} samples, {:.1f} MB", result.shards,
                                       result.samples, static_cast<double>(result.bytes) / 1e6);
  const std::string name = printable(options.directory);
  if (result.faults.empty()) {
    spdlog::info("{}: no faults ({})", name, read);
    return kExitComplete;
  }
  spdlog::error("{}: {} faults ({})", name, result.faults.size(), read);
  return kExitFaultsFound;
}

}  // namespace

void add_verify_command(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("verify", "Check an output directory as an independent reader");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("DIR", options->directory, "The output directory of a run or merge")
      ->required();
  command->add_flag("--quick", options->quick,
                    "Only look at the videos' headers instead of decoding every frame");
  command->add_flag("--json", options->json, "Print the result as one JSON object");
  command->footer(
      "Prints one fault a line, as FILE: MEMBER: PROBLEM; exit status 4 when there are any.\n"
      "Examples:\n"
      "  ditto verify out\n"
      "  ditto verify out --json | jq '.faults[].where'");
  command->callback([&status, options] { status = verify(*options); });
}

}  // namespace ditto::cli
