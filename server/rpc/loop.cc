#include "rpc/loop.h"

#include "base/limits.h"
#include "rpc/errors.h"
#include "rpc/text.h"

namespace keelson::rpc {
namespace {

watch::HubSettings hub_settings(const Settings& settings) {
  watch::HubSettings out;
  out.progress_interval = settings.watch_progress_interval;
  out.fragment_bytes = settings.max_request_bytes + limits::kRequestOverheadBytes;
  return out;
}

}  // namespace

Loop::Loop(Environment& environment, int index)
    : environment_(environment),
      rng_(environment.settings.seed + static_cast<uint64_t>(index)),
      versions_(environment.metrics),
      leader_monitor_(environment.settings.election_timeout),
      hub_(*this, hub_settings(environment.settings), environment.clock, rng_,
           environment.registry) {}

void Loop::attach(io::EventLoop& events) {
  events_ = &events;
  leader_monitor_.attach(events);
  events.at_turn_end([this] { flush(); });
  environment_.node.add_watch_sink(this);
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

// ---- what the node tells
// ---------------------------------------------------------------------------

void Loop::on_events(std::shared_ptr<const node::EventBatch> batch) {
  hub_.push_events(std::move(batch));
}

// A loop without watchers learns it from the answer to its next create.
void Loop::on_compacted(Revision compacted) {
  if (!hub_.idle()) hub_.push_compacted(compacted);
}

void Loop::on_jump(Revision last) {
  if (!hub_.idle()) hub_.push_jump(last);
}

void Loop::on_leader(bool has_leader) {
  events_->post([this, has_leader] { leader_monitor_.on_leader(has_leader); });
}

void Loop::deliver(std::vector<node::Answer>&& answers) {
  for (node::Answer& answer : answers) {
    if (answer.tag == kStart) {
      const auto* start = static_cast<const node::WatchStart*>(answer.object.get());
      hub_.push_start(answer.call_id, std::move(answer.status),
                      start != nullptr ? *start : node::WatchStart{});
    } else {
      hub_.push_slice(answer.call_id, std::move(answer.status),
                      std::static_pointer_cast<node::HistoryAnswer>(std::move(answer.object)));
    }
  }
}

// ---- what the hub asks
// -----------------------------------------------------------------------------

template <typename What>
void Loop::ask(uint64_t token, HubTag tag, What&& what) {
  node::Request request;
  request.to = {this, token};
  request.tag = tag;
  request.started = now();
  request.what = std::forward<What>(what);
  submit(std::move(request));
}

void Loop::ask_start(uint64_t token) { ask(token, kStart, node::WatchCreate{}); }

void Loop::ask_slice(uint64_t token, mvcc::HistoryQuery&& query) {
  ask(token, kSlice, node::WatchHistory{std::move(query)});
}

void Loop::count_prev_kv_watchers(int delta) { environment_.node.count_prev_kv_watchers(delta); }

watch::Ids Loop::ids() const {
  const node::Facts facts = environment_.node.facts();
  return {facts.cluster, facts.member, facts.term};
}

void Loop::wake_at(TimePoint when) {
  if (hub_timer_ != 0) events_->cancel(hub_timer_);
  hub_timer_ = events_->call_at(when, [this] {
    hub_timer_ = 0;
    hub_.turn();
  });
}

// Posted work runs before the end of the turn, so what the hub sends leaves in the same turn.
void Loop::wake() {
  events_->post([this] { hub_.turn(); });
}

}  // namespace keelson::rpc
