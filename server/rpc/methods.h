// Every RPC that is served, in one table: its path, its kind and who may call it. The table is
// built and checked by the compiler: a method without a row, or a row without a permission, does
// not build.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "rpc/call.h"

namespace keelson::rpc {

enum class Method : MethodId {
  kRange,
  kRangeStream,
  kPut,
  kDeleteRange,
  kTxn,
  kCompact,
  kWatch,
  kLeaseGrant,
  kLeaseRevoke,
  kLeaseKeepAlive,
  kLeaseTimeToLive,
  kLeaseLeases,
  kMemberAdd,
  kMemberRemove,
  kMemberUpdate,
  kMemberList,
  kMemberPromote,
  kAlarm,
  kStatus,
  kDefragment,
  kHash,
  kHashKv,
  kSnapshot,
  kMoveLeader,
  kDowngrade,
  kAuthEnable,
  kAuthDisable,
  kAuthStatus,
  kAuthenticate,
  kUserAdd,
  kUserGet,
  kUserList,
  kUserDelete,
  kUserChangePassword,
  kUserGrantRole,
  kUserRevokeRole,
  kRoleAdd,
  kRoleGet,
  kRoleList,
  kRoleDelete,
  kRoleGrantPermission,
  kRoleRevokePermission,
  kLock,
  kUnlock,
  kCampaign,
  kProclaim,
  kLeader,
  kObserve,
  kResign,
  kHealthCheck,
  kHealthWatch,
  kHealthList,
  kCount,
};
inline constexpr size_t kMethodCount = static_cast<size_t>(Method::kCount);

// Who may call, once auth is on (reference semantics.md section 11).
enum class Permission : uint8_t {
  kUnset,       // no row may say this
  kOpen,        // anyone, without a token
  kUser,        // any authenticated user
  kRoot,        // role root
  kRangeRead,   // READ on the request's range
  kPut,         // WRITE on the key, READ too with prev_kv, WRITE on all keys of the lease
  kDelete,      // WRITE on the range, READ too with prev_kv
  kTxn,         // every compare and both branches
  kLeaseWrite,  // WRITE on every key attached to the lease
  kLeaseRead,   // READ on every key attached to the lease(s)
  kSelfOrRoot,  // about the asking user or one of its roles, else role root
  kByRequest,   // Alarm: GET as kUser, all else as kRoot
  kInner,       // checked by the KV and lease calls that it is made of
};

struct MethodRow {
  Method method;
  std::string_view path;
  Kind kind;
  Permission permission;

  constexpr std::string_view service() const { return path.substr(1, path.rfind('/') - 1); }
  constexpr std::string_view name() const { return path.substr(path.rfind('/') + 1); }
};

extern const std::array<MethodRow, kMethodCount> kMethods;

inline const MethodRow& row(MethodId id) { return kMethods[id]; }

// One multiplication and one comparison of strings; kUnknownMethod when the path is not served.
MethodId find_method(std::string_view path);

// What grpc-go says of a path that is not served.
std::string unknown_method_text(std::string_view path);

}  // namespace keelson::rpc
