#include "ctl/client_core.h"

#include <algorithm>
#include <random>
#include <thread>

#include "ctl/go_error.h"
#include "ctl/json_text.h"
#include "ctl/log.h"
#include "rpc.grpc.pb.h"

namespace keelson::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// etcd's client gives a call up after this many tries.
constexpr int kAttemptsMax = 100;
constexpr std::chrono::microseconds kBackoff{25000};
constexpr std::chrono::milliseconds kPickPoll{20};
constexpr std::chrono::milliseconds kClockSlack{10};
constexpr int64_t kSendBytesMax = 2 * 1024 * 1024;
constexpr const char* kApiVersion = "3.7";

bool is_past(Deadline deadline) { return deadline && Clock::now() >= *deadline; }

std::chrono::system_clock::time_point wall_time(Clock::time_point time) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(time - Clock::now());
}

RpcStatus timed_out(const std::string& cause) {
  std::string message =
      cause.empty() ? "context deadline exceeded" : "latest balancer error: " + cause;
  return {kRpcDeadlineExceeded, message, true, !cause.empty()};
}

}  // namespace

std::shared_ptr<grpc::Channel> Client::Core::pick(Deadline deadline) {
  if (channels.size() == 1) return channels.front();
  while (true) {
    size_t start = next_++;
    for (size_t i = 0; i < channels.size(); i++) {
      const auto& channel = channels[(start + i) % channels.size()];
      if (channel->GetState(true) != GRPC_CHANNEL_READY) continue;
      next_ = start + i + 1;
      return channel;
    }
    if (is_past(deadline)) return nullptr;
    await_connections();
  }
}

// Connections come about only while somebody waits for them on a completion queue.
void Client::Core::await_connections() {
  grpc::CompletionQueue queue;
  for (const auto& channel : channels) {
    channel->NotifyOnStateChange(channel->GetState(true), wall_time(Clock::now() + kPickPoll),
                                 &queue, nullptr);
  }
  void* tag = nullptr;
  bool changed = false;
  for (size_t i = 0; i < channels.size(); i++) queue.Next(&tag, &changed);
  queue.Shutdown();
  while (queue.Next(&tag, &changed)) {
  }
}

void Client::Core::prepare(grpc::ClientContext* context, Deadline deadline) {
  context->set_wait_for_ready(true);
  if (deadline) context->set_deadline(wall_time(*deadline));
  context->AddMetadata("client-api-version", kApiVersion);
  std::string token = config.token;
  if (token.empty()) {
    std::lock_guard<std::mutex> lock(token_mutex_);
    token = token_;
  }
  if (!token.empty()) context->AddMetadata("token", token);
}

RpcStatus Client::Core::translate(const grpc::Status& status, Deadline deadline) const {
  RpcStatus out = {static_cast<int>(status.error_code()), status.error_message(), false};
  bool ended = out.code == kRpcDeadlineExceeded || out.code == kRpcCancelled;
  // gRPC counts on another clock, which may be a little ahead.
  out.own_deadline = ended && deadline && Clock::now() + kClockSlack >= *deadline;
  out.message = go_call_error(out.message);
  return out;
}

// Why no endpoint could be reached, asked with a call that does not wait and changes nothing.
std::string Client::Core::connect_error() {
  for (const auto& channel : channels) {
    if (channel->GetState(false) == GRPC_CHANNEL_READY) continue;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
    pb::StatusResponse response;
    grpc::Status status =
        pb::Maintenance::Stub(channel).Status(&context, pb::StatusRequest(), &response);
    if (status.error_code() == grpc::UNAVAILABLE) return go_dial_error(status.error_message());
  }
  return "";
}

void Client::Core::log_failure(const CallKind& kind, int attempt, const std::string& peer,
                               const RpcStatus& status) {
  write_log(console,
            {"warn", config.logger, "ctl/client_core.cc", "retrying of unary invoker failed"},
            {{"target", json_string("etcd-endpoints:///" + config.endpoints.front())},
             {"peer", json_string(peer)},
             {"method", json_string(kind.method)},
             {"attempt", std::to_string(attempt)},
             {"error", json_string(status.long_text())}});
}

