// The Lease service.
#pragma once

#include <deque>
#include <memory>

#include "rpc/unary.h"

namespace keelson::rpc {

void lease_grant(Unary& call, std::string_view request);
void lease_revoke(Unary& call, std::string_view request);
void lease_time_to_live(Unary& call, std::string_view request);
void lease_leases(Unary& call, std::string_view request);

// LeaseKeepAlive: an answer for each message, in order.
std::unique_ptr<Handler> make_keep_alive(Loop& loop, Call& call);

}  // namespace keelson::rpc
