#include "ctl/environment.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "ctl/json_text.h"
#include "ctl/log.h"

namespace keelson::ctl {
namespace {

constexpr std::string_view kPrefix = "ETCDCTL_";
constexpr const char* kCaller = "ctl/environment.cc";

void warn(Console& console, const char* message, const std::string& variable) {
  write_log(console, {"warn", "", kCaller, message},
            {{"environment-variable", json_string(variable)}});
}

Failure shadowed(Console& console, const std::string& name) {
  write_log(console,
            {"fatal", "", kCaller,
             "conflicting environment variable is shadowed by corresponding command-line flag "
             "(either unset environment variable or disable flag))"},
            {{"environment-variable", json_string(name)}});
  return {kExitError, ""};
}

// Sets one flag. A value that does not fit leaves the default, without a word, as with etcd.
void use(Invocation& invocation, const FlagSpec& flag, const std::string& value) {
  Result<std::string> checked = canonical_value(flag, value);
  if (checked.ok()) invocation.values.set(flag.name, *checked);
}

}  // namespace

std::string variable_name(const std::string& flag) {
  std::string name(kPrefix);
  for (char c : flag) {
    bool lower = c >= 'a' && c <= 'z';
    name.push_back(c == '-' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return name;
}

Status apply_environment(Invocation& invocation, const std::vector<std::string>& environment,
                         const std::vector<std::string>& known) {
  std::map<std::string, std::string> variables;
  for (const std::string& entry : environment) {
    size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  std::set<std::string> used(known.begin(), known.end());
  std::set<std::string> given;
  for (const FlagSpec* flag : inherited_flags(invocation.path)) {
    std::string name = variable_name(flag->name);
    auto found = variables.find(name);
    if (invocation.values.is_given(flag->name)) {
      given.insert(name);
    } else if (found != variables.end() && !found->second.empty()) {
      used.insert(name);
      use(invocation, *flag, found->second);
    }
  }
  for (const std::string& entry : environment) {
    std::string name = entry.substr(0, entry.find('='));
    if (used.contains(name)) continue;
    if (given.contains(name)) return shadowed(invocation.console, name);
    if (entry.starts_with(kPrefix)) {
      warn(invocation.console, "unrecognized environment variable", entry);
    }
  }
  return {};
}

std::vector<std::string> process_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; entry++) entries.emplace_back(*entry);
  return entries;
}

}  // namespace keelson::ctl
