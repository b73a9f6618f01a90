#include "peer/san_check.h"

#include <algorithm>

#include "io/connect.h"

namespace keelson::peer {

bool san_name_matches(const std::string& pattern, const std::string& name) {
  return pattern.starts_with("*.") ? name.ends_with(pattern.substr(1)) : pattern == name;
}

SanVerdict check_san(const io::TlsSession::AlternativeNames& names, const std::string& host) {
  if (names.addresses.empty() && names.names.empty()) return SanVerdict::kFits;
  const auto& addresses = names.addresses;
  if (std::find(addresses.begin(), addresses.end(), host) != addresses.end())
    return SanVerdict::kFits;
  return names.names.empty() ? SanVerdict::kRefused : SanVerdict::kAskResolver;
}

bool san_names_match(const std::vector<std::string>& names, const std::string& host) {
  for (const std::string& own : io::resolve_address(host)) {
    for (const std::string& name : names) {
      if (san_name_matches(name, own)) return true;
    }
  }
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    if (name.starts_with("*.")) return false;
    const std::vector<std::string> found = io::resolve_text(name);
    return std::find(found.begin(), found.end(), host) != found.end();
  });
}

}  // namespace keelson::peer
