// /health, /livez and /readyz: what they ask of the node, and what they answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "http/message.h"
#include "node/request.h"

namespace keelson::http {

// The node as probes see it.
class HealthProbe {
 public:
  using Done = std::function<void(const Status&)>;
  virtual ~HealthProbe() = default;
  // `done` is called once, from any thread, perhaps before the call returns.
  virtual void serializable_read(Done done) = 0;
  virtual void linearizable_read(Done done) = 0;
  virtual node::Facts facts() const = 0;
};

// Thread-safe. `probe`, `registry` and `log` outlive it and every answer.
class Health {
 public:
  using Answer = std::function<void(Response&&)>;
  Health(HealthProbe& probe, Registry& registry, Log& log);

  // `answer` is called once, from any thread, perhaps before the call returns.
  void health(const Query& query, Answer answer);
  // type: "livez" or "readyz"; only: one check, or empty for all of them.
  void checks(const std::string& type, const std::string& only, const Query& query, Answer answer);
  // Names of the checks of a type, in the order in which they run.
  static const std::vector<std::string>& names(const std::string& type);

 private:
  struct Run;
  void refuse(const std::string& reason, const Answer& answer);
  void next(const std::shared_ptr<Run>& run);
  void finish(const std::shared_ptr<Run>& run);
  void check(const std::string& name, HealthProbe::Done done);
  void count(const std::string& type, const std::string& name, bool good);

  HealthProbe& probe_;
  Registry& registry_;
  Log& log_;
  Counter& successes_;
  Counter& failures_;
};

}  // namespace keelson::http
