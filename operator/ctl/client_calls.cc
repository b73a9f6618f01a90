// Client's calls, one overload a method. All the typed stubs are instantiated here and nowhere
// else.
#include "ctl/client_core.h"
#include "rpc.grpc.pb.h"

namespace keelson::ctl {
namespace {

template <class Stub, class Request, class Response>
RpcStatus unary(Client::Core& core, const char* method, Retry retry,
                grpc::Status (Stub::*function)(grpc::ClientContext*, const Request&, Response*),
                const Request& request, Response* out, Deadline deadline) {
  Attempt attempt = [&](const std::shared_ptr<grpc::Channel>& channel,
                        grpc::ClientContext* context) {
    Stub stub(channel);
    return (stub.*function)(context, request, out);
  };
  return core.run({method, retry, request.ByteSizeLong()}, attempt, deadline);
}

}  // namespace

RpcStatus Client::call(const pb::RangeRequest& request, pb::RangeResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.KV/Range", Retry::kSafe, &pb::KV::Stub::Range, request, out,
               deadline);
}

RpcStatus Client::call(const pb::PutRequest& request, pb::PutResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.KV/Put", Retry::kNever, &pb::KV::Stub::Put, request, out,
               deadline);
}

RpcStatus Client::call(const pb::DeleteRangeRequest& request, pb::DeleteRangeResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.KV/DeleteRange", Retry::kNever, &pb::KV::Stub::DeleteRange,
               request, out, deadline);
}

RpcStatus Client::call(const pb::TxnRequest& request, pb::TxnResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.KV/Txn", Retry::kNever, &pb::KV::Stub::Txn, request, out,
               deadline);
}

RpcStatus Client::call(const pb::CompactionRequest& request, pb::CompactionResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.KV/Compact", Retry::kNever, &pb::KV::Stub::Compact, request,
               out, deadline);
}

RpcStatus Client::call(const pb::LeaseGrantRequest& request, pb::LeaseGrantResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Lease/LeaseGrant", Retry::kSafe, &pb::Lease::Stub::LeaseGrant,
               request, out, deadline);
}

RpcStatus Client::call(const pb::LeaseRevokeRequest& request, pb::LeaseRevokeResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Lease/LeaseRevoke", Retry::kSafe,
               &pb::Lease::Stub::LeaseRevoke, request, out, deadline);
}

RpcStatus Client::call(const pb::LeaseTimeToLiveRequest& request, pb::LeaseTimeToLiveResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Lease/LeaseTimeToLive", Retry::kSafe,
               &pb::Lease::Stub::LeaseTimeToLive, request, out, deadline);
}

RpcStatus Client::call(const pb::LeaseLeasesRequest& request, pb::LeaseLeasesResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Lease/LeaseLeases", Retry::kSafe,
               &pb::Lease::Stub::LeaseLeases, request, out, deadline);
}

RpcStatus Client::call(const pb::MemberAddRequest& request, pb::MemberAddResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Cluster/MemberAdd", Retry::kNever,
               &pb::Cluster::Stub::MemberAdd, request, out, deadline);
}

RpcStatus Client::call(const pb::MemberRemoveRequest& request, pb::MemberRemoveResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Cluster/MemberRemove", Retry::kNever,
               &pb::Cluster::Stub::MemberRemove, request, out, deadline);
}

RpcStatus Client::call(const pb::MemberUpdateRequest& request, pb::MemberUpdateResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Cluster/MemberUpdate", Retry::kNever,
               &pb::Cluster::Stub::MemberUpdate, request, out, deadline);
}

RpcStatus Client::call(const pb::MemberListRequest& request, pb::MemberListResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Cluster/MemberList", Retry::kSafe,
               &pb::Cluster::Stub::MemberList, request, out, deadline);
}

RpcStatus Client::call(const pb::MemberPromoteRequest& request, pb::MemberPromoteResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Cluster/MemberPromote", Retry::kNever,
               &pb::Cluster::Stub::MemberPromote, request, out, deadline);
}

RpcStatus Client::call(const pb::AlarmRequest& request, pb::AlarmResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Maintenance/Alarm", Retry::kSafe,
               &pb::Maintenance::Stub::Alarm, request, out, deadline);
}

