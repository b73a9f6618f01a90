// The pages that need no gRPC: /health, /livez, /readyz, /metrics, /version, /debug/vars. Functions
// from a request to an answer; the client port and the metrics listener both call them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "http/health.h"
#include "http/message.h"

namespace keelson::http {

// Thread-safe; everything referred to outlives it and every answer.
class Handlers {
 public:
  using Answer = Health::Answer;

  Handlers(HealthProbe& probe, Registry& registry, Log& log, std::vector<std::string> command_line);

  // For the client port. False: not a page of ours (the gateway's, or nobody's: not_found()), and
  // `answer` will not be called. Else `answer` is called once, from any thread.
  bool serve_client(const Request& request, Answer answer);
  // For --listen-metrics-urls: fewer pages, and always an answer.
  void serve_metrics(const Request& request, Answer answer);

 private:
  bool serve_common(const Request& request, const Answer& answer);
  bool serve_checks(const Request& request, const Answer& answer);
  Response metrics(const Request& request);
  Response version() const;
  Response debug_vars() const;
  void refresh_cluster_version();

  HealthProbe& probe_;
  Registry& registry_;
  Health health_;
  const std::vector<std::string> command_line_;
  Gauge& in_flight_;
  Counter& served_;
  Mutex mutex_;
  std::string cluster_version_ GUARDED_BY(mutex_);  // that the gauge shows now
};

}  // namespace keelson::http
