// The commands that go to every endpoint on its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "ctl/invocation.h"

namespace keelson::ctl {

// The endpoints to visit: those of --endpoints or, with --cluster, all client URLs of the members.
// `config` is the invocation's.
Result<std::vector<std::string>> chosen_endpoints(const Invocation& invocation,
                                                  const ClientConfig& config);

// The same configuration for one endpoint.
ClientConfig for_endpoint(const ClientConfig& config, const std::string& endpoint);

}  // namespace keelson::ctl
