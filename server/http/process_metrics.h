// Metrics about the process and the release, which no part of the server counts itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/metrics.h"

namespace keelson::http {

struct FeatureState {
  std::string name;
  std::string stage;  // "ALPHA", "BETA"
  bool enabled = false;
};

// What /proc says at each scrape: process_*, os_fd_*, go_threads.
//
// Of the Go runtime's names only go_threads has a true equivalent (threads of the process). Not
// exported, because their value would be made up:
//   go_info, go_goroutines, go_sched_gomaxprocs_threads      no goroutines, no scheduler of that
//   kind go_gc_duration_seconds, go_gc_gogc_percent, go_gc_gomemlimit_bytes     no garbage
//   collector go_memstats_* (25 names)    the allocator can only be asked under its locks, which
//   would hold up
//                               the node; process_resident_memory_bytes says what matters
//   etcd_server_go_version                                   not built with Go
void register_process_metrics(Registry& registry);

// Constants of this run: etcd_server_version, etcd_server_id, etcd_server_feature_enabled.
void register_server_metrics(Registry& registry, uint64_t member_id,
                             const std::vector<FeatureState>& features);

uint64_t descriptor_limit();
uint64_t resident_bytes();

}  // namespace keelson::http
