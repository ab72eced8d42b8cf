#include "cli/usage.h"

#include "ditto/core/nearest.h"

namespace ditto::cli {
namespace {

/// The subcommands that were given, the program itself first.
std::vector<const CLI::App*> chain_of(const CLI::App& app) {
  std::vector<const CLI::App*> chain = {&app};
  while (!chain.back()->get_subcommands().empty())
    chain.push_back(chain.back()->get_subcommands().front());
  return chain;
}

std::string full_name(const std::vector<const CLI::App*>& chain) {
  std::string name;
  for (const CLI::App* app : chain) name += (name.empty() ? "" : " ") + app->get_name();
  return name;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const std::vector<const CLI::App*>& chain) {
  std::vector<std::string> names;
  for (const CLI::App* app : chain) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::string did_you_mean(const std::string& meant) {
  return meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant);
}

std::string problem(const std::vector<const CLI::App*>& chain, const CLI::ParseError& error) {
  const CLI::App& last = *chain.back();
  const std::vector<std::string> extras = chain.front()->remaining(true);
  const std::vector<std::string> commands = subcommand_names(last);
  if (!extras.empty()) {
    const std::string& extra = extras.front();
    if (extra.starts_with("-")) {
      const std::string option = extra.substr(0, extra.find('='));
      return fmt::format("unknown option \"{}\"{}", option,
                         did_you_mean(nearest(option, option_names(chain))));
    }
    if (!commands.empty()) {
      return fmt::format("unknown command \"{}\"{}", extra, did_you_mean(nearest(extra, commands)));
    }
    return fmt::format("unexpected argument \"{}\"", extra);
  }
  if (!commands.empty()) return fmt::format("expected one of: {}", fmt::join(commands, ", "));
  return error.what();
}

}  // namespace

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const auto chain = chain_of(app);
  const std::string name = full_name(chain);
  return fmt::format("{}: {} (see {} --help)", name, problem(chain, error), name);
}

}  // namespace ditto::cli
