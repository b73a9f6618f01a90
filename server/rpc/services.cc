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

struct UnaryRow {
  Method method;
  UnaryFunction function;
};
constexpr UnaryRow kUnaryRows[] = {
    {Method::kRange, kv_range},
    {Method::kPut, kv_put},
    {Method::kDeleteRange, kv_delete_range},
    {Method::kTxn, kv_txn},
    {Method::kCompact, kv_compact},
    {Method::kLeaseGrant, lease_grant},
    {Method::kLeaseRevoke, lease_revoke},
    {Method::kLeaseTimeToLive, lease_time_to_live},
    {Method::kLeaseLeases, lease_leases},
    {Method::kMemberAdd, cluster_member_add},
    {Method::kMemberRemove, cluster_member_remove},
    {Method::kMemberUpdate, cluster_member_update},
    {Method::kMemberList, cluster_member_list},
    {Method::kMemberPromote, cluster_member_promote},
    {Method::kAlarm, maintenance_alarm},
    {Method::kStatus, maintenance_status},
    {Method::kDefragment, maintenance_defragment},
    {Method::kHash, maintenance_hash},
    {Method::kHashKv, maintenance_hash_kv},
    {Method::kMoveLeader, maintenance_move_leader},
    {Method::kDowngrade, maintenance_downgrade},
    {Method::kAuthStatus, auth_status},
    {Method::kAuthenticate, auth_authenticate},
    {Method::kHealthCheck, health_check},
    {Method::kHealthList, health_list},
};

UnaryFunction not_yet(const MethodRow& method) {
  return method.service() == "etcdserverpb.Auth" ? auth_not_yet : lock_not_yet;
}

std::array<UnaryFunction, kMethodCount> make_unary_functions() {
  std::array<UnaryFunction, kMethodCount> out{};
  for (const MethodRow& method : kMethods)
    if (method.kind == Kind::kUnary) out[static_cast<size_t>(method.method)] = not_yet(method);
  for (const UnaryRow& unary : kUnaryRows) out[static_cast<size_t>(unary.method)] = unary.function;
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
