#include "config/stages.h"
#include "config/url.h"

namespace keelson::config {
namespace {

constexpr char kPeerUrl[] = "http://localhost:2380";
constexpr char kClientUrl[] = "http://localhost:2379";

void fill(std::vector<Url>& urls, const char* text) {
  if (urls.empty()) urls = {*parse_url(text)};
}

// Listening everywhere, advertising the default: what others should use is this host's own address.
void advertise_host(std::vector<Url>& advertised, const std::vector<Url>& listened,
                    const char* default_url, const std::string& host, std::vector<Note>& notes) {
  const bool is_default = advertised.size() == 1 && advertised[0].text == default_url;
  if (!is_default || host.empty() || listened.empty() || listened[0].host != "0.0.0.0") return;
  advertised = {
      *parse_url(advertised[0].scheme + "://" + host + ":" + std::to_string(listened[0].port))};
  add_note(notes, LogLevel::kInfo, "detected default host for advertise",
           {{"host", host}, {"url", advertised[0].text}});
}

std::string cluster_of_one(const Config& config) {
  std::string out;
  for (const Url& url : config.initial_advertise_peer_urls)
    out += (out.empty() ? "" : ",") + config.name + "=" + url.text;
  return out;
}

}  // namespace

void fill_defaults(Settings& settings, const std::string& default_host, std::vector<Note>& notes) {
  Config& config = settings.config;
  fill(config.listen_peer_urls, kPeerUrl);
  fill(config.listen_client_urls, kClientUrl);
  fill(config.initial_advertise_peer_urls, kPeerUrl);
  fill(config.advertise_client_urls, kClientUrl);
  advertise_host(config.initial_advertise_peer_urls, config.listen_peer_urls, kPeerUrl,
                 default_host, notes);
  advertise_host(config.advertise_client_urls, config.listen_client_urls, kClientUrl, default_host,
                 notes);
  if (!settings.given.contains("initial-cluster")) config.initial_cluster = cluster_of_one(config);
  if (config.name == "default") {
    add_note(notes, LogLevel::kWarn,
             "the member has the default name; members of one cluster need different names",
             {{"name", config.name}});
  }
  if (config.data_dir.empty()) {
    config.data_dir = config.name + ".etcd";
    add_note(notes, LogLevel::kWarn, "'data-dir' was empty; using default",
             {{"data-dir", config.data_dir}});
  }
}

}  // namespace keelson::config
