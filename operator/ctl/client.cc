// Client's life and its streams that run from one call to its end.
#include "ctl/client.h"

#include <thread>

#include "ctl/client_core.h"
#include "rpc.grpc.pb.h"

namespace keelson::ctl {
namespace {

constexpr std::chrono::milliseconds kRetryPause{25};
const RpcStatus kTimedOut = {kRpcDeadlineExceeded, "context deadline exceeded", true};

}  // namespace

Client::Client(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(ClientConfig config, Console& console) {
  if (config.endpoints.empty()) {
    return Failure{kExitBadConnection, "etcdclient: no available endpoints"};
  }
  int64_t send = config.send_bytes_max;
  int64_t recv = config.recv_bytes_max;
  Result<std::vector<std::shared_ptr<grpc::Channel>>> channels = dial(config);
  if (!channels.ok()) return channels.failure();
  if (recv > 0 && send > recv) {
    return Failure{kExitBadConnection, "gRPC message recv limit (" + std::to_string(recv) +
                                           " bytes) must be greater than send limit (" +
                                           std::to_string(send) + " bytes)"};
  }
  auto core = std::make_unique<Core>(std::move(config), console);
  core->channels = std::move(*channels);
  Deadline deadline;
  if (core->config.dial_timeout.count() > 0) deadline = deadline_in(core->config.dial_timeout);
  RpcStatus token = core->authenticate(deadline);
  if (!token.ok()) return failure(token, kExitBadConnection);
  return std::unique_ptr<Client>(new Client(std::move(core)));
}

const std::vector<std::string>& Client::endpoints() const { return core_->config.endpoints; }

RpcStatus Client::range_stream(const pb::RangeRequest& request, pb::RangeResponse* out,
                               Deadline deadline) {
  std::shared_ptr<grpc::Channel> channel = core_->pick(deadline);
  if (channel == nullptr) return kTimedOut;
  grpc::ClientContext context;
  core_->prepare(&context, deadline);
  pb::KV::Stub stub(channel);
  auto reader = stub.RangeStream(&context, request);
  pb::RangeStreamResponse chunk;
  while (reader->Read(&chunk)) out->MergeFrom(chunk.range_response());
  return core_->translate(reader->Finish(), deadline);
}

RpcStatus Client::snapshot_once(const std::function<bool(const pb::SnapshotResponse&)>& take,
                                Deadline deadline, bool* taken) {
  std::shared_ptr<grpc::Channel> channel = core_->pick(deadline);
  if (channel == nullptr) return core_->explain(kTimedOut, channel);
  grpc::ClientContext context;
  core_->prepare(&context, deadline);
  pb::Maintenance::Stub stub(channel);
  auto reader = stub.Snapshot(&context, pb::SnapshotRequest());
  pb::SnapshotResponse chunk;
  while (reader->Read(&chunk)) {
    *taken = true;
    if (take(chunk)) continue;
    context.TryCancel();
    return {};
  }
  return core_->explain(core_->translate(reader->Finish(), deadline), channel);
}

RpcStatus Client::snapshot(const std::function<bool(const pb::SnapshotResponse&)>& take,
                           Deadline deadline) {
  while (true) {
    bool taken = false;
    RpcStatus status = snapshot_once(take, deadline, &taken);
    // Only a stream that gave nothing may start anew: the file would repeat itself else.
    if (taken || status.code != kRpcUnavailable) return status;
    std::this_thread::sleep_for(kRetryPause);
  }
}

RpcStatus Client::keep_alive_once(int64_t lease, pb::LeaseKeepAliveResponse* out,
                                  Deadline deadline) {
  pb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  while (true) {
    std::shared_ptr<grpc::Channel> channel = core_->pick(deadline);
    if (channel == nullptr) return kTimedOut;
    grpc::ClientContext context;
    core_->prepare(&context, deadline);
    pb::Lease::Stub stub(channel);
    auto stream = stub.LeaseKeepAlive(&context);
    bool answered = stream->Write(request) && stream->Read(out);
    stream->WritesDone();
    if (answered) context.TryCancel();
    RpcStatus status = core_->translate(stream->Finish(), deadline);
    if (answered) return {};
    // An answerless end, a lost connection and a leader that is away may all pass.
    bool over =
        status.code != kRpcOk && status.code != kRpcUnavailable && status.code != kRpcInternal;
    if (over) return status;
    std::this_thread::sleep_for(kRetryPause);
  }
}

}  // namespace keelson::ctl
