// The flags of one call, bound by CLI11: the command line's settings, then what the environment
// adds, then the defaults.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ctl/command.h"
#include "ctl/go_number.h"

namespace keelson::ctl {

class Values {
 public:
  // Binds the flags of the path's last command. `settings` holds canonical values (see
  // canonical_value) of flags that the command has.
  Values(const CommandPath& path, const std::map<std::string, std::string>& settings);
  ~Values();
  Values(Values&&) noexcept;
  Values& operator=(Values&&) noexcept;

  // Each asks for a flag of the command by its name and type; any other name is a bug.
  bool is_on(const std::string& name) const;
  int64_t integer(const std::string& name) const;
  uint64_t count(const std::string& name) const;
  std::string text(const std::string& name) const;
  Duration duration(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;

  // Whether the command line or the environment gave the flag.
  bool is_given(const std::string& name) const;
  // Sets a flag to a canonical value, as if it had been given.
  void set(const std::string& name, const std::string& value);

 private:
  struct Bound;
  std::unique_ptr<Bound> bound_;
};

}  // namespace keelson::ctl
