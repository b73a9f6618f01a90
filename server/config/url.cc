#include "config/url.h"

#include <algorithm>
#include <charconv>

#include "config/values.h"

namespace keelson::config {
namespace {

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

bool is_scheme_char(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (!first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
}

// The scheme in lower case; empty when there is none. Go takes "127.0.0.1:1" for a path.
std::string take_scheme(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && is_scheme_char(text[n], n == 0)) ++n;
  if (n == 0 || n == text.size() || text[n] != ':') return "";
  std::string scheme(text.substr(0, n));
  for (char& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  text.remove_prefix(n + 1);
  return scheme;
}

struct Authority {
  std::string host;
  std::string port;
  bool has_port = false;
};

// "host:port", "[v6]:port". An error is the part of Go's text behind "parse "...": ".
Result<Authority> split_authority(std::string_view text) {
  Authority out;
  std::string_view rest;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return bad("missing ']' in host");
    out.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':')
      return bad("invalid port " + quote(rest) + " after host");
  } else {
    const size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  out.has_port = !rest.empty();
  if (!out.has_port) return out;
  if (rest.find_first_not_of("0123456789", 1) != std::string_view::npos)
    return bad("invalid port " + quote(rest) + " after host");
  out.port = rest.substr(1);
  return out;
}

Status fill_network(Url& url, const Authority& authority) {
  url.host = authority.host;
  if (!authority.has_port)
    return bad("URL address does not have the form \"host:port\": " + url.text);
  const std::string& port = authority.port;
  if (port.empty()) return Status();
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size())
    return bad("URL has a port above 65535: " + url.text);
  return Status();
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  url.text = trim(text);
  std::string_view rest = url.text;
  url.scheme = take_scheme(rest);
  if (url.scheme.empty()) {
    if (rest.starts_with(':')) return bad("parse " + quote(url.text) + ": missing protocol scheme");
    const std::string_view first = rest.substr(0, rest.find('/'));
    if (first.find(':') != std::string_view::npos)
      return bad("parse " + quote(url.text) + ": first path segment in URL cannot contain colon");
    return bad("URL scheme must be http, https, unix, or unixs: " + url.text);
  }
  std::string_view path = rest;
  Authority authority;
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    std::string_view host = rest.substr(0, end);
    path = rest.substr(end);
    host.remove_prefix(std::min(host.rfind('@') + 1, host.size()));
    auto split = split_authority(host);
    if (!split.ok()) return bad("parse " + quote(url.text) + ": " + split.status().text());
    authority = *split;
    if (url.is_unix()) path = rest;
  }
  if (url.is_unix()) {
    url.host = path;
    return url;
  }
  if (url.scheme != "http" && url.scheme != "https")
    return bad("URL scheme must be http, https, unix, or unixs: " + url.text);
  if (Status filled = fill_network(url, authority); !filled.ok()) return filled;
  if (path.starts_with("/")) return bad("URL must not contain a path: " + url.text);
  return url;
}

Result<std::vector<Url>> parse_urls(std::string_view text) {
  std::vector<Url> urls;
  for (const std::string& part : split(text, ',')) {
    auto url = parse_url(part);
    if (!url.ok()) return url.status();
    urls.push_back(std::move(*url));
  }
  std::sort(urls.begin(), urls.end(), [](const Url& a, const Url& b) { return a.text < b.text; });
  const auto same = [](const Url& a, const Url& b) { return a.text == b.text; };
  urls.erase(std::unique(urls.begin(), urls.end(), same), urls.end());
  return urls;
}

Result<std::vector<std::pair<std::string, Url>>> parse_initial_cluster(std::string_view text) {
  std::vector<std::pair<std::string, Url>> members;
  for (const std::string& part : split(text, ',')) {
    const size_t equals = part.find('=');
    const std::string name = trim(std::string_view(part).substr(0, equals));
    const std::string address = equals == std::string::npos ? "" : part.substr(equals + 1);
    if (trim(address).empty()) return bad("empty URL given for " + quote(name));
    auto url = parse_url(address);
    if (!url.ok()) return url.status();
    members.emplace_back(name, std::move(*url));
  }
  return members;
}

std::string join_urls(const std::vector<Url>& urls) {
  std::string out;
  for (const Url& url : urls) out += (out.empty() ? "" : ",") + url.text;
  return out;
}

}  // namespace keelson::config
