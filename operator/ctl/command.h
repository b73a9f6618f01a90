// The command tree of etcdctl as data: names, flags, help texts and what runs. The rewriter, the
// help, the completion scripts and the dispatcher all read this one description.
#pragma once

#include <string>
#include <vector>

#include "ctl/result.h"

namespace keelson::ctl {

struct Invocation;

enum class FlagType { kBool, kInt, kUint, kString, kStrings, kDuration };

struct FlagSpec {
  std::string name;
  char shorthand = 0;  // 0: none
  FlagType type = FlagType::kBool;
  std::string initial;  // the default, as text; for kStrings comma separated
  std::string help;
  std::vector<std::string> choices = {};  // offered by shell completion
};

// Which arguments a command refuses before it runs; most check their arguments themselves.
enum class ArgumentRule { kAny, kOneOfChoices };

struct Command {
  std::string name;
  std::string use;  // the usage line from the command's name on
  std::string brief;
  std::string details = {};  // replaces `brief` at the top of the help when not empty
  std::string example = {};
  std::string group = {};             // title under which the parent's help lists it
  std::vector<FlagSpec> flags = {};   // of this command
  std::vector<FlagSpec> shared = {};  // of this command and all below it
  std::vector<Command> children = {};
  std::vector<std::string> groups = {};  // the children's titles in the order of the help
  Status (*run)(Invocation&) = nullptr;  // null: only shows its help
  ArgumentRule rule = ArgumentRule::kAny;
  std::vector<std::string> choices = {};
};

// A command with all its ancestors, the root first.
using CommandPath = std::vector<const Command*>;

// `etcdctl lease grant`.
std::string path_name(const CommandPath& path);

// Every flag the last command of the path takes: its own, its shared ones and those of its
// ancestors. `help` is not among them.
std::vector<const FlagSpec*> all_flags(const CommandPath& path);
// Only those that come from ancestors: the ones that the environment may set.
std::vector<const FlagSpec*> inherited_flags(const CommandPath& path);

// Shorthands that keep the tables of flags readable.
FlagSpec bool_flag(std::string name, std::string help, bool initial = false);
FlagSpec int_flag(std::string name, std::string help, int64_t initial = 0);
FlagSpec string_flag(std::string name, std::string help, std::string initial = "");

// Checks `text` for the flag and gives its canonical form (decimal numbers, true or false,
// nanoseconds for durations). The failure's text is Go's, without the part that names the flag.
Result<std::string> canonical_value(const FlagSpec& flag, const std::string& text);

// The members of a comma separated list with CSV quotes; a failure for broken quotes.
Result<std::vector<std::string>> split_list(const std::string& text);

}  // namespace keelson::ctl
