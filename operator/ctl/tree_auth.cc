// The commands around users and their rights: auth, user, role.
#include "ctl/commands.h"
#include "ctl/tree.h"

namespace keelson::ctl {
namespace {

const char* const kGroup = "Authentication commands";

Command leaf(std::string name, std::string use, std::string brief, Status (*run)(Invocation&),
             std::vector<FlagSpec> flags = {}) {
  return {.name = std::move(name),
          .use = std::move(use),
          .brief = std::move(brief),
          .flags = std::move(flags),
          .run = run};
}

FlagSpec ask_flag() {
  return bool_flag("interactive", "ask for the password twice; if false, read it from stdin once",
                   true);
}

Command auth_command() {
  return {.name = "auth",
          .use = "auth <subcommand>",
          .brief = "Switches authentication on and off. See `etcdctl auth --help`",
          .details = "Switches authentication on and off",
          .group = kGroup,
          .children = {leaf("enable", "enable", "Switches authentication on", run_auth_enable),
                       leaf("disable", "disable", "Switches authentication off", run_auth_disable),
                       leaf("status", "status", "Shows whether it is on", run_auth_status)}};
}

Command user_command() {
  return {.name = "user",
          .use = "user <subcommand>",
          .brief = "Shows and changes users. See `etcdctl user --help`",
          .details = "Shows and changes users",
          .group = kGroup,
          .children = {
              leaf("add", "add <user name or user:password> [options]", "Adds a user", run_user_add,
                   {ask_flag(), string_flag("new-user-password", "the new user's password"),
                    bool_flag("no-password", "a user who can come only by a certificate's name")}),
              leaf("delete", "delete <user name>", "Removes a user", run_user_delete),
              leaf("get", "get <user name> [options]", "Shows a user's roles", run_user_get,
                   {bool_flag("detail", "show what the roles allow, too")}),
              leaf("list", "list", "Lists all users", run_user_list),
              leaf("passwd", "passwd <user name> [options]", "Changes a user's password",
                   run_user_passwd, {ask_flag()}),
              leaf("grant-role", "grant-role <user name> <role name>", "Gives a role to a user",
                   run_user_grant_role),
              leaf("revoke-role", "revoke-role <user name> <role name>", "Takes a role from a user",
                   run_user_revoke_role)}};
}

Command role_command() {
  return {
      .name = "role",
      .use = "role <subcommand>",
      .brief = "Shows and changes roles. See `etcdctl role --help`",
      .details = "Shows and changes roles",
      .group = kGroup,
      .children = {leaf("add", "add <role name>", "Adds a role", run_role_add),
                   leaf("delete", "delete <role name>", "Removes a role", run_role_delete),
                   leaf("get", "get <role name>", "Shows what a role allows", run_role_get),
                   leaf("list", "list", "Lists all roles", run_role_list),
                   leaf("grant-permission",
                        "grant-permission [options] <role name> <permission type> <key> [endkey]",
                        "Allows a role to read or write keys", run_role_grant_permission,
                        {bool_flag("prefix", "for all keys that start with <key>"),
                         bool_flag("from-key", "for all keys from <key> on, in byte order")}),
                   leaf("revoke-permission", "revoke-permission <role name> <key> [endkey]",
                        "Takes a permission from a role", run_role_revoke_permission,
                        {bool_flag("prefix", "the one for all keys that start with <key>"),
                         bool_flag("from-key", "the one for all keys from <key> on")})}};
}

}  // namespace

std::vector<Command> auth_commands() { return {auth_command(), user_command(), role_command()}; }

}  // namespace keelson::ctl
