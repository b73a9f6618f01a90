// What it takes to reach a cluster: addresses, TLS files, credentials, limits.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ctl/go_number.h"

namespace keelson::ctl {

struct TlsConfig {
  std::string cert_file;
  std::string key_file;
  std::string ca_file;      // empty: the system's
  std::string server_name;  // instead of the endpoint's host, when not empty
  bool plain_allowed = true;
  bool skip_verify = false;

  // Whether an endpoint without a scheme is dialed with TLS.
  bool wanted() const {
    bool named = !cert_file.empty() || !key_file.empty() || !ca_file.empty();
    return named || !server_name.empty() || !plain_allowed || skip_verify;
  }
};

struct ClientConfig {
  std::vector<std::string> endpoints;
  Duration dial_timeout{};  // for the first call, which gets a token
  Duration keepalive_time{};
  Duration keepalive_timeout{};
  int64_t send_bytes_max = 0;  // 0: the default
  int64_t recv_bytes_max = 0;
  TlsConfig tls;
  std::string user;
  std::string password;
  std::string token;  // when not empty, instead of user and password
  std::string logger = "etcd-client";
  bool own_connection = false;  // not shared with other clients of this process
};

// The moment at which a command's patience ends; empty: never.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

inline Deadline deadline_in(Duration time) {
  constexpr std::chrono::hours kNever{24 * 365 * 100};  // more would overflow the clock
  if (time > kNever) return std::nullopt;
  return std::chrono::steady_clock::now() + time;
}

}  // namespace keelson::ctl
