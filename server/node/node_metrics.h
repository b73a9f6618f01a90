// The metrics that the node keeps, by etcd's names (reference metrics.md section 1).
#pragma once

#include <array>
#include <string_view>

#include "base/metrics.h"

namespace keelson::node {

struct NodeMetrics {
  explicit NodeMetrics(Registry& r);

  Gauge& has_leader;
  Gauge& is_leader;
  Gauge& is_learner;
  Counter& leader_changes;
  Gauge& committed;
  Gauge& applied;
  Gauge& pending;
  Counter& proposals_failed;
  Counter& slow_applies;
  Counter& slow_reads;
  Counter& failed_reads;
  Counter& heartbeat_failures;
  Gauge& current_revision;
  Gauge& compact_revision;
  Gauge& quota;
  Gauge& defrag_running;
  Histogram& defrag_seconds;
  Histogram& snapshot_seconds;
  Histogram& range_seconds;
  Histogram& range_failed_seconds;

  // etcd_server_apply_duration_seconds and etcd_server_request_duration_seconds by kind of request
  // (field number of InternalRaftRequest) and success.
  Histogram& apply_seconds(uint32_t field, bool ok);
  Histogram& request_seconds(uint32_t field, bool ok);

 private:
  static constexpr size_t kKinds = 16;
  Registry& registry_;
  std::array<std::array<Histogram*, 2>, kKinds> apply_{};
  std::array<std::array<Histogram*, 2>, kKinds> request_{};
};

}  // namespace keelson::node
