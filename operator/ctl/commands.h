// What each command runs. A command's flags and texts are in tree_*.cc; its file here is named
// after its group.
#pragma once

#include "ctl/invocation.h"
#include "ctl/result.h"

namespace keelson::ctl {

// kv.cc
Status run_get(Invocation& invocation);
Status run_put(Invocation& invocation);
Status run_del(Invocation& invocation);
Status run_compaction(Invocation& invocation);
// txn.cc
Status run_txn(Invocation& invocation);
// watch.cc
Status run_watch(Invocation& invocation);
// lease.cc
Status run_lease_grant(Invocation& invocation);
Status run_lease_revoke(Invocation& invocation);
Status run_lease_timetolive(Invocation& invocation);
Status run_lease_list(Invocation& invocation);
Status run_lease_keep_alive(Invocation& invocation);
// member.cc
Status run_member_add(Invocation& invocation);
Status run_member_remove(Invocation& invocation);
Status run_member_update(Invocation& invocation);
Status run_member_list(Invocation& invocation);
Status run_member_promote(Invocation& invocation);
// endpoint_command.cc
Status run_endpoint_health(Invocation& invocation);
Status run_endpoint_status(Invocation& invocation);
Status run_endpoint_hashkv(Invocation& invocation);
// maintenance.cc
Status run_alarm_list(Invocation& invocation);
Status run_alarm_disarm(Invocation& invocation);
Status run_defrag(Invocation& invocation);
Status run_move_leader(Invocation& invocation);
Status run_downgrade_validate(Invocation& invocation);
Status run_downgrade_enable(Invocation& invocation);
Status run_downgrade_cancel(Invocation& invocation);
// snapshot.cc
Status run_snapshot_save(Invocation& invocation);
// check.cc
Status run_check_perf(Invocation& invocation);
Status run_check_datascale(Invocation& invocation);
// concurrency_command.cc
Status run_lock(Invocation& invocation);
Status run_elect(Invocation& invocation);
// mirror.cc
Status run_make_mirror(Invocation& invocation);
// auth.cc
Status run_auth_enable(Invocation& invocation);
Status run_auth_disable(Invocation& invocation);
Status run_auth_status(Invocation& invocation);
// user.cc
Status run_user_add(Invocation& invocation);
Status run_user_delete(Invocation& invocation);
Status run_user_get(Invocation& invocation);
Status run_user_list(Invocation& invocation);
Status run_user_passwd(Invocation& invocation);
Status run_user_grant_role(Invocation& invocation);
Status run_user_revoke_role(Invocation& invocation);
// role.cc
Status run_role_add(Invocation& invocation);
Status run_role_delete(Invocation& invocation);
Status run_role_get(Invocation& invocation);
Status run_role_list(Invocation& invocation);
Status run_role_grant_permission(Invocation& invocation);
Status run_role_revoke_permission(Invocation& invocation);
// utility.cc
Status run_completion(Invocation& invocation);
// Never runs: run_app answers help itself. It is there so that help shows as a command.
Status run_help(Invocation& invocation);
Status run_options(Invocation& invocation);
Status run_version(Invocation& invocation);

}  // namespace keelson::ctl
