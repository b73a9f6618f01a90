// Help and usage texts, in cobra's layout.
#pragma once

#include <string>

#include "ctl/command.h"

namespace keelson::ctl {

// From `Usage:` on, as it follows an error; ends with a newline.
std::string usage_text(const CommandPath& path);

// What `--help` prints, with the pointer to `options` as its last line.
std::string help_text(const CommandPath& path);

// The flags one a line with their help in a column, sorted by name.
std::string flag_usages(const std::vector<const FlagSpec*>& flags);

// The text of `etcdctl options`.
std::string options_text(const Command& root);

}  // namespace keelson::ctl
