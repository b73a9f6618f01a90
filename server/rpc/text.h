// Small judgements on text from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keelson::rpc {

// Well-formed UTF-8 as Go sees it: no surrogates, no overlong forms, nothing above U+10FFFF.
bool is_utf8(std::string_view in);

// "X.Y" from "X.Y" or "X.Y.Z", each with an optional pre-release and build part, as Downgrade takes
// it.
std::optional<std::string> cluster_version(std::string_view in);

// A URL that may be a member's: http or https with host and port and no path, or unix, unixs.
bool is_peer_url(std::string_view in);

}  // namespace keelson::rpc
