// ETCDCTL_* variables: each inherited flag may be set by one.
#pragma once

#include <string>
#include <vector>

#include "ctl/invocation.h"

namespace keelson::ctl {

// The variable of a flag: ETCDCTL_ and the name in capitals, `-` as `_`.
std::string variable_name(const std::string& flag);

// Sets the flags that the line left open from `environment` (NAME=VALUE each, in order). Warns of
// unknown ETCDCTL_ variables; fails, with a log line and no further text, when a variable is
// shadowed by a flag. `known` names variables that are read elsewhere. Call once for an invocation.
Status apply_environment(Invocation& invocation, const std::vector<std::string>& environment,
                         const std::vector<std::string>& known = {});

// The variables of this process.
std::vector<std::string> process_environment();

}  // namespace keelson::ctl
