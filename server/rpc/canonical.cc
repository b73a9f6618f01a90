#include "rpc/canonical.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <health.pb.h>
#include <rpc.pb.h>

#include "base/limits.h"

namespace keelson::rpc {
namespace {

using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedInputStream;

// A transaction takes two levels (itself and the operation it stands in), the innermost request
// one.
constexpr int kDepthMax = 2 * limits::kTxnDepthMax + 2;

template <typename Message>
std::optional<std::string> again(std::string_view in) {
  if (in.size() > INT32_MAX) return std::nullopt;
  ArrayInputStream stream(in.data(), static_cast<int>(in.size()));
  CodedInputStream coded(&stream);
  coded.SetRecursionLimit(kDepthMax);
  Message message;
  if (!message.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) return std::nullopt;
  message.DiscardUnknownFields();
  return message.SerializeAsString();
}

}  // namespace

std::optional<std::string> canonical(RequestKind kind, std::string_view in) {
  using namespace etcdserverpb;
  switch (kind) {
    case RequestKind::kEmpty:
      return again<StatusRequest>(in);
    case RequestKind::kRange:
      return again<RangeRequest>(in);
    case RequestKind::kPut:
      return again<PutRequest>(in);
    case RequestKind::kDeleteRange:
      return again<DeleteRangeRequest>(in);
    case RequestKind::kTxn:
      return again<TxnRequest>(in);
    case RequestKind::kCompaction:
      return again<CompactionRequest>(in);
    case RequestKind::kWatch:
      return again<WatchRequest>(in);
    case RequestKind::kLeaseGrant:
      return again<LeaseGrantRequest>(in);
    case RequestKind::kLeaseRevoke:
      return again<LeaseRevokeRequest>(in);
    case RequestKind::kLeaseKeepAlive:
      return again<LeaseKeepAliveRequest>(in);
    case RequestKind::kLeaseTimeToLive:
      return again<LeaseTimeToLiveRequest>(in);
    case RequestKind::kMemberAdd:
      return again<MemberAddRequest>(in);
    case RequestKind::kMemberRemove:
      return again<MemberRemoveRequest>(in);
    case RequestKind::kMemberUpdate:
      return again<MemberUpdateRequest>(in);
    case RequestKind::kMemberList:
      return again<MemberListRequest>(in);
    case RequestKind::kMemberPromote:
      return again<MemberPromoteRequest>(in);
    case RequestKind::kAlarm:
      return again<AlarmRequest>(in);
    case RequestKind::kHashKv:
      return again<HashKVRequest>(in);
    case RequestKind::kMoveLeader:
      return again<MoveLeaderRequest>(in);
    case RequestKind::kDowngrade:
      return again<DowngradeRequest>(in);
    case RequestKind::kAuthenticate:
      return again<AuthenticateRequest>(in);
    case RequestKind::kHealthCheck:
      return again<grpc::health::v1::HealthCheckRequest>(in);
  }
  return std::nullopt;
}

}  // namespace keelson::rpc