RpcStatus Client::call(const pb::StatusRequest& request, pb::StatusResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Maintenance/Status", Retry::kSafe,
               &pb::Maintenance::Stub::Status, request, out, deadline);
}

RpcStatus Client::call(const pb::DefragmentRequest& request, pb::DefragmentResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Maintenance/Defragment", Retry::kNever,
               &pb::Maintenance::Stub::Defragment, request, out, deadline);
}

RpcStatus Client::call(const pb::HashKVRequest& request, pb::HashKVResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Maintenance/HashKV", Retry::kSafe,
               &pb::Maintenance::Stub::HashKV, request, out, deadline);
}

RpcStatus Client::call(const pb::MoveLeaderRequest& request, pb::MoveLeaderResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Maintenance/MoveLeader", Retry::kSafe,
               &pb::Maintenance::Stub::MoveLeader, request, out, deadline);
}

RpcStatus Client::call(const pb::DowngradeRequest& request, pb::DowngradeResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Maintenance/Downgrade", Retry::kNever,
               &pb::Maintenance::Stub::Downgrade, request, out, deadline);
}

RpcStatus Client::call(const pb::AuthEnableRequest& request, pb::AuthEnableResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/AuthEnable", Retry::kNever, &pb::Auth::Stub::AuthEnable,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthDisableRequest& request, pb::AuthDisableResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/AuthDisable", Retry::kNever,
               &pb::Auth::Stub::AuthDisable, request, out, deadline);
}

RpcStatus Client::call(const pb::AuthStatusRequest& request, pb::AuthStatusResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/AuthStatus", Retry::kNever, &pb::Auth::Stub::AuthStatus,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthUserAddRequest& request, pb::AuthUserAddResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/UserAdd", Retry::kNever, &pb::Auth::Stub::UserAdd,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthUserGetRequest& request, pb::AuthUserGetResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/UserGet", Retry::kSafe, &pb::Auth::Stub::UserGet,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthUserListRequest& request, pb::AuthUserListResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/UserList", Retry::kSafe, &pb::Auth::Stub::UserList,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthUserDeleteRequest& request, pb::AuthUserDeleteResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/UserDelete", Retry::kNever, &pb::Auth::Stub::UserDelete,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthUserChangePasswordRequest& request,
                       pb::AuthUserChangePasswordResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/UserChangePassword", Retry::kNever,
               &pb::Auth::Stub::UserChangePassword, request, out, deadline);
}

RpcStatus Client::call(const pb::AuthUserGrantRoleRequest& request,
                       pb::AuthUserGrantRoleResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/UserGrantRole", Retry::kNever,
               &pb::Auth::Stub::UserGrantRole, request, out, deadline);
}

RpcStatus Client::call(const pb::AuthUserRevokeRoleRequest& request,
                       pb::AuthUserRevokeRoleResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/UserRevokeRole", Retry::kNever,
               &pb::Auth::Stub::UserRevokeRole, request, out, deadline);
}

RpcStatus Client::call(const pb::AuthRoleAddRequest& request, pb::AuthRoleAddResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/RoleAdd", Retry::kNever, &pb::Auth::Stub::RoleAdd,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthRoleGetRequest& request, pb::AuthRoleGetResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/RoleGet", Retry::kSafe, &pb::Auth::Stub::RoleGet,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthRoleListRequest& request, pb::AuthRoleListResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/RoleList", Retry::kSafe, &pb::Auth::Stub::RoleList,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthRoleDeleteRequest& request, pb::AuthRoleDeleteResponse* out,
                       Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/RoleDelete", Retry::kNever, &pb::Auth::Stub::RoleDelete,
               request, out, deadline);
}

RpcStatus Client::call(const pb::AuthRoleGrantPermissionRequest& request,
                       pb::AuthRoleGrantPermissionResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/RoleGrantPermission", Retry::kNever,
               &pb::Auth::Stub::RoleGrantPermission, request, out, deadline);
}

RpcStatus Client::call(const pb::AuthRoleRevokePermissionRequest& request,
                       pb::AuthRoleRevokePermissionResponse* out, Deadline deadline) {
  return unary(*core_, "/etcdserverpb.Auth/RoleRevokePermission", Retry::kNever,
               &pb::Auth::Stub::RoleRevokePermission, request, out, deadline);
}

}  // namespace keelson::ctl
