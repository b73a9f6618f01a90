// How a call to the cluster ended, and the text users see of it.
#pragma once

#include <string>

#include "ctl/result.h"

namespace keelson::ctl {

// gRPC's codes that decisions here depend on.
enum RpcCode : int {
  kRpcOk = 0,
  kRpcCancelled = 1,
  kRpcUnknown = 2,
  kRpcDeadlineExceeded = 4,
  kRpcResourceExhausted = 8,
  kRpcFailedPrecondition = 9,
  kRpcInternal = 13,
  kRpcUnavailable = 14,
};

struct [[nodiscard]] RpcStatus {
  int code = kRpcOk;
  std::string message;
  bool own_deadline = false;  // the caller's time was up, whatever the server would have said
  bool unreached = false;     // no connection came about in that time

  bool ok() const { return code == kRpcOk; }
  // etcd's own texts stand alone, others as `rpc error: code = X desc = Y`.
  std::string text() const;
  // Always in the long form.
  std::string long_text() const;
};

// Whether the text is one of etcd's error texts, whose code does not matter to users.
bool is_etcd_text(const std::string& message);

// The command's failure for a call that failed.
Failure failure(const RpcStatus& status, int exit_code = kExitError);

}  // namespace keelson::ctl
