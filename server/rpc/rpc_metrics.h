// What the services count: etcd's own names and go-grpc-prometheus's (reference metrics.md).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "rpc/methods.h"

namespace keelson::rpc {

// Thread-safe; every count is one relaxed addition.
class RpcMetrics {
 public:
  RpcMetrics(Registry& registry, bool extensive);

  void started(MethodId id) { methods_[id].started->add(); }
  void ended(MethodId id, Code code, Duration took);
  void received(MethodId id, size_t bytes);
  void sent(MethodId id, size_t bytes);

  // etcd_server_client_requests_total for this version; versions beyond the first kVersionsMax
  // share the label "other", because the value comes from the client. Takes a lock: callers keep
  // the result.
  Counter& client_requests(bool stream, std::string_view version);
  // A message on a stream could not be read. `api` is "watch" or "lease-keepalive".
  void receive_failed(std::string_view api);

  static constexpr size_t kVersionsMax = 32;

 private:
  struct PerMethod {
    Counter* started = nullptr;
    Counter* received = nullptr;
    Counter* sent = nullptr;
    std::array<Counter*, kCodeCount> handled{};
    Histogram* seconds = nullptr;  // only with extensive metrics
  };
  PerMethod make(const MethodRow& method, bool extensive);

  Registry& registry_;
  std::array<PerMethod, kMethodCount> methods_;
  Counter& received_bytes_;
  Counter& sent_bytes_;
  Mutex mutex_;
  std::vector<std::string> versions_ GUARDED_BY(mutex_);
};

// One loop's memory of the counters it used.
class ClientVersions {
 public:
  explicit ClientVersions(RpcMetrics& metrics) : metrics_(metrics) {}
  void count(bool stream, std::string_view version);

 private:
  struct Known {
    std::string version;
    Counter* counter;
  };
  RpcMetrics& metrics_;
  std::array<std::vector<Known>, 2> known_;  // unary, stream
};

}  // namespace keelson::rpc
