// The slow way for requests that strict.h does not take as they are, and for the rare ones that
// carry text: parse with the protobuf library, drop what is unknown at any depth, encode anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keelson::rpc {

enum class RequestKind : uint8_t {
  kEmpty,  // a request without fields
  kRange,
  kPut,
  kDeleteRange,
  kTxn,
  kCompaction,
  kWatch,
  kLeaseGrant,
  kLeaseRevoke,
  kLeaseKeepAlive,
  kLeaseTimeToLive,
  kMemberAdd,
  kMemberRemove,
  kMemberUpdate,
  kMemberList,
  kMemberPromote,
  kAlarm,
  kHashKv,
  kMoveLeader,
  kDowngrade,
  kAuthenticate,
  kHealthCheck,
};

// Nothing when the bytes are not a message of that kind: cut off, a bad tag or length, a text that
// is not UTF-8, nesting too deep.
std::optional<std::string> canonical(RequestKind kind, std::string_view in);

}  // namespace keelson::rpc
