#include "peer_start.h"

#include <algorithm>

#include "config/bootstrap.h"
#include "peer/join.h"

namespace keelson {
namespace {

peer::Fetch fetch_through(peer::PeerPort& port) {
  return [&port](const std::string& url, const std::string& path, Duration timeout) {
    peer::FetchReply reply = port.fetch(url, path, timeout);
    const std::string cluster(reply.header("x-etcd-cluster-id"));
    return peer::Fetched{reply.status, std::move(reply.body), cluster};
  };
}

peer::Starter starter_of(const config::Config& config,
                         const std::vector<node::BootstrapMember>& members) {
  return {config.name, members, config.initial_cluster_token};
}

bool any_tls(const std::vector<config::Url>& urls) {
  return std::any_of(urls.begin(), urls.end(), [](const config::Url& url) { return url.tls(); });
}

}  // namespace

Result<std::unique_ptr<peer::PeerPort>> open_peer_port(const config::Config& config,
                                                       const peer::PortWorld& world) {
  peer::PortOptions options;
  for (const config::Url& url : config.listen_peer_urls) options.listen_urls.push_back(url.text);
  options.reuse_port = config.socket_reuse_port;
  options.spool_directory = config.data_dir + "/incoming";
  options.check_client_san = !config.peer_tls.skip_client_san_verification;
  if (any_tls(config.listen_peer_urls))
    return Status(Code::kUnimplemented, "https among --listen-peer-urls is not there yet");
  return peer::PeerPort::open(std::move(options), nullptr, nullptr, world);
}

void ask_peers_at_first_start(const config::Config& config, peer::PeerPort& port,
                              node::BootSettings& settings) {
  const peer::Starter starter = starter_of(config, settings.members);
  settings.check_first_start = [&config, &port, starter]() -> Status {
    if (config.initial_cluster_existing) return Status();
    if (Status s = config::check_bootstrap(config, config::system_resolve); !s.ok()) return s;
    return peer::check_not_started(starter, fetch_through(port));
  };
  settings.find_cluster = [&port, starter]() -> Result<node::RunningCluster> {
    auto running = peer::find_running_cluster(starter, fetch_through(port));
    if (!running.ok()) return running;
    if (Status s = peer::check_versions(*running, fetch_through(port)); !s.ok()) return s;
    return running;
  };
}

}  // namespace keelson
