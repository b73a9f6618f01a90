#include "ctl/app.h"

#include "ctl/go_quote.h"
#include "ctl/help.h"
#include "ctl/invocation.h"
#include "ctl/rewrite.h"
#include "ctl/tree.h"

namespace keelson::ctl {
namespace {

int show_usage_error(const UsageError& error, Console& console) {
  std::string after = error.unknown_command
                          ? "Run '" + path_name(error.path) + " --help' for usage.\n"
                          : usage_text(error.path) + "\n";
  console.err("Error: " + error.text + "\n" + after);
  return kExitError;
}

// `help lease grant`: the help of the deepest command that the words name.
int show_named_help(const Command& root, const std::vector<std::string>& words, Console& console) {
  CommandPath path = {&root};
  for (const std::string& word : words) {
    const Command* child = find_child(*path.back(), word);
    if (child == nullptr) break;
    path.push_back(child);
  }
  if (path.size() > 1 || words.empty()) {
    console.out(help_text(path));
    return kExitOk;
  }
  std::string topics;
  for (const std::string& word : words) topics += (topics.empty() ? "" : " ") + go_quote_raw(word);
  console.err("Unknown help topic [" + topics + "]\n" + usage_text(path));
  return kExitOk;
}

int run_command(CommandLine line, const std::vector<std::string>& args, Console& console) {
  Values values(line.path, line.settings);
  Status (*run)(Invocation&) = line.path.back()->run;
  Invocation invocation = {std::move(line.path), std::move(values), std::move(line.arguments), args,
                           console};
  Status status = run(invocation);
  if (status.ok()) return kExitOk;
  if (!status.failure().text.empty()) console.err("Error: " + status.failure().text + "\n");
  return status.failure().code;
}

}  // namespace

int run_app(const std::vector<std::string>& args, Console& console) {
  Command root = command_tree();
  Rewritten rewritten = rewrite(root, args);
  if (rewritten.error) return show_usage_error(*rewritten.error, console);
  CommandLine& line = rewritten.line;
  bool is_help = line.path.size() == 2 && line.path.back()->name == "help";
  if (is_help && !line.help) return show_named_help(root, line.arguments, console);
  if (line.help || line.path.back()->run == nullptr) {
    console.out(help_text(line.path));
    return kExitOk;
  }
  return run_command(std::move(line), args, console);
}

}  // namespace keelson::ctl
