#include "ctl/go_error.h"

#include <string_view>

namespace keelson::ctl {
namespace {

constexpr std::string_view kLead = "last error: UNKNOWN: ";
constexpr std::string_view kNotMade = "Failed to connect to remote host: ";

// gRPC writes an address as a URI does.
std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool open = text.starts_with("%5B");
    bool escaped = open || text.starts_with("%5D");
    out += escaped ? (open ? '[' : ']') : text.front();
    text.remove_prefix(escaped ? 3 : 1);
  }
  return out;
}

// `dial tcp ADDRESS`; empty for a scheme that is not known.
std::string dialed(std::string_view target) {
  size_t colon = target.find(':');
  if (colon == std::string_view::npos) return "";
  std::string_view scheme = target.substr(0, colon);
  std::string address = unescaped(target.substr(colon + 1));
  if (scheme == "ipv4" || scheme == "ipv6") return "dial tcp " + address;
  return scheme == "unix" ? "dial unix " + address : "";
}

// The system's word for what went wrong, which Go starts with a small letter.
std::string lowered(std::string_view reason) {
  std::string out(reason);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] + 32);
  return out;
}

}  // namespace

std::string go_dial_error(const std::string& grpc_text) {
  size_t lead = grpc_text.find(kLead);
  if (lead == std::string::npos) return grpc_text;
  std::string_view rest = std::string_view(grpc_text).substr(lead + kLead.size());
  size_t end = rest.find(": ");
  if (end == std::string_view::npos) return grpc_text;
  std::string what = dialed(rest.substr(0, end));
  std::string_view reason = rest.substr(end + 2);
  if (reason.starts_with(kNotMade)) reason.remove_prefix(kNotMade.size());
  if (what.empty() || reason.find(':') != std::string_view::npos) return grpc_text;
  return "connection error: desc = \"transport: Error while dialing: " + what +
         ": connect: " + lowered(reason) + "\"";
}

std::string go_call_error(const std::string& grpc_text) {
  if (grpc_text == "Deadline Exceeded") return "context deadline exceeded";
  constexpr std::string_view kTooLarge = "Received message larger than max";
  return grpc_text.starts_with(kTooLarge) ? "grpc: r" + grpc_text.substr(1) : grpc_text;
}

}  // namespace keelson::ctl
