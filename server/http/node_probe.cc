#include "http/node_probe.h"

#include <chrono>
#include <utility>

namespace keelson::http {
namespace {

// What etcd gives a request: after it the node answers with a timeout by itself.
constexpr std::chrono::seconds kPatience{7};
// Probes that a stuck node has not answered; above, they fail at once instead of piling up.
constexpr size_t kWaitingMax = 256;

}  // namespace

NodeProbe::NodeProbe(node::Node& node, const Clock& clock) : node_(node), clock_(clock) {}

void NodeProbe::serializable_read(Done done) {
  node::Request request;
  node::RangeQuery query;
  query.limit = 1;
  query.keys_only = true;
  query.serializable = true;
  request.what = std::move(query);
  ask(std::move(request), std::move(done));
}

void NodeProbe::linearizable_read(Done done) {
  node::Request request;
  request.what = node::ReadBarrier{};
  ask(std::move(request), std::move(done));
}

void NodeProbe::ask(node::Request&& request, Done done) {
  request.started = clock_.now();
  request.deadline = request.started + kPatience;
  request.to.sink = this;
  bool full = false;
  {
    MutexLock hold(mutex_);
    full = waiting_.size() >= kWaitingMax;
    request.to.call_id = ++last_id_;
    if (!full) waiting_.emplace(last_id_, std::move(done));
  }
  if (full) return done(Status(Code::kDeadlineExceeded, "context deadline exceeded"));
  std::vector<node::Request> batch;
  batch.push_back(std::move(request));
  node_.submit(std::move(batch));
}

void NodeProbe::deliver(std::vector<node::Answer>&& answers) {
  for (const node::Answer& answer : answers) {
    Done done;
    {
      MutexLock hold(mutex_);
      const auto it = waiting_.find(answer.call_id);
      if (it == waiting_.end() || !answer.last) continue;
      done = std::move(it->second);
      waiting_.erase(it);
    }
    done(answer.status);
  }
}

}  // namespace keelson::http
