// The root, the global flags and the commands that etcdctl's users find under "Utility" and
// "Concurrency".
#include "ctl/tree.h"

#include "ctl/commands.h"

namespace keelson::ctl {
namespace {

const char* const kUtility = "Utility commands";
const char* const kConcurrency = "Concurrency commands";

FlagSpec duration_flag(std::string name, std::string help, std::string initial) {
  return {std::move(name), 0, FlagType::kDuration, std::move(initial), std::move(help)};
}

std::vector<FlagSpec> connection_flags() {
  return {
      {"endpoints", 0, FlagType::kStrings, "127.0.0.1:2379",
       "comma separated addresses of the members to talk to"},
      duration_flag("dial-timeout", "how long the first contact may take", "2s"),
      duration_flag("command-timeout", "how long a short command may take, without dialing", "5s"),
      duration_flag("keepalive-time", "pause between pings on an idle connection", "2s"),
      duration_flag("keepalive-timeout", "how long the answer to a ping may take", "6s"),
      int_flag("max-request-bytes", "largest request to send, in bytes (0: 2 MiB)"),
      int_flag("max-recv-bytes", "largest answer to take, in bytes (0: 2 GiB)"),
      {"discovery-srv", 'd', FlagType::kString, "",
       "DNS domain whose SRV records name the endpoints"},
      string_flag("discovery-srv-name", "suffix of the service name in those records"),
      bool_flag("insecure-discovery", "take endpoints without TLS from DNS, too", true),
  };
}

std::vector<FlagSpec> security_flags() {
  return {
      bool_flag("insecure-transport", "no TLS for endpoints that do not say https", true),
      bool_flag("insecure-skip-tls-verify",
                "take any certificate from a server (CAUTION: for tests only)"),
      string_flag("cert", "file with this client's TLS certificate"),
      string_flag("key", "file with the key of that certificate"),
      string_flag("cacert", "file with the CA certificates that servers are checked against"),
      string_flag("auth-jwt-token", "JWT to send instead of a user and password"),
      string_flag("user", "name[:password] to log in with (asks for a missing password)"),
      string_flag("password", "password to log in with, when --user holds only the name"),
  };
}

std::vector<FlagSpec> global_flags() {
  std::vector<FlagSpec> flags = connection_flags();
  for (FlagSpec& flag : security_flags()) flags.push_back(std::move(flag));
  flags.push_back({"write-out",
                   'w',
                   FlagType::kString,
                   "simple",
                   "format of the output (fields, json, protobuf, simple, table)",
                   {"fields", "json", "protobuf", "simple", "table"}});
  flags.push_back(bool_flag("hex", "show byte strings and IDs in hexadecimal"));
  flags.push_back(bool_flag("debug", "show the settings and gRPC's log on standard error"));
  return flags;
}

Command lock_command() {
  return {.name = "lock",
          .use = "lock <lockname> [exec-command arg1 arg2 ...]",
          .brief = "Takes a named lock and holds it while it or a command runs",
          .group = kConcurrency,
          .flags = {int_flag("ttl", "seconds after which the lock of a lost client is free", 10)},
          .run = run_lock};
}

Command elect_command() {
  FlagSpec listen = bool_flag("listen", "only watch who is elected");
  listen.shorthand = 'l';
  return {.name = "elect",
          .use = "elect <election-name> [proposal]",
          .brief = "Takes part in a leader election, or watches one",
          .group = kConcurrency,
          .flags = {listen},
          .run = run_elect};
}

Command mirror_command() {
  FlagSpec ops = int_flag("max-txn-ops", "most changes to send in one transaction", 128);
  ops.type = FlagType::kUint;
  return {.name = "make-mirror",
          .use = "make-mirror [options] <destination>",
          .brief = "Copies keys to another cluster and follows their changes",
          .group = kUtility,
          .flags = {string_flag("prefix", "copy only the keys with this prefix"),
                    int_flag("rev", "follow from this revision on, without a copy first"), ops,
                    string_flag("dest-prefix", "prefix to write under instead of --prefix"),
                    bool_flag("no-dest-prefix", "write the keys without their prefix"),
                    string_flag("dest-cert", "TLS certificate file for the destination"),
                    string_flag("dest-key", "TLS key file for the destination"),
                    string_flag("dest-cacert", "CA certificates file for the destination"),
                    bool_flag("dest-insecure-transport", "no TLS to the destination", true),
                    string_flag("dest-user", "name[:password] at the destination"),
                    string_flag("dest-password", "password at the destination")},
          .run = run_make_mirror};
}

std::vector<FlagSpec> check_flags(const std::string& prefix) {
  FlagSpec load =
      string_flag("load", "how much to do: s(small), m(medium), l(large), xl(xLarge)", "s");
  load.choices = {"small", "medium", "large", "xLarge"};
  return {load, string_flag("prefix", "prefix of the keys that are written", prefix),
          bool_flag("auto-compact", "compact up to the last revision at the end"),
          bool_flag("auto-defrag", "defragment the members at the end")};
}

Command check_command() {
  Command perf = {.name = "perf",
                  .use = "perf [options]",
                  .brief = "Measures write rate and latency for a minute",
                  .flags = check_flags("/etcdctl-check-perf/"),
                  .run = run_check_perf};
  Command datascale = {.name = "datascale",
                       .use = "datascale [options]",
                       .brief = "Measures the memory that a member takes for a set of keys",
                       .details =
                           "Writes keys through all endpoints and reads the memory of the "
                           "first endpoint's process before and after.",
                       .flags = check_flags("/etcdctl-check-datascale/"),
                       .run = run_check_datascale};
  return {.name = "check",
          .use = "check <subcommand>",
          .brief = "Measures a cluster. See `etcdctl check --help`",
          .details = "Measures a cluster",
          .group = kUtility,
          .children = {perf, datascale}};
}

Command completion_command() {
  return {.name = "completion",
          .use = "completion [bash|zsh|fish|powershell]",
          .brief = "Writes a shell completion script",
          .details =
              "Writes a completion script for the named shell to standard output.\n\n"
              "Bash:  source <(etcdctl completion bash)\n"
              "Zsh:   etcdctl completion zsh > \"${fpath[1]}/_etcdctl\"\n"
              "Fish:  etcdctl completion fish | source\n"
              "PowerShell:  etcdctl completion powershell | Out-String | Invoke-Expression",
          .group = kUtility,
          .run = run_completion,
          .rule = ArgumentRule::kOneOfChoices,
          .choices = {"bash", "zsh", "fish", "powershell"}};
}

}  // namespace

std::vector<Command> utility_commands() {
  return {mirror_command(),
          lock_command(),
          elect_command(),
          check_command(),
          completion_command(),
          {.name = "options",
           .use = "options",
           .brief = "Lists the global flags",
           .group = kUtility,
           .run = run_options},
          {.name = "version",
           .use = "version",
           .brief = "Shows the version of etcdctl",
           .group = kUtility,
           .run = run_version},
          {.name = "help",
           .use = "help [command]",
           .brief = "Explains any command",
           .details = "Explains any command of etcdctl: type etcdctl help and the command's name.",
           .group = kUtility,
           .run = run_help}};
}

Command command_tree() {
  Command root = {.name = "etcdctl",
                  .use = "etcdctl",
                  .brief = "Reads, writes and looks after an etcd cluster from the command line.",
                  .shared = global_flags(),
                  .groups = {"Key-value commands", "Cluster maintenance commands", kConcurrency,
                             "Authentication commands", kUtility}};
  for (auto part : {kv_commands, cluster_commands, utility_commands, auth_commands}) {
    for (Command& command : part()) root.children.push_back(std::move(command));
  }
  return root;
}

}  // namespace keelson::ctl
