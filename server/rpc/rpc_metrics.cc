#include "rpc/rpc_metrics.h"

#include <algorithm>

namespace keelson::rpc {
namespace {

std::string_view kind_label(Kind kind) {
  switch (kind) {
    case Kind::kUnary:
      return "unary";
    case Kind::kClientStream:
      return "client_stream";
    case Kind::kServerStream:
      return "server_stream";
    case Kind::kBidi:
      return "bidi_stream";
  }
  return "";
}

Labels labels_of(const MethodRow& method) {
  return {{"grpc_method", std::string(method.name())},
          {"grpc_service", std::string(method.service())},
          {"grpc_type", std::string(kind_label(method.kind))}};
}

std::vector<double> handling_bounds() {
  return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

}  // namespace

RpcMetrics::RpcMetrics(Registry& registry, bool extensive)
    : registry_(registry),
      received_bytes_(registry.counter("etcd_network_client_grpc_received_bytes_total",
                                       "The total number of bytes received from grpc clients.")),
      sent_bytes_(registry.counter("etcd_network_client_grpc_sent_bytes_total",
                                   "The total number of bytes sent to grpc clients.")) {
  for (size_t i = 0; i < kMethodCount; i++) methods_[i] = make(kMethods[i], extensive);
}

RpcMetrics::PerMethod RpcMetrics::make(const MethodRow& method, bool extensive) {
  PerMethod out;
  const Labels labels = labels_of(method);
  out.started = &registry_.counter("grpc_server_started_total",
                                   "Total number of RPCs started on the server.", labels);
  out.received = &registry_.counter("grpc_server_msg_received_total",
                                    "Total number of RPC messages received on the server.", labels);
  out.sent = &registry_.counter("grpc_server_msg_sent_total",
                                "Total number of RPC messages sent by the server.", labels);
  for (size_t code = 0; code < out.handled.size(); code++) {
    Labels with_code = labels;
    with_code.emplace_back("grpc_code", code_name(static_cast<Code>(code)));
    out.handled[code] = &registry_.counter(
        "grpc_server_handled_total",
        "Total number of RPCs completed on the server, regardless of success or failure.",
        std::move(with_code));
  }
  if (extensive)
    out.seconds = &registry_.histogram("grpc_server_handling_seconds",
                                       "Time from the start of an RPC to its end at the server.",
                                       handling_bounds(), labels);
  return out;
}

void RpcMetrics::ended(MethodId id, Code code, Duration took) {
  PerMethod& method = methods_[id];
  method.handled[static_cast<size_t>(code)]->add();
  if (method.seconds != nullptr) method.seconds->observe_seconds(took.count());
}

void RpcMetrics::received(MethodId id, size_t bytes) {
  methods_[id].received->add();
  received_bytes_.add(bytes);
}

void RpcMetrics::sent(MethodId id, size_t bytes) {
  methods_[id].sent->add();
  sent_bytes_.add(bytes);
}

Counter& RpcMetrics::client_requests(bool stream, std::string_view version) {
  std::string label(version);
  {
    MutexLock lock(mutex_);
    if (std::find(versions_.begin(), versions_.end(), version) == versions_.end()) {
      if (versions_.size() < kVersionsMax)
        versions_.push_back(label);
      else
        label = "other";
    }
  }
  return registry_.counter("etcd_server_client_requests_total",
                           "The total number of client requests per client version.",
                           {{"type", stream ? "stream" : "unary"}, {"client_api_version", label}});
}

void RpcMetrics::receive_failed(std::string_view api) {
  registry_
      .counter("etcd_network_server_stream_failures_total",
               "The total number of stream failures from the local server.",
               {{"API", std::string(api)}, {"Type", "receive"}})
      .add();
}

void ClientVersions::count(bool stream, std::string_view version) {
  std::vector<Known>& known = known_[stream ? 1 : 0];
  for (const Known& k : known) {
    if (k.version == version) {
      k.counter->add();
      return;
    }
  }
  Counter& counter = metrics_.client_requests(stream, version);
  counter.add();
  if (known.size() < RpcMetrics::kVersionsMax) known.push_back({std::string(version), &counter});
}

}  // namespace keelson::rpc
