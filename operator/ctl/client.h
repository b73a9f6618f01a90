// The cluster as commands see it: one overload of `call` for each request message. gRPC stays
// behind this header.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ctl/client_config.h"
#include "ctl/console.h"
#include "ctl/rpc_status.h"
#include "rpc.pb.h"

namespace keelson::ctl {

namespace pb = etcdserverpb;

// Requests go round the endpoints that answer; with none, a call waits until its deadline. Calls
// that change nothing are tried again when an endpoint is lost. Thread-safe.
class Client {
 public:
  // Reads the TLS files and, with user and password, gets a token. The console gets log lines and
  // must live as long as the client.
  static Result<std::unique_ptr<Client>> open(ClientConfig config, Console& console);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const std::vector<std::string>& endpoints() const;

  RpcStatus call(const pb::RangeRequest& request, pb::RangeResponse* out, Deadline deadline);
  RpcStatus call(const pb::PutRequest& request, pb::PutResponse* out, Deadline deadline);
  RpcStatus call(const pb::DeleteRangeRequest& request, pb::DeleteRangeResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::TxnRequest& request, pb::TxnResponse* out, Deadline deadline);
  RpcStatus call(const pb::CompactionRequest& request, pb::CompactionResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::LeaseGrantRequest& request, pb::LeaseGrantResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::LeaseRevokeRequest& request, pb::LeaseRevokeResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::LeaseTimeToLiveRequest& request, pb::LeaseTimeToLiveResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::LeaseLeasesRequest& request, pb::LeaseLeasesResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::MemberAddRequest& request, pb::MemberAddResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::MemberRemoveRequest& request, pb::MemberRemoveResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::MemberUpdateRequest& request, pb::MemberUpdateResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::MemberListRequest& request, pb::MemberListResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::MemberPromoteRequest& request, pb::MemberPromoteResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AlarmRequest& request, pb::AlarmResponse* out, Deadline deadline);
  RpcStatus call(const pb::StatusRequest& request, pb::StatusResponse* out, Deadline deadline);
  RpcStatus call(const pb::DefragmentRequest& request, pb::DefragmentResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::HashKVRequest& request, pb::HashKVResponse* out, Deadline deadline);
  RpcStatus call(const pb::MoveLeaderRequest& request, pb::MoveLeaderResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::DowngradeRequest& request, pb::DowngradeResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthEnableRequest& request, pb::AuthEnableResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthDisableRequest& request, pb::AuthDisableResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthStatusRequest& request, pb::AuthStatusResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthUserAddRequest& request, pb::AuthUserAddResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthUserGetRequest& request, pb::AuthUserGetResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthUserListRequest& request, pb::AuthUserListResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthUserDeleteRequest& request, pb::AuthUserDeleteResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthUserChangePasswordRequest& request,
                 pb::AuthUserChangePasswordResponse* out, Deadline deadline);
  RpcStatus call(const pb::AuthUserGrantRoleRequest& request, pb::AuthUserGrantRoleResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthUserRevokeRoleRequest& request, pb::AuthUserRevokeRoleResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthRoleAddRequest& request, pb::AuthRoleAddResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthRoleGetRequest& request, pb::AuthRoleGetResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthRoleListRequest& request, pb::AuthRoleListResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthRoleDeleteRequest& request, pb::AuthRoleDeleteResponse* out,
                 Deadline deadline);
  RpcStatus call(const pb::AuthRoleGrantPermissionRequest& request,
                 pb::AuthRoleGrantPermissionResponse* out, Deadline deadline);
  RpcStatus call(const pb::AuthRoleRevokePermissionRequest& request,
                 pb::AuthRoleRevokePermissionResponse* out, Deadline deadline);

  // The chunks of a RangeStream put together as one answer.
  RpcStatus range_stream(const pb::RangeRequest& request, pb::RangeResponse* out,
                         Deadline deadline);
  // Hands over the chunks of a snapshot in order until `take` says false or the stream ends.
  RpcStatus snapshot(const std::function<bool(const pb::SnapshotResponse&)>& take,
                     Deadline deadline);
  // One keep-alive on a stream of its own, tried again while the members cannot serve it.
  RpcStatus keep_alive_once(int64_t lease, pb::LeaseKeepAliveResponse* out, Deadline deadline);

  // What the streams of watcher.h and keep_alive.h build on.
  struct Core;
  Core& core() { return *core_; }

 private:
  explicit Client(std::unique_ptr<Core> core);
  RpcStatus snapshot_once(const std::function<bool(const pb::SnapshotResponse&)>& take,
                          Deadline deadline, bool* taken);
  std::unique_ptr<Core> core_;
};

// gRPC's own log on standard error: all of it, or nothing. Call before the first client is opened.
void set_grpc_log(bool verbose);

}  // namespace keelson::ctl
