#include "ctl/certificate_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cctype>

namespace keelson::ctl {
namespace {

// The bytes of an address, 4 or 16; empty for anything else.
std::string address_bytes(const std::string& text) {
  in_addr four;
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) {
    return {reinterpret_cast<const char*>(&four), sizeof four};
  }
  in6_addr six;
  if (inet_pton(AF_INET6, text.c_str(), &six) == 1) {
    return {reinterpret_cast<const char*>(&six), sizeof six};
  }
  return "";
}

std::string fold(std::string name) {
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

bool name_matches(const std::string& host, const std::string& pattern) {
  if (host.empty()) return false;
  if (!pattern.starts_with("*.")) return host == pattern;
  size_t dot = host.find('.');
  return dot != std::string::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

}  // namespace

std::string host_of(const std::string& target) {
  if (target.starts_with("[")) return target.substr(1, target.find(']') - 1);
  size_t colon = target.find(':');
  bool one_colon = colon != std::string::npos && target.find(':', colon + 1) == std::string::npos;
  return one_colon ? target.substr(0, colon) : target;
}

bool certificate_names(const std::string& host, const std::vector<std::string>& dns_names,
                       const std::vector<std::string>& ip_names) {
  std::string address = address_bytes(host);
  if (!address.empty()) {
    for (const std::string& each : ip_names) {
      if (address_bytes(each) == address) return true;
    }
    return false;
  }
  for (const std::string& each : dns_names) {
    if (name_matches(fold(host), fold(each))) return true;
  }
  return false;
}

}  // namespace keelson::ctl
