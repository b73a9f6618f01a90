#include "peer/url.h"

#include <charconv>

namespace keelson::peer {
namespace {

bool parse_host_port(std::string_view text, PeerUrl& url) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size()) return false;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return false;
  }
  url.host = host;
  return !host.empty();
}

}  // namespace

std::optional<PeerUrl> parse_peer_url(std::string_view text) {
  PeerUrl url;
  url.text = text;
  const size_t mark = text.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = text.substr(0, mark);
  std::string_view rest = text.substr(mark + 3);
  url.tls = scheme == "https" || scheme == "unixs";
  url.is_unix = scheme == "unix" || scheme == "unixs";
  if (!url.tls && !url.is_unix && scheme != "http") return std::nullopt;
  if (url.is_unix) {
    url.host = rest;
    url.authority = "localhost";
    return rest.empty() ? std::nullopt : std::optional(std::move(url));
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  url.authority = rest;
  if (!parse_host_port(rest, url)) return std::nullopt;
  return url;
}

std::vector<PeerUrl> parse_peer_urls(const std::vector<std::string>& texts) {
  std::vector<PeerUrl> urls;
  for (const std::string& text : texts) {
    if (std::optional<PeerUrl> url = parse_peer_url(text)) urls.push_back(std::move(*url));
  }
  return urls;
}

}  // namespace keelson::peer
