// The program from its words to its exit code.
#pragma once

#include <string>
#include <vector>

#include "ctl/console.h"

namespace keelson::ctl {

// Runs one command line, without the program's name, and returns the exit code.
int run_app(const std::vector<std::string>& args, Console& console);

}  // namespace keelson::ctl
