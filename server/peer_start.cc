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

std::vector<std::string> listen_hosts(const config::Config& config) {
  std::vector<std::string> hosts;
  for (const config::Url& url : config.listen_peer_urls)
    if (url.tls()) hosts.push_back(url.host);
  return hosts;
}

// --peer-auto-tls makes a pair of its own, which nobody verifies.
bool self_signed(const config::Config& config) {
  return config.peer_tls.auto_tls && !config.peer_tls.has_pair();
}

// What others must show that dial this member. No h2: stock members would take it and then speak
// HTTP/1.1.
Result<io::TlsOptions> server_options(const config::Config& config, const peer::PortWorld& world) {
  const config::Tls& tls = config.peer_tls;
  io::TlsOptions options;
  options.cert_file = tls.cert_file;
  options.key_file = tls.key_file;
  options.trusted_ca_file = tls.trusted_ca_file;
  options.client_cert_auth = tls.client_cert_auth;
  options.crl_file = tls.crl_file;
  options.allowed_cn = tls.allowed_cn;
  options.allowed_hostname = tls.allowed_hostname;
  options.cipher_suites = config.cipher_suites;
  options.min_version = config.tls_min_version;
  options.max_version = config.tls_max_version;
  options.alpn = {"http/1.1"};
  if (!self_signed(config)) return options;
  const Status made =
      io::make_self_signed(config.data_dir + "/fixtures/peer", listen_hosts(config),
                           config.self_signed_cert_validity_years, world.clock, world.log, options);
  if (!made.ok()) return made;
  return options;
}

// What this member shows, and demands, when it dials.
io::TlsClientOptions client_options(const config::Config& config, const io::TlsOptions& server) {
  const config::Tls& tls = config.peer_tls;
  io::TlsClientOptions options;
  const bool own_pair = !tls.client_cert_file.empty();
  options.cert_file = own_pair ? tls.client_cert_file : server.cert_file;
  options.key_file = own_pair ? tls.client_key_file : server.key_file;
  options.trusted_ca_file = tls.trusted_ca_file;
  options.insecure_skip_verify = self_signed(config);
  options.crl_file = tls.crl_file;
  options.allowed_cn = tls.allowed_cn;
  options.allowed_hostname = tls.allowed_hostname;
  options.cipher_suites = config.cipher_suites;
  options.min_version = config.tls_min_version;
  options.max_version = config.tls_max_version;
  return options;
}

}  // namespace

Result<std::unique_ptr<peer::PeerPort>> open_peer_port(const config::Config& config,
                                                       const peer::PortWorld& world) {
  peer::PortOptions options;
  for (const config::Url& url : config.listen_peer_urls) options.listen_urls.push_back(url.text);
  options.reuse_port = config.socket_reuse_port;
  options.spool_directory = config.data_dir + "/incoming";
  options.check_client_san = !config.peer_tls.skip_client_san_verification;
  auto rules = server_options(config, world);
  if (!rules.ok()) return rules.status();
  auto client =
      io::TlsClient::create(client_options(config, *rules), world.pool, world.clock, world.log);
  if (!client.ok()) return client.status();
  std::unique_ptr<io::TlsServer> server;
  if (any_tls(config.listen_peer_urls)) {
    auto made = io::TlsServer::create(std::move(*rules), world.pool, world.clock, world.log);
    if (!made.ok()) return made.status();
    server = std::move(*made);
  }
  return peer::PeerPort::open(std::move(options), std::move(server), std::move(*client), world);
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
