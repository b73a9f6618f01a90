#include "ctl/values.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

namespace keelson::ctl {
namespace {

// The rewriter checked names and values, so that a refusal by CLI11 is an error of ours.
[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "etcdctl: internal error: %s\n", why.c_str());
  std::abort();
}

std::string initial_value(const FlagSpec& flag) {
  Result<std::string> value = canonical_value(flag, flag.initial);
  if (!value.ok()) die("bad default of --" + flag.name);
  return *value;
}

template <class T>
T convert(const CLI::Option* option) {
  try {
    return option->as<T>();
  } catch (const CLI::Error& error) {
    die(error.what());
  }
}

}  // namespace

struct Values::Bound {
  CLI::App app;
  std::map<std::string, CLI::Option*> options;
  std::map<std::string, std::string> texts;

  const CLI::Option* option(const std::string& name) const {
    auto found = options.find(name);
    if (found == options.end()) die("no flag --" + name);
    return found->second;
  }
};

Values::Values(const CommandPath& path, const std::map<std::string, std::string>& settings)
    : bound_(std::make_unique<Bound>()) {
  bound_->app.set_help_flag();
  for (const FlagSpec* flag : all_flags(path)) {
    std::string& text = bound_->texts[flag->name] = initial_value(*flag);
    CLI::Option* option = bound_->app.add_option("--" + flag->name, text, flag->help);
    bound_->options[flag->name] = option->default_str(text);
  }
  std::vector<std::string> reversed;  // CLI11 takes the words from the back
  for (const auto& [name, value] : settings) {
    reversed.push_back(value);
    reversed.push_back("--" + name);
  }
  try {
    bound_->app.parse(reversed);
  } catch (const CLI::Error& error) {
    die(error.what());
  }
}

Values::~Values() = default;
Values::Values(Values&&) noexcept = default;
Values& Values::operator=(Values&&) noexcept = default;

bool Values::is_on(const std::string& name) const { return convert<bool>(bound_->option(name)); }

int64_t Values::integer(const std::string& name) const {
  return convert<int64_t>(bound_->option(name));
}

uint64_t Values::count(const std::string& name) const {
  return convert<uint64_t>(bound_->option(name));
}

std::string Values::text(const std::string& name) const {
  bound_->option(name);
  return bound_->texts.at(name);
}

Duration Values::duration(const std::string& name) const { return Duration(integer(name)); }

std::vector<std::string> Values::list(const std::string& name) const {
  Result<std::vector<std::string>> members = split_list(text(name));
  if (!members.ok()) die("unchecked list --" + name);
  return *members;
}

bool Values::is_given(const std::string& name) const { return bound_->option(name)->count() > 0; }

void Values::set(const std::string& name, const std::string& value) {
  bound_->option(name);
  CLI::Option* option = bound_->options[name];
  option->clear();
  option->add_result(value);
  bound_->texts[name] = value;
}

}  // namespace keelson::ctl
