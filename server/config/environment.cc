#include <set>

#include "config/stages.h"
#include "config/values.h"

namespace keelson::config {
namespace {

constexpr std::string_view kPrefix = "ETCD_";
constexpr char kVariable[] = "environment-variable";

std::string variable_name(std::string_view flag) {
  std::string out(kPrefix);
  for (const char c : flag)
    out += static_cast<char>(c == '-' ? '_' : c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

// A password in the log would be worse than a value missing there.
bool is_secret(std::string_view flag) { return flag.find("password") != std::string_view::npos; }

bool set_from(const Flag& flag, const std::string& variable, const std::string& value,
              Settings& settings, Outcome& outcome) {
  const Status set = set_flag(flag, settings, value);
  if (!set.ok()) {
    const std::string error =
        "invalid value " + quote(value) + " for " + variable + ": " + set.text();
    add_note(outcome.notes, LogLevel::kWarn, "failed to verify flags", {{"error", error}});
    outcome.exit_code = 1;
    return false;
  }
  add_note(
      outcome.notes, LogLevel::kInfo, "recognized and used environment variable",
      {{"variable-name", variable}, {"variable-value", is_secret(flag.name) ? "(hidden)" : value}});
  return true;
}

// Set twice is refused, even when both values agree. Unknown ones are only mentioned.
bool verify(const std::vector<std::string>& environment,
            const std::set<std::string>& on_command_line, const std::set<std::string>& known,
            Outcome& outcome) {
  for (const std::string& entry : environment) {
    const std::string name = entry.substr(0, entry.find('='));
    if (!name.starts_with(kPrefix) || name == "ETCD_UNSUPPORTED_ARCH" || name == "ETCD_VERSION")
      continue;
    if (on_command_line.contains(name)) {
      add_note(
          outcome.notes, LogLevel::kFatal,
          "conflicting environment variable is shadowed by corresponding command-line flag (either "
          "unset environment variable or disable flag))",
          {{kVariable, name}});
      outcome.exit_code = 1;
      return false;
    }
    if (!known.contains(name)) {
      add_note(outcome.notes, LogLevel::kWarn, "unrecognized environment variable",
               {{kVariable, entry}});
    }
  }
  return true;
}

}  // namespace

std::string lookup(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& entry : environment)
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return entry.substr(name.size() + 1);
  return "";
}

bool read_environment(const std::vector<std::string>& environment, Settings& settings,
                      Outcome& outcome) {
  if (const std::string version = lookup(environment, "ETCD_VERSION"); !version.empty()) {
    add_note(outcome.notes, LogLevel::kWarn, "cannot set special environment variable",
             {{"key", "ETCD_VERSION"}, {"value", version}});
  }
  std::set<std::string> on_command_line;
  for (const auto& [flag, text] : settings.given) on_command_line.insert(variable_name(flag));
  std::set<std::string> known;
  for (const Flag* flag : all_flags()) {
    const std::string variable = variable_name(flag->name);
    known.insert(variable);
    const std::string value = lookup(environment, variable);
    if (value.empty() || on_command_line.contains(variable) || flag->name == "version") continue;
    if (!set_from(*flag, variable, value, settings, outcome)) return false;
  }
  return verify(environment, on_command_line, known, outcome);
}

}  // namespace keelson::config
