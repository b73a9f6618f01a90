#include "ctl/peer_urls.h"

#include <cctype>

#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

Failure refused(const std::string& text) { return {kExitError, text}; }

Failure parse_error(const std::string& url, const std::string& why) {
  return refused("parse " + go_quote(url) + ": " + why);
}

std::string trim(const std::string& text) {
  size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return "";
  return text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// `host:port` with a number, or nothing, behind the colon.
Status check_host(const std::string& url, const std::string& host) {
  size_t space = host.find(' ');
  if (space != std::string::npos) return parse_error(url, "invalid character \" \" in host name");
  size_t bracket = host.rfind(']');
  size_t colon = host.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon == std::string::npos) {
    return refused("URL address does not have the form \"host:port\": " + url);
  }
  std::string port = host.substr(colon);
  if (port.find_first_not_of("0123456789", 1) != std::string::npos) {
    return parse_error(url, "invalid port " + go_quote(port) + " after host");
  }
  return {};
}

Status check_url(const std::string& url) {
  size_t colon = url.find(':');
  if (colon == 0) return parse_error(url, "missing protocol scheme");
  std::string scheme = colon == std::string::npos ? "" : lower(url.substr(0, colon));
  if (scheme == "unix" || scheme == "unixs") return {};
  if (scheme != "http" && scheme != "https") {
    return refused("URL scheme must be http, https, unix, or unixs: " + url);
  }
  std::string rest = url.substr(colon + 1);
  if (rest.starts_with("//")) rest.erase(0, 2);
  size_t host_end = std::min(rest.find_first_of("/?#"), rest.size());
  Status host = check_host(url, rest.substr(0, host_end));
  if (!host.ok()) return host;
  if (host_end < rest.size() && rest[host_end] == '/') {
    return refused("URL must not contain a path: " + url);
  }
  return {};
}

}  // namespace

Status check_peer_urls(const std::vector<std::string>& urls) {
  for (const std::string& url : urls) {
    Status checked = check_url(trim(url));
    if (!checked.ok()) return checked;
  }
  return {};
}

}  // namespace keelson::ctl
