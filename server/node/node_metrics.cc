#include "node/node_metrics.h"

#include "apply/requests.h"

namespace keelson::node {
namespace {

namespace field = apply::field;

struct Kind {
  uint32_t field;
  std::string_view name;
};
constexpr Kind kKindNames[] = {
    {0, "unknown"},
    {field::kRange, "Range"},
    {field::kPut, "Put"},
    {field::kDeleteRange, "DeleteRange"},
    {field::kTxn, "Txn"},
    {field::kCompaction, "Compaction"},
    {field::kLeaseGrant, "LeaseGrant"},
    {field::kLeaseRevoke, "LeaseRevoke"},
    {field::kLeaseCheckpoint, "LeaseCheckpoint"},
    {field::kAlarm, "Alarm"},
    {field::kClusterVersionSet, "ClusterVersionSet"},
    {field::kClusterMemberAttrSet, "ClusterMemberAttrSet"},
    {field::kDowngradeInfoSet, "DowngradeInfoSet"},
};

size_t kind_of(uint32_t number) {
  for (size_t i = 1; i < std::size(kKindNames); ++i)
    if (kKindNames[i].field == number) return i;
  return 0;
}

// Names that dashboards and etcd's own tests expect of a member. What they count does not happen
// here (there is no v2 store, no proxy, no raft snapshot file; peers and their snapshots come with
// the peer port), so zero is the truth.
void register_what_never_happens(Registry& r) {
  for (const char* name :
       {"etcd_debugging_store_expires_total", "etcd_debugging_store_watch_requests_total",
        "etcd_grpc_proxy_events_coalescing_total", "etcd_server_learner_promote_successes"})
    r.counter(name, "Counts what this member does not do: always 0.");
  for (const char* name : {"etcd_debugging_store_watchers", "etcd_grpc_proxy_cache_hits_total",
                           "etcd_grpc_proxy_cache_keys_total", "etcd_grpc_proxy_cache_misses_total",
                           "etcd_grpc_proxy_watchers_coalescing_total",
                           "etcd_server_snapshot_apply_in_progress_total"})
    r.gauge(name, "Shows what this member does not do: always 0.");
  for (const char* name :
       {"etcd_debugging_snap_save_marshalling_duration_seconds",
        "etcd_debugging_snap_save_total_duration_seconds", "etcd_snap_db_fsync_duration_seconds",
        "etcd_snap_fsync_duration_seconds"})
    r.histogram(name, "Times what this member does not do: no observation.", 0.001, 2, 14);
  r.histogram("etcd_snap_db_save_total_duration_seconds",
              "Times what this member does not do: no observation.", 0.1, 2, 10);
  r.gauge("etcd_debugging_auth_revision", "Revision of the auth store; nothing can change it yet.")
      .set(1);
}

}  // namespace

NodeMetrics::NodeMetrics(Registry& r)
    : has_leader(r.gauge("etcd_server_has_leader", "Whether this member knows a leader.")),
      is_leader(r.gauge("etcd_server_is_leader", "Whether this member leads.")),
      is_learner(r.gauge("etcd_server_is_learner", "Whether this member is a learner.")),
      leader_changes(r.counter("etcd_server_leader_changes_seen_total", "Leader changes seen.")),
      committed(
          r.gauge("etcd_server_proposals_committed_total", "Index of the last committed entry.")),
      applied(r.gauge("etcd_server_proposals_applied_total", "Index of the last applied entry.")),
      pending(r.gauge("etcd_server_proposals_pending", "Proposals under way.")),
      proposals_failed(r.counter("etcd_server_proposals_failed_total", "Proposals that failed.")),
      slow_applies(r.counter("etcd_server_slow_apply_total",
                             "Applies that took longer than --warning-apply-duration.")),
      slow_reads(r.counter("etcd_server_slow_read_indexes_total",
                           "Read rounds that were not confirmed in time and asked again.")),
      failed_reads(r.counter("etcd_server_read_indexes_failed_total", "Read rounds that failed.")),
      heartbeat_failures(
          r.counter("etcd_server_heartbeat_send_failures_total", "Heartbeats that left late.")),
      current_revision(r.gauge("etcd_debugging_mvcc_current_revision", "Revision of the store.")),
      compact_revision(r.gauge("etcd_debugging_mvcc_compact_revision", "Last compact revision.")),
      quota(r.gauge("etcd_server_quota_backend_bytes", "Effective quota of the store.")),
      defrag_running(r.gauge("etcd_disk_defrag_inflight", "1 while the store is being shrunk.")),
      defrag_seconds(r.histogram("etcd_disk_backend_defrag_duration_seconds",
                                 "Duration of shrinking the store.", 0.1, 2, 13)),
      snapshot_seconds(r.histogram("etcd_disk_backend_snapshot_duration_seconds",
                                   "Duration of streaming one snapshot.", 0.01, 2, 17)),
      range_seconds(r.histogram("etcd_server_range_duration_seconds", "Duration of ranges.", 0.0001,
                                2, 20, {{"success", "true"}})),
      range_failed_seconds(r.histogram("etcd_server_range_duration_seconds", "Duration of ranges.",
                                       0.0001, 2, 20, {{"success", "false"}})),
      registry_(r) {
  register_what_never_happens(r);
}

Histogram& NodeMetrics::apply_seconds(uint32_t number, bool ok) {
  const size_t kind = kind_of(number);
  Histogram*& slot = apply_[kind][ok ? 1 : 0];
  if (slot == nullptr)
    slot = &registry_.histogram("etcd_server_apply_duration_seconds",
                                "Duration of applying a request.", 0.0001, 2, 20,
                                {{"version", "v3"},
                                 {"op", std::string(kKindNames[kind].name)},
                                 {"success", ok ? "true" : "false"}});
  return *slot;
}

Histogram& NodeMetrics::request_seconds(uint32_t number, bool ok) {
  const size_t kind = kind_of(number);
  Histogram*& slot = request_[kind][ok ? 1 : 0];
  if (slot == nullptr)
    slot = &registry_.histogram(
        "etcd_server_request_duration_seconds",
        "Duration of requests from the proposal to the answer.", 0.001, 2, 14,
        {{"type", std::string(kKindNames[kind].name)}, {"success", ok ? "true" : "false"}});
  return *slot;
}

}  // namespace keelson::node
