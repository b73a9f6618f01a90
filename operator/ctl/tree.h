// etcdctl's commands: all names, flags and help texts.
#pragma once

#include "ctl/command.h"

namespace keelson::ctl {

// The whole tree. The caller keeps it for as long as paths into it are used.
Command command_tree();

// Its parts, one a file.
std::vector<Command> kv_commands();
std::vector<Command> cluster_commands();
std::vector<Command> auth_commands();
std::vector<Command> utility_commands();

}  // namespace keelson::ctl
