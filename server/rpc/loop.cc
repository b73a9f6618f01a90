#include "rpc/loop.h"

#include "rpc/errors.h"
#include "rpc/text.h"

namespace keelson::rpc {

Loop::Loop(Environment& environment, int index)
    : environment_(environment),
      index_(index),
      versions_(environment.metrics),
      leader_monitor_(environment.settings.election_timeout) {}

void Loop::attach(io::EventLoop& events) {
  events_ = &events;
  leader_monitor_.attach(events);
  events.at_turn_end([this] { flush(); });
}

void Loop::look_for_learner(TimePoint now) {
  if (now < next_learner_look_) return;
  next_learner_look_ = now + kLearnerLook;
  learner_ = environment_.node.facts().learner;
}

namespace {

// A Range must also be serializable; its function looks at that.
bool served_by_learner(Method method) {
  return method == Method::kStatus || method == Method::kRange || method == Method::kSnapshot;
}

}  // namespace

Status Loop::admit(const Call& call, const MethodRow& method) {
  look_for_learner(call.now());
  if (learner_ && !served_by_learner(method.method)) return errors::learner();
  std::string_view version = call.metadata("client-api-version");
  if (version.empty()) version = "unknown";
  if (!is_utf8(version)) return errors::invalid_api_version();
  versions_.count(method.kind != Kind::kUnary, version);
  if (call.metadata("hasleader") == "true" && environment_.node.facts().leader == MemberId())
    return errors::no_leader();
  return {};
}

void Loop::flush() {
  if (pending_.empty()) return;
  std::vector<node::Request> requests;
  requests.reserve(pending_.size());
  requests.swap(pending_);
  environment_.node.submit(std::move(requests));
}

}  // namespace keelson::rpc
