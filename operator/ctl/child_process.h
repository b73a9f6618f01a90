// Commands that watch and lock run.
#pragma once

#include <string>
#include <vector>

#include "ctl/result.h"

namespace keelson::ctl {

// Runs a program found in PATH with these words, `extra` (NAME=VALUE) added to this process's
// environment, and waits for it. The failure's text is Go's: `exit status 3`, `signal: killed`,
// `exec: "x": executable file not found in $PATH`; its code is the child's exit status where it
// has one.
Status run_child(const std::vector<std::string>& words, const std::vector<std::string>& extra);

}  // namespace keelson::ctl