bool Client::Core::wants_new_token(const RpcStatus& status) const {
  if (!config.token.empty() || config.user.empty() || config.password.empty()) return false;
  return status.message == "etcdserver: user name is empty" ||
         status.message == "etcdserver: invalid auth token" ||
         status.message == "etcdserver: revision of auth store is old";
}

bool Client::Core::may_retry(const RpcStatus& status, Retry retry) const {
  if (status.message == "etcdserver: rpc not supported for learner") return channels.size() > 1;
  return retry == Retry::kSafe && status.code == kRpcUnavailable;
}

// After each round over a majority of the endpoints there is a pause.
bool Client::Core::wait_before(int attempt, Deadline deadline) const {
  size_t quorum = channels.size() / 2 + 1;
  if (attempt == 0 || static_cast<size_t>(attempt) % quorum != 0) return true;
  static thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int64_t> jitter(-kBackoff.count() / 10, kBackoff.count() / 10);
  auto pause = kBackoff + std::chrono::microseconds(jitter(random));
  if (deadline && Clock::now() + pause >= *deadline) return false;
  std::this_thread::sleep_for(pause);
  return true;
}

RpcStatus Client::Core::explain(const RpcStatus& status,
                                const std::shared_ptr<grpc::Channel>& channel) {
  bool connected = channel != nullptr && channel->GetState(false) == GRPC_CHANNEL_READY;
  return status.own_deadline && !connected ? timed_out(connect_error()) : status;
}

RpcStatus Client::Core::run(const CallKind& kind, const Attempt& attempt, Deadline deadline) {
  RpcStatus last;
  int64_t send_max = config.send_bytes_max > 0 ? config.send_bytes_max : kSendBytesMax;
  for (int n = 0; n < kAttemptsMax; n++) {
    if (!wait_before(n, deadline)) return timed_out("");
    grpc::ClientContext context;
    if (static_cast<int64_t>(kind.request_bytes) > send_max) {
      last = {kRpcResourceExhausted, "trying to send message larger than max (" +
                                         std::to_string(kind.request_bytes) + " vs. " +
                                         std::to_string(send_max) + ")"};
    } else if (std::shared_ptr<grpc::Channel> channel = pick(deadline)) {
      prepare(&context, deadline);
      last = translate(attempt(channel, &context), deadline);
      last = explain(last, channel);
    } else {
      last = timed_out(connect_error());
    }
    if (last.ok()) return last;
    log_failure(kind, n, context.peer(), last);
    if (last.own_deadline) return last;
    if (wants_new_token(last)) {
      RpcStatus renewed = authenticate(deadline);
      if (!renewed.ok()) return renewed;
    } else if (!may_retry(last, kind.retry)) {
      return last;
    }
  }
  return last;
}

RpcStatus Client::Core::authenticate(Deadline deadline) {
  if (!config.token.empty() || config.user.empty() || config.password.empty()) return {};
  pb::AuthenticateRequest request;
  request.set_name(config.user);
  request.set_password(config.password);
  pb::AuthenticateResponse response;
  {
    std::lock_guard<std::mutex> lock(token_mutex_);
    token_.clear();
  }
  Attempt attempt = [&](const std::shared_ptr<grpc::Channel>& channel,
                        grpc::ClientContext* context) {
    return pb::Auth::Stub(channel).Authenticate(context, request, &response);
  };
  RpcStatus status = run({"/etcdserverpb.Auth/Authenticate", Retry::kNever, request.ByteSizeLong()},
                         attempt, deadline);
  if (status.message == "etcdserver: authentication is not enabled") return {};
  if (!status.ok()) return status;
  std::lock_guard<std::mutex> lock(token_mutex_);
  token_ = response.token();
  return status;
}

}  // namespace keelson::ctl
