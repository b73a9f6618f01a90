#include "config/bootstrap.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>

#include "config/url.h"
#include "config/values.h"

namespace keelson::config {
namespace {

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

// The URL with its host replaced by the first address, when that can be had.
std::string resolved(const std::string& text, const Resolver& resolve) {
  const auto url = parse_url(text);
  if (!url.ok() || url->is_unix()) return text;
  const auto addresses = resolve(url->host);
  if (addresses.empty()) return text;
  const std::string& host = addresses.front();
  const bool v6 = host.find(':') != std::string::npos;
  return url->scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(url->port);
}

std::vector<std::string> resolved_all(const std::vector<std::string>& urls,
                                      const Resolver& resolve) {
  std::vector<std::string> out;
  for (const std::string& url : urls) out.push_back(resolved(url, resolve));
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> texts(const std::vector<Url>& urls) {
  std::vector<std::string> out;
  for (const Url& url : urls) out.push_back(url.text);
  std::sort(out.begin(), out.end());
  return out;
}

// First text of `wanted` whose resolved form is not among the resolved forms of `have`.
std::string missing(const std::vector<std::string>& wanted, const std::vector<std::string>& have,
                    const Resolver& resolve) {
  const auto there = resolved_all(have, resolve);
  for (const std::string& url : wanted)
    if (!std::binary_search(there.begin(), there.end(), resolved(url, resolve))) return url;
  return "";
}

std::string quoted(const std::vector<std::string>& parts) { return quote(join(parts, ",")); }

}  // namespace

Result<std::vector<InitialMember>> initial_members(const Config& config) {
  const auto pairs = parse_initial_cluster(config.initial_cluster);
  if (!pairs.ok()) return pairs.status();
  std::map<std::string, std::vector<std::string>> by_name;
  for (const auto& [name, url] : *pairs) by_name[name].push_back(url.text);
  std::vector<InitialMember> members;
  for (auto& [name, urls] : by_name) {
    std::sort(urls.begin(), urls.end());
    members.push_back({name, std::move(urls)});
  }
  return members;
}

Status check_bootstrap(const Config& config, const Resolver& resolve) {
  const auto members = initial_members(config);
  if (!members.ok()) return bad("error setting up initial cluster: " + members.status().text());
  const auto self = std::find_if(members->begin(), members->end(),
                                 [&](const InitialMember& m) { return m.name == config.name; });
  if (self == members->end())
    return bad("couldn't find local name " + quote(config.name) +
               " in the initial cluster configuration");
  const auto advertised = texts(config.initial_advertise_peer_urls);
  if (advertised == self->peer_urls) return Status();
  const auto left = resolved_all(advertised, resolve);
  const auto right = resolved_all(self->peer_urls, resolve);
  if (left == right) return Status();
  const std::string tail = " (resolved urls: " + quoted(left) + " != " + quoted(right) + ")";
  const std::string in_cluster = config.name + "=" + join(self->peer_urls, "," + config.name + "=");
  if (const std::string url = missing(self->peer_urls, advertised, resolve); !url.empty())
    return bad("--initial-cluster has " + config.name + "=" + url +
               " but missing from --initial-advertise-peer-urls=" + join(advertised, ",") + tail);
  return bad("--initial-advertise-peer-urls has " + missing(advertised, self->peer_urls, resolve) +
             " but missing from --initial-cluster=" + in_cluster + tail);
}

std::vector<std::string> system_resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  std::vector<std::string> out;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST] = "";
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0)
      out.emplace_back(text);
  }
  ::freeaddrinfo(found);
  return out;
}

std::vector<LogField> describe(const Config& config, bool member_initialized) {
  const auto duration = [](auto d) { return Duration(d); };
  return {{"member-initialized", member_initialized},
          {"name", config.name},
          {"data-dir", config.data_dir},
          {"wal-dir", config.wal_dir},
          {"member-dir", config.data_dir + "/member"},
          {"force-new-cluster", config.force_new_cluster},
          {"heartbeat-interval", duration(config.heartbeat_interval)},
          {"election-timeout", duration(config.election_timeout)},
          {"initial-election-tick-advance", config.initial_election_tick_advance},
          {"snapshot-count", config.snapshot_count},
          {"snapshot-catchup-entries", config.snapshot_catchup_entries},
          {"initial-advertise-peer-urls", texts(config.initial_advertise_peer_urls)},
          {"listen-peer-urls", texts(config.listen_peer_urls)},
          {"advertise-client-urls", texts(config.advertise_client_urls)},
          {"listen-client-urls", texts(config.listen_client_urls)},
          {"listen-metrics-urls", texts(config.listen_metrics_urls)},
          {"cors", config.cors},
          {"host-whitelist", config.host_whitelist},
          {"initial-cluster", config.initial_cluster},
          {"initial-cluster-state", config.initial_cluster_existing ? "existing" : "new"},
          {"initial-cluster-token", config.initial_cluster_token},
          {"quota-backend-bytes", config.effective_quota()},
          {"max-request-bytes", config.max_request_bytes},
          {"max-concurrent-streams", uint64_t{config.max_concurrent_streams}},
          {"pre-vote", config.pre_vote},
          {"corrupt-check-time-interval", config.corrupt_check_time},
          {"auto-compaction-mode", config.auto_compaction_mode},
          {"auto-compaction-retention", config.auto_compaction_retention},
          {"max-learners", config.max_learners},
          {"io-threads", config.io_threads}};
}

}  // namespace keelson::config
