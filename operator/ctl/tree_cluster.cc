// The commands around members: alarm, defrag, endpoint, move-leader, member, snapshot, downgrade.
#include "ctl/commands.h"
#include "ctl/tree.h"

namespace keelson::ctl {
namespace {

const char* const kGroup = "Cluster maintenance commands";

FlagSpec whole_cluster_flag() {
  return bool_flag("cluster", "ask the cluster for its members and take all of their endpoints");
}

Command alarm_command() {
  return {
      .name = "alarm",
      .use = "alarm <subcommand>",
      .brief = "Lists and ends alarms. See `etcdctl alarm --help`",
      .details = "Lists and ends alarms",
      .group = kGroup,
      .children = {
          {.name = "disarm", .use = "disarm", .brief = "Ends all alarms", .run = run_alarm_disarm},
          {.name = "list", .use = "list", .brief = "Lists all alarms", .run = run_alarm_list}}};
}

Command endpoint_command() {
  return {.name = "endpoint",
          .use = "endpoint <subcommand>",
          .brief = "Shows the state of endpoints. See `etcdctl endpoint --help`",
          .details = "Shows the state of endpoints",
          .group = kGroup,
          .shared = {whole_cluster_flag()},
          .children = {
              {.name = "health",
               .use = "health",
               .brief = "Tries whether each endpoint takes requests and has no alarm",
               .run = run_endpoint_health},
              {.name = "status",
               .use = "status",
               .brief = "Shows version, size and Raft state of each endpoint",
               .details = "Shows version, size and Raft state of each endpoint.\n\nThe columns of "
                          "simple output: endpoint, ID, version, storage version, db size, in "
                          "use,\npercentage not in use, quota, is leader, is learner, raft term, "
                          "raft index,\nraft applied index, errors, downgrade target version, "
                          "downgrade enabled.",
               .run = run_endpoint_status},
              {.name = "hashkv",
               .use = "hashkv",
               .brief = "Shows a hash over the history of keys of each endpoint",
               .shared = {int_flag("rev", "last revision in the hash (0: the latest)")},
               .run = run_endpoint_hashkv}}};
}

Command member_add_command() {
  return {.name = "add",
          .use = "add <memberName> [options]",
          .brief = "Adds a member to the cluster",
          .flags = {string_flag("peer-urls", "comma separated peer URLs of the new member"),
                    bool_flag("learner", "add it as a learner, without a vote")},
          .run = run_member_add};
}

Command member_command() {
  FlagSpec consistency = string_flag("consistency", "l: linearizable, s: serializable", "l");
  consistency.choices = {"l", "s"};
  return {.name = "member",
          .use = "member <subcommand>",
          .brief = "Shows and changes who is in the cluster. See `etcdctl member --help`",
          .details = "Shows and changes who is in the cluster",
          .group = kGroup,
          .children = {
              member_add_command(),
              {.name = "remove",
               .use = "remove <memberID>",
               .brief = "Removes a member from the cluster",
               .run = run_member_remove},
              {.name = "update",
               .use = "update <memberID> [options]",
               .brief = "Changes the peer URLs of a member",
               .flags = {string_flag("peer-urls", "comma separated new peer URLs")},
               .run = run_member_update},
              {.name = "list",
               .use = "list",
               .brief = "Lists all members",
               .details = "Lists all members.\n\nThe columns of simple output: ID, status, name, "
                          "peer addresses, client addresses, is learner.",
               .flags = {consistency},
               .run = run_member_list},
              {.name = "promote",
               .use = "promote <memberID>",
               .brief = "Gives a learner its vote",
               .run = run_member_promote}}};
}

Command snapshot_command() {
  std::string example =
      "  # Save one member's data\n"
      "  etcdctl snapshot save /var/backups/etcd.db\n\n"
      "  # The same over TLS, with at most a minute for it\n"
      "  etcdctl --endpoints=https://10.0.0.1:2379 --cacert=ca.crt --cert=client.crt \\\n"
      "    --key=client.key --command-timeout=1m snapshot save /var/backups/etcd.db";
  return {.name = "snapshot",
          .use = "snapshot <subcommand>",
          .brief = "Saves a member's data",
          .example = example,
          .group = kGroup,
          .children = {{.name = "save",
                        .use = "save <filename>",
                        .brief = "Saves the data of one endpoint to a file",
                        .example = example,
                        .run = run_snapshot_save}}};
}

Command downgrade_command() {
  return {.name = "downgrade",
          .use = "downgrade <subcommand>",
          .brief = "Leads a cluster to the version before. See `etcdctl downgrade --help`",
          .details = "Leads a cluster to the version before",
          .group = kGroup,
          .children = {{.name = "validate",
                        .use = "validate <TARGET_VERSION>",
                        .brief = "Tells whether the cluster could go to the version",
                        .run = run_downgrade_validate},
                       {.name = "enable",
                        .use = "enable <TARGET_VERSION>",
                        .brief = "Starts the way to the version",
                        .run = run_downgrade_enable},
                       {.name = "cancel",
                        .use = "cancel",
                        .brief = "Ends a downgrade that was started",
                        .run = run_downgrade_cancel}}};
}

}  // namespace

std::vector<Command> cluster_commands() {
  return {alarm_command(),
          {.name = "defrag",
           .use = "defrag",
           .brief = "Gives free space of the members' files back to the file system",
           .group = kGroup,
           .shared = {whole_cluster_flag()},
           .run = run_defrag},
          endpoint_command(),
          {.name = "move-leader",
           .use = "move-leader <transferee-member-id>",
           .brief = "Makes another member the leader",
           .group = kGroup,
           .run = run_move_leader},
          member_command(),
          snapshot_command(),
          downgrade_command()};
}

}  // namespace keelson::ctl
