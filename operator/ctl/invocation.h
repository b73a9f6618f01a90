// What a command is given when it runs.
#pragma once

#include <string>
#include <vector>

#include "ctl/console.h"
#include "ctl/values.h"

namespace keelson::ctl {

struct Invocation {
  CommandPath path;
  Values values;
  std::vector<std::string> arguments;
  std::vector<std::string> raw;  // the whole line as typed, without the program's name
  Console& console;
};

}  // namespace keelson::ctl
