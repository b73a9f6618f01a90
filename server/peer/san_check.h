// Whether a client certificate fits the address it comes from (reference peer.md section 2.6).
#pragma once

#include <string>
#include <vector>

#include "io/tls.h"

namespace keelson::peer {

enum class SanVerdict : uint8_t { kFits, kRefused, kAskResolver };

// As far as it can be told without names being looked up. `host` is the remote address.
SanVerdict check_san(const io::TlsSession::AlternativeNames& names, const std::string& host);
// The rest: a name must be the address's own, or resolve to it. Blocks on the resolver.
bool san_names_match(const std::vector<std::string>& names, const std::string& host);
// One leading "*." stands for any beginning.
bool san_name_matches(const std::string& pattern, const std::string& name);

}  // namespace keelson::peer
