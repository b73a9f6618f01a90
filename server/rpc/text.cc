#include "rpc/text.h"

#include <cstddef>
#include <cstdint>

namespace keelson::rpc {
namespace {

bool is_continuation(std::string_view in, size_t at) {
  return at < in.size() && (static_cast<uint8_t>(in[at]) & 0xc0) == 0x80;
}

// Length of the sequence that starts at `at`; 0 when it is not well-formed.
size_t sequence_size(std::string_view in, size_t at) {
  const auto lead = static_cast<uint8_t>(in[at]);
  if (lead < 0x80) return 1;
  const size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (size_t i = 1; i < size; i++)
    if (!is_continuation(in, at + i)) return 0;
  if (size < 3) return size;
  const auto second = static_cast<uint8_t>(in[at + 1]);
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return size;
}

constexpr size_t kDigitsMax = 18;  // fits 64 bits

// Takes a decimal number off the front; empty when there is none.
std::string_view take_number(std::string_view& in) {
  size_t size = 0;
  while (size < in.size() && in[size] >= '0' && in[size] <= '9') size++;
  const std::string_view number = in.substr(0, size <= kDigitsMax ? size : 0);
  in.remove_prefix(size);
  return number;
}

// What may stand in pre-release and build parts.
bool is_identifier(std::string_view in) {
  for (const char c : in) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.') return false;
  }
  return true;
}

// Cuts "-pre" or "+build" off the end; false when it is not well-formed.
bool cut_suffix(std::string_view& in, char mark) {
  const size_t at = in.find(mark);
  if (at == std::string_view::npos) return true;
  const bool good = is_identifier(in.substr(at + 1));
  in = in.substr(0, at);
  return good;
}

// "host:port", "[v6]:port", ":port"; the port's digits are the resolver's business.
bool has_host_and_port(std::string_view in) {
  const size_t colon = in.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view host = in.substr(0, colon);
  if (host.starts_with('[')) return host.ends_with(']');
  return host.find_first_of(":[]") == std::string_view::npos;
}

bool is_port(std::string_view in) {
  take_number(in);
  return in.empty();
}

}  // namespace

bool is_utf8(std::string_view in) {
  for (size_t at = 0; at < in.size();) {
    const size_t size = sequence_size(in, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::optional<std::string> cluster_version(std::string_view in) {
  if (!cut_suffix(in, '+') || !cut_suffix(in, '-')) return std::nullopt;
  const std::string_view major = take_number(in);
  if (major.empty() || !in.starts_with('.')) return std::nullopt;
  in.remove_prefix(1);
  const std::string_view minor = take_number(in);
  if (minor.empty()) return std::nullopt;
  if (in.starts_with('.')) {
    in.remove_prefix(1);
    if (take_number(in).empty()) return std::nullopt;
  }
  if (!in.empty()) return std::nullopt;
  return std::string(major) + "." + std::string(minor);
}

bool is_peer_url(std::string_view in) {
  while (!in.empty() && in.front() == ' ') in.remove_prefix(1);
  while (!in.empty() && in.back() == ' ') in.remove_suffix(1);
  const size_t mark = in.find("://");
  if (mark == std::string_view::npos) return false;
  const std::string_view scheme = in.substr(0, mark);
  std::string_view host = in.substr(mark + 3);
  if (scheme == "unix" || scheme == "unixs") return true;
  if (scheme != "http" && scheme != "https") return false;
  if (host.find_first_of("/ ") != std::string_view::npos) return false;
  host = host.substr(0, host.find_first_of("?#"));
  host = host.substr(host.rfind('@') + 1);
  return has_host_and_port(host) && is_port(host.substr(host.rfind(':') + 1));
}

}  // namespace keelson::rpc
