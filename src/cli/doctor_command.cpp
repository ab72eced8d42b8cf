#include "cli/commands.h"
#include "cli/doctor_checks.h"
#include "cli/output.h"
#include "ditto/core/error.h"

namespace ditto::cli {
namespace {

const char* name_of(Check::Result result) {
  switch (result) {
    case Check::Result::kOk:
      return "ok";
    case Check::Result::kWarn:
      return "warn";
    case Check::Result::kFail:
      return "fail";
  }
  return "fail";
}

std::string to_text(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks)
    text += fmt::format("{:<4}  {:<9} {}\n", name_of(check.result), check.name, check.detail);
  return text;
}

std::string to_json(const std::vector<Check>& checks, bool usable) {
  nlohmann::ordered_json document = {
      {"version", DITTO_VERSION}, {"usable", usable}, {"checks", nlohmann::ordered_json::array()}};
  for (const Check& check : checks) {
    document["checks"].push_back(
        {{"name", check.name}, {"result", name_of(check.result)}, {"detail", check.detail}});
  }
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

void add_doctor_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("doctor", "Check whether this machine can run ditto");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Print JSON");
  command->footer("Exit status 2 when a check fails.\nExample:\n  ditto doctor");
  command->callback([&status, as_json] {
    const std::vector<Check> checks = examine_machine();
    const bool usable = std::none_of(checks.begin(), checks.end(), [](const Check& check) {
      return check.result == Check::Result::kFail;
    });
    print(*as_json ? to_json(checks, usable) : to_text(checks));
    status = usable ? kExitComplete : kExitUsage;
  });
}

}  // namespace ditto::cli
