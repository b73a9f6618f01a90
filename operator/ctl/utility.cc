// completion, options and version.
#include "ctl/commands.h"
#include "ctl/completion.h"
#include "ctl/help.h"

namespace keelson::ctl {

Status run_completion(Invocation& invocation) {
  const Command& root = *invocation.path.front();
  const std::string& shell = invocation.arguments[0];
  if (shell == "bash") invocation.console.out(bash_completion(root));
  if (shell == "zsh") invocation.console.out(zsh_completion(root));
  if (shell == "fish") invocation.console.out(fish_completion(root));
  if (shell == "powershell") invocation.console.out(powershell_completion(root));
  return {};
}

Status run_help(Invocation&) { return {}; }

Status run_options(Invocation& invocation) {
  invocation.console.out(options_text(*invocation.path.front()));
  return {};
}

Status run_version(Invocation& invocation) {
  invocation.console.out("etcdctl version: 3.7.1\nAPI version: 3.7\n");
  return {};
}

}  // namespace keelson::ctl
