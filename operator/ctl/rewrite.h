// The step before CLI11: takes the command line apart as cobra and pflag would (and, beyond them,
// long flags with one dash), so that everything behind it sees full command names and one checked
// value a flag. Pure: no I/O.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ctl/command.h"

namespace keelson::ctl {

// A command line in canonical form.
struct CommandLine {
  CommandPath path;
  std::map<std::string, std::string> settings;  // given flags only: name -> canonical value
  std::vector<std::string> arguments;
  bool help = false;  // -h or --help was given
};

// Why a command line was refused.
struct UsageError {
  std::string text;  // without "Error: "
  CommandPath path;  // whose usage follows the text; only the root for an unknown command
  bool unknown_command = false;
};

struct Rewritten {
  CommandLine line;
  std::optional<UsageError> error;  // when set, `line` is not to be used
};

// `args` without the program's name.
Rewritten rewrite(const Command& root, const std::vector<std::string>& args);

// Only the flags and arguments of a known command: for the lines of txn and watch.
Rewritten rewrite_flags(const CommandPath& path, const std::vector<std::string>& args);

// The command with this name, or the only one whose name starts with it; null if there is none.
const Command* find_child(const Command& parent, const std::string& name);

// Commands that the user may have meant by an unknown name, in the tree's order.
std::vector<std::string> suggestions(const Command& parent, const std::string& name);

}  // namespace keelson::ctl
