#include "front/settings.h"

#include <algorithm>

#include "base/limits.h"
#include "front/front_limits.h"

namespace keelson::front {

namespace {

// 0 is grpc-go's other word for "no limit".
uint32_t streams_limit(uint32_t wanted) {
  return wanted == 0 ? limits::kStreamsPerConnection
                     : std::min(wanted, limits::kStreamsPerConnection);
}

}  // namespace

Settings::Settings(const config::Config& config)
    : message_bytes_max(config.max_request_bytes + keelson::limits::kRequestOverheadBytes),
      streams_max(streams_limit(config.max_concurrent_streams)),
      ping_interval_min(config.grpc_keepalive_min_time),
      keepalive_interval(config.grpc_keepalive_interval),
      keepalive_timeout(config.grpc_keepalive_timeout),
      cors(config.cors),
      host_whitelist(config.host_whitelist) {}

}  // namespace keelson::front
