// The commands around keys: get, put, del, txn, compaction, watch, lease.
#include "ctl/commands.h"
#include "ctl/tree.h"

namespace keelson::ctl {
namespace {

const char* const kGroup = "Key-value commands";

FlagSpec choice_flag(std::string name, std::string help, std::string initial,
                     std::vector<std::string> choices) {
  FlagSpec flag = string_flag(std::move(name), std::move(help), std::move(initial));
  flag.choices = std::move(choices);
  return flag;
}

Command get_command() {
  return {.name = "get",
          .use = "get [options] <key> [range_end]",
          .brief = "Shows a key or a range of keys",
          .group = kGroup,
          .flags = {choice_flag("consistency", "l: linearizable, s: serializable", "l", {"l", "s"}),
                    choice_flag("order", "ASCEND or DESCEND", "", {"ASCEND", "DESCEND"}),
                    choice_flag("sort-by", "CREATE, KEY, MODIFY, VALUE or VERSION", "",
                                {"CREATE", "KEY", "MODIFY", "VALUE", "VERSION"}),
                    int_flag("limit", "most keys to show (0: all)"),
                    bool_flag("prefix", "all keys that start with <key>"),
                    bool_flag("from-key", "all keys from <key> on, in byte order"),
                    int_flag("rev", "the state at this revision (0: now)"),
                    bool_flag("keys-only", "leave the values out"),
                    bool_flag("count-only", "show only how many keys there are"),
                    bool_flag("print-value-only", "show only values (simple output)"),
                    int_flag("min-create-rev", "only keys created at this revision or later"),
                    int_flag("max-create-rev", "only keys created at this revision or before"),
                    int_flag("min-mod-rev", "only keys changed at this revision or later"),
                    int_flag("max-mod-rev", "only keys changed at this revision or before"),
                    bool_flag("stream", "have the range sent in pieces (RangeStream)")},
          .run = run_get};
}

Command put_command() {
  return {.name = "put",
          .use = "put [options] <key> <value> (<value> can also be given from stdin)",
          .brief = "Stores a value under a key",
          .details = R"(Stores a value under a key.

Without <value>, and without --ignore-value, the value is read from standard input:

$ etcdctl put <key> < file

A value that starts with '-' looks like a flag. Put '--' before it:

$ etcdctl put <key> -- <value>)",
          .group = kGroup,
          .flags = {string_flag("lease", "ID of the lease to attach, in hexadecimal", "0"),
                    bool_flag("prev-kv", "show the pair as it was before"),
                    bool_flag("ignore-value", "keep the value that the key has"),
                    bool_flag("ignore-lease", "keep the lease that the key has")},
          .run = run_put};
}

Command del_command() {
  return {.name = "del",
          .use = "del [options] <key> [range_end]",
          .brief = "Removes a key or the keys in [key, range_end)",
          .group = kGroup,
          .flags = {bool_flag("prefix", "all keys that start with <key>"),
                    bool_flag("prev-kv", "show the removed pairs"),
                    bool_flag("from-key", "all keys from <key> on, in byte order"),
                    bool_flag("range", "remove a range without the pause for second thoughts")},
          .run = run_del};
}

Command txn_command() {
  FlagSpec interactive = bool_flag("interactive", "show a prompt for each part");
  interactive.shorthand = 'i';
  return {.name = "txn",
          .use = "txn [options]",
          .brief = "Runs requests as one transaction, read from standard input",
          .details = R"(Runs requests as one transaction, read from standard input.

The input has three parts, each ended by an empty line: comparisons, the requests to run
if all of them hold, and the requests to run otherwise. For example:

mod("key1") > "0"

put key1 "changed"

put key1 "new"
put key2 "with a blank"

A comparison is TARGET("key") OPERATOR "value". TARGET is one of ver[sion], c[reate],
m[od], val[ue] and lease; OPERATOR is one of =, !=, < and >.)",
          .group = kGroup,
          .flags = {interactive},
          .run = run_txn};
}

Command watch_command() {
  FlagSpec interactive = bool_flag("interactive", "take watch and progress lines from stdin");
  interactive.shorthand = 'i';
  return {.name = "watch",
          .use = "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
          .brief = "Shows changes of keys as they happen",
          .group = kGroup,
          .flags = {interactive, bool_flag("prefix", "all keys that start with the key"),
                    int_flag("rev", "start with this revision (0: now)"),
                    bool_flag("prev-kv", "show the pairs as they were before, too"),
                    bool_flag("progress-notify", "have the server send its progress at times")},
          .run = run_watch};
}

Command lease_command() {
  Command grant = {.name = "grant",
                   .use = "grant <ttl>",
                   .brief = "Makes a lease that lives for so many seconds",
                   .run = run_lease_grant};
  Command revoke = {.name = "revoke",
                    .use = "revoke <leaseID>",
                    .brief = "Ends a lease and removes its keys",
                    .run = run_lease_revoke};
  Command timetolive = {.name = "timetolive",
                        .use = "timetolive <leaseID> [options]",
                        .brief = "Shows how long a lease has left",
                        .flags = {bool_flag("keys", "show the keys that hang on the lease, too")},
                        .run = run_lease_timetolive};
  Command list = {
      .name = "list", .use = "list", .brief = "Lists all leases", .run = run_lease_list};
  Command keep_alive = {.name = "keep-alive",
                        .use = "keep-alive [options] <leaseID>",
                        .brief = "Renews a lease again and again",
                        .flags = {bool_flag("once", "renew it once and end")},
                        .run = run_lease_keep_alive};
  return {.name = "lease",
          .use = "lease <subcommand>",
          .brief = "Makes and ends leases. See `etcdctl lease --help`",
          .details = "Makes and ends leases",
          .group = kGroup,
          .children = {grant, revoke, timetolive, list, keep_alive}};
}

}  // namespace

std::vector<Command> kv_commands() {
  return {get_command(),
          put_command(),
          del_command(),
          txn_command(),
          {.name = "compaction",
           .use = "compaction [options] <revision>",
           .brief = "Drops the history of keys up to a revision",
           .group = kGroup,
           .flags = {bool_flag("physical", "wait until the old revisions are off the disk")},
           .run = run_compaction},
          watch_command(),
          lease_command()};
}

}  // namespace keelson::ctl
