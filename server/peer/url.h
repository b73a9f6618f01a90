// One URL of a member's peer port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::peer {

struct PeerUrl {
  std::string text;
  std::string host;  // without brackets; or the path of a unix socket
  uint16_t port = 0;
  bool tls = false;
  bool is_unix = false;
  std::string authority;  // for the Host header
};

// http and https with host:port, unix and unixs with a path; nothing behind them but one "/".
std::optional<PeerUrl> parse_peer_url(std::string_view text);
// Those that parse.
std::vector<PeerUrl> parse_peer_urls(const std::vector<std::string>& texts);

// All URLs of one member in turn: the one that works is kept until it fails. Shared by everything
// that dials that member.
class UrlPicker {
 public:
  explicit UrlPicker(std::vector<PeerUrl> urls) : urls_(std::move(urls)) {}
  void set(std::vector<PeerUrl> urls) {
    urls_ = std::move(urls);
    at_ = 0;
  }
  const PeerUrl* pick() const { return urls_.empty() ? nullptr : &urls_[at_]; }
  // Another user may have moved on already.
  void failed(const std::string& text) {
    if (!urls_.empty() && urls_[at_].text == text) at_ = (at_ + 1) % urls_.size();
  }
  size_t count() const { return urls_.size(); }

 private:
  std::vector<PeerUrl> urls_;
  size_t at_ = 0;
};

}  // namespace keelson::peer
