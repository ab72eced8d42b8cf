#include "cli/commands.h"
#include "cli/output.h"
#include "ditto/core/error.h"
#include "ditto/dataset/report.h"

namespace ditto::cli {

void add_report_command(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("report", "Write report.html: the funnel, costs, scores and examples");
  auto directory = std::make_shared<std::string>();
  command->add_option("DIR", *directory, "The output directory of a run or merge")->required();
  command->footer(
      "The page is self-contained. Its path is printed.\n"
      "Example:\n"
      "  ditto report out");
  command->callback([&status, directory] {
    dataset::write_report(*directory);
    print((std::filesystem::path(*directory) / "report.html").string() + "\n");
    status = kExitComplete;
  });
}

}  // namespace ditto::cli
