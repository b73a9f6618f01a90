// What the client port's parts need of the configuration, worked out once. Immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"

namespace keelson::front {

struct Settings {
  explicit Settings(const config::Config& config);

  size_t message_bytes_max;     // of one gRPC request message, and of an HTTP body
  uint32_t streams_max;         // on one connection
  Duration ping_interval_min;   // of clients' keepalive pings
  Duration keepalive_interval;  // without input, then we ping; zero: never
  Duration keepalive_timeout;   // for the answer to our ping
  std::vector<std::string> cors, host_whitelist;
};

// What a listener's connections may speak.
struct Port {
  bool plain = false;   // cleartext
  bool secure = false;  // TLS
  bool grpc = true;
  bool http = true;
};

}  // namespace keelson::front
