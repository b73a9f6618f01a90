// Comparisons of txn input: TARGET("key") OPERATOR "value".
#pragma once

#include <string>

#include "ctl/result.h"
#include "rpc.pb.h"

namespace keelson::ctl {

// Failures have exit code 3.
Result<etcdserverpb::Compare> parse_compare(const std::string& line);

}  // namespace keelson::ctl
