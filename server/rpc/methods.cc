#include "rpc/methods.h"

namespace keelson::rpc {

constexpr std::array<MethodRow, kMethodCount> kMethods = {{
    {Method::kRange, "/etcdserverpb.KV/Range", Kind::kUnary, Permission::kRangeRead},
    {Method::kRangeStream, "/etcdserverpb.KV/RangeStream", Kind::kServerStream,
     Permission::kRangeRead},
    {Method::kPut, "/etcdserverpb.KV/Put", Kind::kUnary, Permission::kPut},
    {Method::kDeleteRange, "/etcdserverpb.KV/DeleteRange", Kind::kUnary, Permission::kDelete},
    {Method::kTxn, "/etcdserverpb.KV/Txn", Kind::kUnary, Permission::kTxn},
    {Method::kCompact, "/etcdserverpb.KV/Compact", Kind::kUnary, Permission::kRoot},
    {Method::kWatch, "/etcdserverpb.Watch/Watch", Kind::kBidi, Permission::kRangeRead},
    {Method::kLeaseGrant, "/etcdserverpb.Lease/LeaseGrant", Kind::kUnary, Permission::kUser},
    {Method::kLeaseRevoke, "/etcdserverpb.Lease/LeaseRevoke", Kind::kUnary,
     Permission::kLeaseWrite},
    {Method::kLeaseKeepAlive, "/etcdserverpb.Lease/LeaseKeepAlive", Kind::kBidi,
     Permission::kLeaseWrite},
    {Method::kLeaseTimeToLive, "/etcdserverpb.Lease/LeaseTimeToLive", Kind::kUnary,
     Permission::kLeaseRead},
    {Method::kLeaseLeases, "/etcdserverpb.Lease/LeaseLeases", Kind::kUnary, Permission::kLeaseRead},
    {Method::kMemberAdd, "/etcdserverpb.Cluster/MemberAdd", Kind::kUnary, Permission::kRoot},
    {Method::kMemberRemove, "/etcdserverpb.Cluster/MemberRemove", Kind::kUnary, Permission::kRoot},
    {Method::kMemberUpdate, "/etcdserverpb.Cluster/MemberUpdate", Kind::kUnary, Permission::kRoot},
    {Method::kMemberList, "/etcdserverpb.Cluster/MemberList", Kind::kUnary, Permission::kUser},
    {Method::kMemberPromote, "/etcdserverpb.Cluster/MemberPromote", Kind::kUnary,
     Permission::kRoot},
    {Method::kAlarm, "/etcdserverpb.Maintenance/Alarm", Kind::kUnary, Permission::kByRequest},
    {Method::kStatus, "/etcdserverpb.Maintenance/Status", Kind::kUnary, Permission::kUser},
    {Method::kDefragment, "/etcdserverpb.Maintenance/Defragment", Kind::kUnary, Permission::kRoot},
    {Method::kHash, "/etcdserverpb.Maintenance/Hash", Kind::kUnary, Permission::kRoot},
    {Method::kHashKv, "/etcdserverpb.Maintenance/HashKV", Kind::kUnary, Permission::kRoot},
    {Method::kSnapshot, "/etcdserverpb.Maintenance/Snapshot", Kind::kServerStream,
     Permission::kRoot},
    {Method::kMoveLeader, "/etcdserverpb.Maintenance/MoveLeader", Kind::kUnary, Permission::kRoot},
    {Method::kDowngrade, "/etcdserverpb.Maintenance/Downgrade", Kind::kUnary, Permission::kRoot},
    {Method::kAuthEnable, "/etcdserverpb.Auth/AuthEnable", Kind::kUnary, Permission::kRoot},
    {Method::kAuthDisable, "/etcdserverpb.Auth/AuthDisable", Kind::kUnary, Permission::kRoot},
    {Method::kAuthStatus, "/etcdserverpb.Auth/AuthStatus", Kind::kUnary, Permission::kOpen},
    {Method::kAuthenticate, "/etcdserverpb.Auth/Authenticate", Kind::kUnary, Permission::kOpen},
    {Method::kUserAdd, "/etcdserverpb.Auth/UserAdd", Kind::kUnary, Permission::kRoot},
    {Method::kUserGet, "/etcdserverpb.Auth/UserGet", Kind::kUnary, Permission::kSelfOrRoot},
    {Method::kUserList, "/etcdserverpb.Auth/UserList", Kind::kUnary, Permission::kRoot},
    {Method::kUserDelete, "/etcdserverpb.Auth/UserDelete", Kind::kUnary, Permission::kRoot},
    {Method::kUserChangePassword, "/etcdserverpb.Auth/UserChangePassword", Kind::kUnary,
     Permission::kRoot},
    {Method::kUserGrantRole, "/etcdserverpb.Auth/UserGrantRole", Kind::kUnary, Permission::kRoot},
    {Method::kUserRevokeRole, "/etcdserverpb.Auth/UserRevokeRole", Kind::kUnary, Permission::kRoot},
    {Method::kRoleAdd, "/etcdserverpb.Auth/RoleAdd", Kind::kUnary, Permission::kRoot},
    {Method::kRoleGet, "/etcdserverpb.Auth/RoleGet", Kind::kUnary, Permission::kSelfOrRoot},
    {Method::kRoleList, "/etcdserverpb.Auth/RoleList", Kind::kUnary, Permission::kRoot},
    {Method::kRoleDelete, "/etcdserverpb.Auth/RoleDelete", Kind::kUnary, Permission::kRoot},
    {Method::kRoleGrantPermission, "/etcdserverpb.Auth/RoleGrantPermission", Kind::kUnary,
     Permission::kRoot},
    {Method::kRoleRevokePermission, "/etcdserverpb.Auth/RoleRevokePermission", Kind::kUnary,
     Permission::kRoot},
    {Method::kLock, "/v3lockpb.Lock/Lock", Kind::kUnary, Permission::kInner},
    {Method::kUnlock, "/v3lockpb.Lock/Unlock", Kind::kUnary, Permission::kInner},
    {Method::kCampaign, "/v3electionpb.Election/Campaign", Kind::kUnary, Permission::kInner},
    {Method::kProclaim, "/v3electionpb.Election/Proclaim", Kind::kUnary, Permission::kInner},
    {Method::kLeader, "/v3electionpb.Election/Leader", Kind::kUnary, Permission::kInner},
    {Method::kObserve, "/v3electionpb.Election/Observe", Kind::kServerStream, Permission::kInner},
    {Method::kResign, "/v3electionpb.Election/Resign", Kind::kUnary, Permission::kInner},
    {Method::kHealthCheck, "/grpc.health.v1.Health/Check", Kind::kUnary, Permission::kOpen},
    {Method::kHealthWatch, "/grpc.health.v1.Health/Watch", Kind::kServerStream, Permission::kOpen},
    {Method::kHealthList, "/grpc.health.v1.Health/List", Kind::kUnary, Permission::kOpen},
}};

namespace {

constexpr bool table_is_whole() {
  for (size_t i = 0; i < kMethodCount; i++) {
    if (static_cast<size_t>(kMethods[i].method) != i || kMethods[i].path.empty()) return false;
    if (kMethods[i].permission == Permission::kUnset) return false;
  }
  return true;
}
static_assert(table_is_whole(), "each method has its row, in order, with a permission");

constexpr size_t kTailBytes = 8;
constexpr unsigned kSlotBits = 9;
constexpr size_t kSlots = size_t{1} << kSlotBits;

// The last eight bytes and the length tell all served paths apart.
constexpr size_t slot_of(std::string_view path, uint64_t seed) {
  uint64_t tail = 0;
  for (size_t i = path.size() - kTailBytes; i < path.size(); i++)
    tail = tail << 8 | static_cast<uint8_t>(path[i]);
  return static_cast<size_t>(((tail ^ path.size() << 56) * seed) >> (64 - kSlotBits));
}

struct Slots {
  uint64_t seed = 0;
  std::array<MethodId, kSlots> ids{};
};

constexpr bool fill(Slots& slots, uint64_t seed) {
  slots.seed = seed;
  slots.ids.fill(kUnknownMethod);
  for (size_t i = 0; i < kMethodCount; i++) {
    MethodId& id = slots.ids[slot_of(kMethods[i].path, seed)];
    if (id != kUnknownMethod) return false;
    id = static_cast<MethodId>(i);
  }
  return true;
}

// Tries multipliers until no two paths meet in a slot.
constexpr Slots make_slots() {
  Slots slots;
  for (uint64_t seed = 0x9e3779b97f4a7c15; !fill(slots, seed);)
    seed = seed * 0xd1342543de82ef95 + 2;
  return slots;
}
constexpr Slots kSlotTable = make_slots();

bool is_served_service(std::string_view service) {
  for (const MethodRow& r : kMethods)
    if (r.service() == service) return true;
  return false;
}

}  // namespace

MethodId find_method(std::string_view path) {
  if (path.size() < kTailBytes) return kUnknownMethod;
  const MethodId id = kSlotTable.ids[slot_of(path, kSlotTable.seed)];
  return id != kUnknownMethod && kMethods[id].path == path ? id : kUnknownMethod;
}

std::string unknown_method_text(std::string_view path) {
  std::string_view rest = path.starts_with('/') ? path.substr(1) : path;
  const size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) return "malformed method name: \"" + std::string(path) + '"';
  const std::string_view service = rest.substr(0, slash);
  if (!is_served_service(service)) return "unknown service " + std::string(service);
  return "unknown method " + std::string(rest.substr(slash + 1)) + " for service " +
         std::string(service);
}

}  // namespace keelson::rpc
