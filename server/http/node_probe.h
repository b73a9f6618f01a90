// Probes through the node's own queue, so that a node that does not answer is a node that is not
// well.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/health.h"

namespace keelson::http {

// Thread-safe. Callbacks run on the thread that delivers answers (the node's): they must be short.
class NodeProbe final : public HealthProbe, public node::AnswerSink {
 public:
  // Both outlive it; it outlives the node's last delivery.
  NodeProbe(node::Node& node, const Clock& clock);

  void serializable_read(Done done) override;
  void linearizable_read(Done done) override;
  node::Facts facts() const override { return node_.facts(); }
  void deliver(std::vector<node::Answer>&& answers) override;

 private:
  void ask(node::Request&& request, Done done);

  node::Node& node_;
  const Clock& clock_;
  Mutex mutex_;
  uint64_t last_id_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint64_t, Done> waiting_ GUARDED_BY(mutex_);
};

}  // namespace keelson::http
