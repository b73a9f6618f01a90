#include "base/status.h"

namespace keelson {

std::string_view code_name(Code code) {
  static constexpr std::string_view kNames[kCodeCount] = {
      "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
      "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
      "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
      "DataLoss", "Unauthenticated"};
  return kNames[static_cast<size_t>(code)];
}

Outcome Status::outcome() const {
  switch (code_) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kCanceled:
    case Code::kUnknown:
    case Code::kInternal:
      return Outcome::kUnknown;
    case Code::kResourceExhausted:
    case Code::kAborted:
      return Outcome::kRetry;
    default:
      return Outcome::kRefused;
  }
}

std::string Status::to_string() const {
  if (ok()) return "OK";
  return "rpc error: code = " + std::string(code_name(code_)) + " desc = " + text_;
}

}  // namespace keelson
