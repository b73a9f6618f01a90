// What has to fit together before a member's first start, and what is said at every start.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "config/config.h"

namespace keelson::config {

struct InitialMember {
  std::string name;
  std::vector<std::string> peer_urls;  // sorted
};

// --initial-cluster, sorted by name.
Result<std::vector<InitialMember>> initial_members(const Config& config);

// For an empty data directory: this member stands in --initial-cluster, with the peer URLs that it
// advertises. `resolve` gives the addresses of a host name, nothing when it has none; it is asked
// only when the texts differ. Errors are etcd's.
using Resolver = std::function<std::vector<std::string>(const std::string& host)>;
Status check_bootstrap(const Config& config, const Resolver& resolve);
std::vector<std::string> system_resolve(const std::string& host);

// Fields of the line "starting an etcd server".
std::vector<LogField> describe(const Config& config, bool member_initialized);

}  // namespace keelson::config
