#include <arpa/inet.h>

#include "config/stages.h"
#include "config/url.h"
#include "config/values.h"

namespace keelson::config {
namespace {

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

bool is_ip(const std::string& host) {
  in6_addr ignored{};
  const std::string address = host.substr(0, host.find('%'));
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &ignored) == 1;
}

Status check_bind(const std::vector<Url>& urls) {
  for (const Url& url : urls)
    if (!url.is_unix() && url.host != "localhost" && !is_ip(url.host))
      return bad("expected IP in URL for binding (" + url.text + ")");
  return Status();
}

// Nothing, or why the URLs cannot be told to others.
std::string advertise_problem(const std::vector<Url>& urls) {
  for (const Url& url : urls)
    if (!url.is_unix() && url.host.empty()) return "(unexpected empty host (" + url.text + "))";
  return "";
}

}  // namespace

Status check_urls(const Settings& settings) {
  const Config& config = settings.config;
  for (const auto* urls : {&config.listen_peer_urls, &config.listen_client_urls,
                           &config.listen_client_http_urls, &config.listen_metrics_urls}) {
    if (Status checked = check_bind(*urls); !checked.ok()) return checked;
  }
  const auto& peers = config.initial_advertise_peer_urls;
  if (const std::string problem = advertise_problem(peers); !problem.empty())
    return bad("--initial-advertise-peer-urls " + quote(join_urls(peers)) +
               " must be \"host:port\" " + problem);
  const auto& clients = config.advertise_client_urls;
  if (const std::string problem = advertise_problem(clients); !problem.empty())
    return bad("--advertise-client-urls " + quote(join_urls(clients)) +
               " must be in the format \"host:port\", \"unix:/path/to/socket\" or "
               "\"unixs:/path/to/socket\" " +
               problem);
  return Status();
}

}  // namespace keelson::config
