// What every service may use; made once, lives as long as the services. Constant after construction
// except for what is thread-safe by itself.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "node/request.h"
#include "rpc/rpc_metrics.h"

namespace keelson::rpc {

// From the member's Config.
struct Settings {
  uint64_t max_request_bytes = 1572864;
  uint64_t max_txn_ops = 128;
  Duration election_timeout = std::chrono::seconds(1);
  Duration watch_progress_interval = std::chrono::minutes(10);
  Duration warning_unary_duration = std::chrono::milliseconds(300);
  bool metrics_extensive = false;
  bool strict_reconfig_check = true;
  uint64_t seed = 0;  // for the jitter of progress notifications; each loop derives its own
};

struct Environment {
  node::Node& node;
  const Settings settings;
  const Clock& clock;
  Log& log;
  Registry& registry;
  RpcMetrics metrics;
};

}  // namespace keelson::rpc
