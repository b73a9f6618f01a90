#include "front/settings.h"

#include <algorithm>

#include "base/limits.h"
#include "front/front_limits.h"

namespace keelson::front {

Settings::Settings(const config::Config& config)
    : message_bytes_max(config.max_request_bytes + keelson::limits::kRequestOverheadBytes),
      streams_max(std::min(config.max_concurrent_streams, limits::kStreamsPerConnection)),
      ping_interval_min(config.grpc_keepalive_min_time),
      keepalive_interval(config.grpc_keepalive_interval),
      keepalive_timeout(config.grpc_keepalive_timeout),
      cors(config.cors),
      host_whitelist(config.host_whitelist) {}

}  // namespace keelson::front
