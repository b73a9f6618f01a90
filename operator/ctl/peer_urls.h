// Peer URLs are checked before they are sent: a wrong one in the member list is hard to get out.
#pragma once

#include <string>
#include <vector>

#include "ctl/result.h"

namespace keelson::ctl {

// Each must be http or https with a host and a port and no path, or a unix socket.
Status check_peer_urls(const std::vector<std::string>& urls);

}  // namespace keelson::ctl
