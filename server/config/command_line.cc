#include "config/stages.h"
#include "config/values.h"

namespace keelson::config {
namespace {

using Args = std::vector<std::string>;

std::string unknown_text(const std::string& name) {
  const std::string text = "flag provided but not defined: -" + name;
  const auto near = nearest_flag(name);
  return near ? text + "\ndid you mean -" + *near + "?" : text;
}

std::string set_bool(const Flag& flag, Settings& settings, const std::string& value) {
  const Status set = set_flag(flag, settings, value);
  if (set.ok()) return "";
  return "invalid boolean value " + quote(value) + " for -" + std::string(flag.name) + ": " +
         set.text();
}

std::string set_value(const Flag& flag, Settings& settings, const std::string& value) {
  const Status set = set_flag(flag, settings, value);
  if (set.ok()) return "";
  return "invalid value " + quote(value) + " for flag -" + std::string(flag.name) + ": " +
         set.text();
}

// Reads the flag at args[at] and moves on behind it (and its value). The error, or "".
std::string read_flag(const Args& args, size_t& at, Settings& settings, bool& help) {
  const std::string& arg = args[at++];
  std::string name = arg.substr(arg.starts_with("--") ? 2 : 1);
  if (name.empty() || name[0] == '-' || name[0] == '=') return "bad flag syntax: " + arg;
  std::string value;
  const size_t equals = name.find('=');
  const bool has_value = equals != std::string::npos;
  if (has_value) {
    value = name.substr(equals + 1);
    name.resize(equals);
  }
  const Flag* flag = find_flag(name);
  if (flag == nullptr) {
    help = name == "help" || name == "h";
    return help ? "" : unknown_text(name);
  }
  if (flag->is_bool()) return set_bool(*flag, settings, has_value ? value : "true");
  if (!has_value && at == args.size()) return "flag needs an argument: -" + name;
  return set_value(*flag, settings, has_value ? value : args[at++]);
}

}  // namespace

CommandLine read_command_line(const Args& args, Settings& settings) {
  CommandLine out;
  size_t at = 0;
  while (at < args.size() && out.error.empty() && !out.help) {
    const std::string& arg = args[at];
    if (arg.size() < 2 || arg[0] != '-') break;
    if (arg == "--") {
      ++at;
      break;
    }
    out.error = read_flag(args, at, settings, out.help);
  }
  out.rest.assign(args.begin() + static_cast<std::ptrdiff_t>(at), args.end());
  return out;
}

}  // namespace keelson::config
