#include "rpc/services.h"

#include <array>

#include "rpc/auth.h"
#include "rpc/cluster.h"
#include "rpc/errors.h"
#include "rpc/health.h"
#include "rpc/kv.h"
#include "rpc/lease.h"
#include "rpc/loop.h"
#include "rpc/maintenance.h"
#include "rpc/methods.h"
#include "rpc/stream.h"
#include "rpc/watch.h"

namespace keelson::rpc {
namespace {

// Lock and Election are made of KV, Watch and Lease calls; they come with the next release.
void lock_not_yet(Unary& call, std::string_view) {
  call.refuse(errors::not_in_this_release("the lock and election service"));
}

UnaryFunction unary_function(Method method) {
  switch (method) {
    case Method::kRange:
      return kv_range;
    case Method::kPut:
      return kv_put;
    case Method::kDeleteRange:
      return kv_delete_range;
    case Method::kTxn:
      return kv_txn;
    case Method::kCompact:
      return kv_compact;
    case Method::kLeaseGrant:
      return lease_grant;
    case Method::kLeaseRevoke:
      return lease_revoke;
    case Method::kLeaseTimeToLive:
      return lease_time_to_live;
    case Method::kLeaseLeases:
      return lease_leases;
    case Method::kMemberAdd:
      return cluster_member_add;
    case Method::kMemberRemove:
      return cluster_member_remove;
    case Method::kMemberUpdate:
      return cluster_member_update;
    case Method::kMemberList:
      return cluster_member_list;
    case Method::kMemberPromote:
      return cluster_member_promote;
    case Method::kAlarm:
      return maintenance_alarm;
    case Method::kStatus:
      return maintenance_status;
    case Method::kDefragment:
      return maintenance_defragment;
    case Method::kHash:
      return maintenance_hash;
    case Method::kHashKv:
      return maintenance_hash_kv;
    case Method::kMoveLeader:
      return maintenance_move_leader;
    case Method::kDowngrade:
      return maintenance_downgrade;
    case Method::kAuthStatus:
      return auth_status;
    case Method::kAuthenticate:
      return auth_authenticate;
    case Method::kHealthCheck:
      return health_check;
    case Method::kHealthList:
      return health_list;
    case Method::kLock:
    case Method::kUnlock:
    case Method::kCampaign:
    case Method::kProclaim:
    case Method::kLeader:
    case Method::kResign:
      return lock_not_yet;
    default:
      return auth_not_yet;
  }
}

std::array<UnaryFunction, kMethodCount> make_unary_functions() {
  std::array<UnaryFunction, kMethodCount> out{};
  for (size_t i = 0; i < kMethodCount; i++)
    if (kMethods[i].kind == Kind::kUnary) out[i] = unary_function(kMethods[i].method);
  return out;
}

const std::array<UnaryFunction, kMethodCount> kUnaryFunctions = make_unary_functions();

std::unique_ptr<Handler> make_stream(Method method, Loop& loop, Call& call) {
  switch (method) {
    case Method::kRangeStream:
      return make_range_stream(loop, call);
    case Method::kSnapshot:
      return make_snapshot_stream(loop, call);
    case Method::kLeaseKeepAlive:
      return make_keep_alive(loop, call);
    case Method::kWatch:
      return make_watch(loop, call);
    case Method::kHealthWatch:
      return make_health_watch(call);
    default:
      call.finish(errors::not_in_this_release("the lock and election service"));
  }
  return nullptr;
}

}  // namespace

EtcdServices::EtcdServices(node::Node& node, Settings settings, const Clock& clock, Log& log,
                           Registry& registry, int loops)
    : environment_{node, settings, clock,
                   log,  registry, RpcMetrics(registry, settings.metrics_extensive)} {
  for (int i = 0; i < loops; i++) loops_.push_back(std::make_unique<Loop>(environment_, i));
}

EtcdServices::~EtcdServices() = default;

void EtcdServices::attach(int index, io::EventLoop& events) {
  loops_[static_cast<size_t>(index)]->attach(events);
}

MethodId EtcdServices::find(std::string_view path) const { return find_method(path); }

Kind EtcdServices::kind(MethodId method) const { return row(method).kind; }

std::string EtcdServices::unknown_text(std::string_view path) const {
  return unknown_method_text(path);
}

std::unique_ptr<Handler> EtcdServices::start(MethodId method, Call& call, int loop) {
  environment_.metrics.started(method);
  Loop& owner = *loops_[static_cast<size_t>(loop)];
  if (const UnaryFunction function = kUnaryFunctions[method]; function != nullptr)
    return std::make_unique<Unary>(owner, call, method, function);
  if (const Status status = owner.admit(call, row(method)); !status.ok()) {
    call.finish(status);
    return nullptr;
  }
  return make_stream(row(method).method, owner, call);
}

void EtcdServices::ended(MethodId method, Code code, TimePoint started, TimePoint now) {
  environment_.metrics.ended(method, code, now - started);
}

void EtcdServices::message_received(MethodId method, size_t bytes) {
  environment_.metrics.received(method, bytes);
}

void EtcdServices::message_sent(MethodId method, size_t bytes) {
  environment_.metrics.sent(method, bytes);
}

}  // namespace keelson::rpc
