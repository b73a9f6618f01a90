// The gRPC side of Client. Only client*.cc, watcher.cc and keep_alive.cc include this.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ctl/client.h"

namespace keelson::ctl {

// Whether a call may be sent again when its first try may have reached a server.
enum class Retry { kNever, kSafe };

struct CallKind {
  const char* method;  // full path, for the log
  Retry retry;
  size_t request_bytes;
};

using Attempt = std::function<grpc::Status(const std::shared_ptr<grpc::Channel>& channel,
                                           grpc::ClientContext* context)>;

struct Client::Core {
  ClientConfig config;
  Console& console;
  std::vector<std::shared_ptr<grpc::Channel>> channels;  // one an endpoint

  Core(ClientConfig settings, Console& log) : config(std::move(settings)), console(log) {}

  // Runs one unary call with etcd's rules for retries.
  RpcStatus run(const CallKind& kind, const Attempt& attempt, Deadline deadline);
  // A channel with a live connection, round robin; null once the deadline has passed. With a
  // single endpoint that channel in any state: gRPC itself waits for the connection then.
  std::shared_ptr<grpc::Channel> pick(Deadline deadline);
  // Metadata, deadline and waiting rule of a call.
  void prepare(grpc::ClientContext* context, Deadline deadline);
  // Gets a token for user and password; does nothing without them or where auth is off.
  RpcStatus authenticate(Deadline deadline);
  // Turns gRPC's status into ours, with the texts that etcd's client shows.
  RpcStatus translate(const grpc::Status& status, Deadline deadline) const;
  // The same status or, where the time was up before there was a connection, why there was none.
  // `channel` may be null.
  RpcStatus explain(const RpcStatus& status, const std::shared_ptr<grpc::Channel>& channel);
  // Tells of a failed try, in the log.
  void log_failure(const CallKind& kind, int attempt, const std::string& peer,
                   const RpcStatus& status);

 private:
  bool wants_new_token(const RpcStatus& status) const;
  bool may_retry(const RpcStatus& status, Retry retry) const;
  bool wait_before(int attempt, Deadline deadline) const;
  std::string connect_error();
  void await_connections();

  std::atomic<size_t> next_{0};
  std::mutex token_mutex_;
  std::string token_;  // guarded by token_mutex_
};

// The channels to all endpoints of the configuration; fails on unusable TLS files.
Result<std::vector<std::shared_ptr<grpc::Channel>>> dial(const ClientConfig& config);

}  // namespace keelson::ctl
