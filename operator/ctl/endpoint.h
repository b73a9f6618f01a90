// Endpoint addresses as users write them: host:port, http://, https://, unix:, unixs:.
#pragma once

#include <string>

namespace keelson::ctl {

enum class Transport { kPlain, kTls, kAsConfigured };

struct Endpoint {
  std::string target;       // for gRPC: host:port or unix:path
  std::string server_name;  // what the server's certificate must name; empty: the target's host
  Transport transport = Transport::kAsConfigured;
};

// Never fails: an unknown form is handed on as it is, and dialing it will.
Endpoint parse_endpoint(const std::string& text);

}  // namespace keelson::ctl
