// The three parts of a transaction on standard input.
#pragma once

#include <functional>
#include <istream>
#include <string>

#include "ctl/console.h"
#include "ctl/result.h"
#include "rpc.pb.h"

namespace keelson::ctl {

// Reads a whole transaction; `prompt` is called with the title of each part before it is read.
// Every part must end with an empty line. The console gets the usage of a request line that has a
// bad flag.
Result<etcdserverpb::TxnRequest> read_txn(std::istream& input,
                                          const std::function<void(const std::string&)>& prompt,
                                          Console& console);

}  // namespace keelson::ctl
