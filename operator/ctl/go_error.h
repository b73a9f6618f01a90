// gRPC's own words for what failed on the client's side, as Go's programs say them.
#pragma once

#include <string>

namespace keelson::ctl {

// `connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect:
// connection refused"`. A text of another form, such as a failed handshake's or a failed name
// look-up's, is given back as it is.
std::string go_dial_error(const std::string& grpc_text);

// The same for calls: `context deadline exceeded` and answers that are too large.
std::string go_call_error(const std::string& grpc_text);

}  // namespace keelson::ctl
