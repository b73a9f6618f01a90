// Requests from the flags and arguments of get, put and del, on the command line and in txn.
#pragma once

#include <istream>
#include <string>

#include "ctl/invocation.h"
#include "rpc.pb.h"

namespace keelson::ctl {

namespace pb = etcdserverpb;

Result<pb::RangeRequest> range_request(const Invocation& invocation);
// Takes the value from `input` to its end when there is no second argument. Null: there is none to
// take, as for a request line of txn, whose own input ends the transaction.
Result<pb::PutRequest> put_request(const Invocation& invocation, std::istream* input);
// Warns and waits two seconds before a range is deleted without --range.
Result<pb::DeleteRangeRequest> delete_request(const Invocation& invocation);

// The value of --consistency: whether reads are serializable.
Result<bool> is_serializable(const std::string& consistency);

}  // namespace keelson::ctl
