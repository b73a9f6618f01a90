#include "ctl/endpoint.h"

namespace keelson::ctl {
namespace {

// `unix://path`, `unix:///path` and `unix:path`; the last part of the path names the server.
Endpoint parse_socket(const std::string& text, bool tls) {
  std::string path = text.substr(text.find(':') + 1);
  if (path.starts_with("//")) path.erase(0, 2);
  std::string name = path.substr(path.rfind('/') + 1);
  return {"unix:" + path, name, tls ? Transport::kTls : Transport::kAsConfigured};
}

}  // namespace

Endpoint parse_endpoint(const std::string& text) {
  if (text.starts_with("unix:")) return parse_socket(text, false);
  if (text.starts_with("unixs:")) return parse_socket(text, true);
  size_t mark = text.find("://");
  if (mark == std::string::npos) return {text, "", Transport::kAsConfigured};
  std::string scheme = text.substr(0, mark);
  std::string rest = text.substr(mark + 3);
  if (scheme != "http" && scheme != "https") return {text, "", Transport::kAsConfigured};
  rest = rest.substr(0, rest.find_first_of("/?#"));
  return {rest, "", scheme == "https" ? Transport::kTls : Transport::kPlain};
}

}  // namespace keelson::ctl
