// Brings up the peer port from the flags, and asks through it who is there already. Part of main.
#pragma once

#include <memory>

#include "config/config.h"
#include "node/bootstrap.h"
#include "peer/peer_port.h"

namespace keelson {

// Binds --listen-peer-urls with the --peer-* rules; serves nothing yet.
Result<std::unique_ptr<peer::PeerPort>> open_peer_port(const config::Config& config,
                                                       const peer::PortWorld& world);

// What an empty data directory has to know of the other members: fills the questions of `settings`.
// `port` outlives them.
void ask_peers_at_first_start(const config::Config& config, peer::PeerPort& port,
                              node::BootSettings& settings);

}  // namespace keelson
