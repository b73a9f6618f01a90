// The KV service's unary methods.
#pragma once

#include "rpc/unary.h"

namespace keelson::rpc {

void kv_range(Unary& call, std::string_view request);
void kv_put(Unary& call, std::string_view request);
void kv_delete_range(Unary& call, std::string_view request);
void kv_txn(Unary& call, std::string_view request);
void kv_compact(Unary& call, std::string_view request);

// For RangeStream, which takes the same request.
node::RangeQuery to_query(const apply::RangeView& view);

// Sends a request through the log, unless it is larger than the member takes.
void propose(Unary& call, node::Proposal&& proposal);

}  // namespace keelson::rpc
