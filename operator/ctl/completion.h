// Shell completion scripts, made from the command tree.
#pragma once

#include <string>

#include "ctl/command.h"

namespace keelson::ctl {

// Each completes command names, flags and the values of flags that have a fixed choice.
std::string bash_completion(const Command& root);
std::string zsh_completion(const Command& root);
std::string fish_completion(const Command& root);
std::string powershell_completion(const Command& root);

}  // namespace keelson::ctl
