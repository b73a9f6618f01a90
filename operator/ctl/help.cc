#include "ctl/help.h"

#include <algorithm>

#include "ctl/go_number.h"
#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

constexpr size_t kNameWidthMin = 11;

const char* type_name(FlagType type) {
  switch (type) {
    case FlagType::kBool:
      return "";
    case FlagType::kInt:
      return " int";
    case FlagType::kUint:
      return " uint";
    case FlagType::kString:
      return " string";
    case FlagType::kStrings:
      return " strings";
    case FlagType::kDuration:
      return " duration";
  }
  return "";
}

std::string default_note(const FlagSpec& flag) {
  bool zero = flag.initial.empty() || flag.initial == "0" || flag.initial == "false";
  if (flag.type == FlagType::kString) {
    return flag.initial.empty() ? "" : " (default " + go_quote(flag.initial) + ")";
  }
  if (zero) return "";
  if (flag.type == FlagType::kStrings) return " (default [" + flag.initial + "])";
  return " (default " + flag.initial + ")";
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string trim_end(const std::string& text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

std::vector<const Command*> sorted_children(const Command& command) {
  std::vector<const Command*> children;
  for (const Command& child : command.children) children.push_back(&child);
  std::sort(children.begin(), children.end(),
            [](const Command* a, const Command* b) { return a->name < b->name; });
  return children;
}

std::string child_line(const Command& parent, const Command& child) {
  size_t width = kNameWidthMin;
  for (const Command& each : parent.children) width = std::max(width, each.name.size());
  return "\n  " + padded(child.name, width) + " " + child.brief;
}

// The groups' titles: first those that the command puts in order, then as the children name them.
std::vector<std::string> group_titles(const Command& command) {
  std::vector<std::string> titles = command.groups;
  for (const Command& child : command.children) {
    if (std::find(titles.begin(), titles.end(), child.group) == titles.end()) {
      titles.push_back(child.group);
    }
  }
  return titles;
}

std::string children_text(const Command& command) {
  std::string out;
  for (const std::string& title : group_titles(command)) {
    out += "\n\n" + (title.empty() ? std::string("Available Commands:") : title);
    for (const Command* child : sorted_children(command)) {
      if (child->group == title) out += child_line(command, *child);
    }
  }
  return out;
}

// The global flags stand under `options` alone, so that every other help stays short.
std::vector<const FlagSpec*> shown_inherited(const CommandPath& path) {
  std::vector<const FlagSpec*> flags;
  for (size_t i = 1; i + 1 < path.size(); i++) {
    for (const FlagSpec& flag : path[i]->shared) flags.push_back(&flag);
  }
  return flags;
}

std::string local_flags_text(const CommandPath& path) {
  const Command& command = *path.back();
  FlagSpec help = {"help", 'h', FlagType::kBool, "false", "help for " + command.name};
  std::vector<const FlagSpec*> flags;
  if (path.size() > 1) flags.push_back(&help);
  for (const FlagSpec& flag : command.flags) flags.push_back(&flag);
  if (path.size() > 1) {
    for (const FlagSpec& flag : command.shared) flags.push_back(&flag);
  }
  return flags.empty() ? "" : "\n\nFlags:\n" + trim_end(flag_usages(flags));
}

}  // namespace

std::string flag_usages(const std::vector<const FlagSpec*>& flags) {
  std::vector<const FlagSpec*> sorted = flags;
  std::sort(sorted.begin(), sorted.end(),
            [](const FlagSpec* a, const FlagSpec* b) { return a->name < b->name; });
  std::vector<std::string> heads;
  size_t width = 0;
  for (const FlagSpec* flag : sorted) {
    std::string lead =
        flag->shorthand != 0 ? std::string("  -") + flag->shorthand + ", " : "      ";
    heads.push_back(lead + "--" + flag->name + type_name(flag->type));
    width = std::max(width, heads.back().size());
  }
  std::string out;
  for (size_t i = 0; i < sorted.size(); i++) {
    out += padded(heads[i], width) + "   " + sorted[i]->help + default_note(*sorted[i]) + "\n";
  }
  return out;
}

std::string usage_text(const CommandPath& path) {
  const Command& command = *path.back();
  CommandPath parents(path.begin(), path.end() - 1);
  std::string out = "Usage:";
  if (command.run != nullptr) {
    std::string prefix = parents.empty() ? "" : path_name(parents) + " ";
    bool mark = command.rule == ArgumentRule::kAny;
    out += "\n  " + prefix + command.use + (mark ? " [flags]" : "");
  }
  if (!command.children.empty()) out += "\n  " + path_name(path) + " [command]";
  if (!command.example.empty()) out += "\n\nExamples:\n" + command.example;
  out += children_text(command) + local_flags_text(path);
  std::vector<const FlagSpec*> inherited = shown_inherited(path);
  if (!inherited.empty()) out += "\n\nGlobal Flags:\n" + trim_end(flag_usages(inherited));
  if (!command.children.empty()) {
    out += "\n\nUse \"" + path_name(path) +
           " [command] --help\" for more information about a command.";
  }
  return out + "\n";
}

std::string help_text(const CommandPath& path) {
  const Command& command = *path.back();
  std::string top = trim_end(command.details.empty() ? command.brief : command.details);
  return top + "\n\n" + usage_text(path) +
         "Use \"etcdctl options\" for a list of global command-line options (applies to all "
         "commands).\n";
}

std::string options_text(const Command& root) {
  std::vector<const FlagSpec*> flags;
  for (const FlagSpec& flag : root.shared) flags.push_back(&flag);
  return "The following options can be passed to any command:\n\n" + flag_usages(flags);
}

}  // namespace keelson::ctl
