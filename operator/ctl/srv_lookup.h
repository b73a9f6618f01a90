// Endpoints from DNS: SRV records of a domain.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/result.h"

namespace keelson::ctl {

// `https://target.:port` of `_etcd-client-ssl._tcp.DOMAIN`, then `http://...` of
// `_etcd-client._tcp.DOMAIN`; with a service name, `-NAME` follows the service. Fails when neither
// lookup has an answer.
Result<std::vector<std::string>> lookup_client_endpoints(const std::string& domain,
                                                         const std::string& service_name);

// One record of an answer.
struct SrvRecord {
  uint16_t priority;
  uint16_t weight;
  uint16_t port;
  std::string target;
};

// The SRV records in a DNS answer, lowest priority value first. The answer may be hostile: reading
// ends at the first record that is not well formed.
std::vector<SrvRecord> parse_srv_answer(std::string_view answer);

}  // namespace keelson::ctl
