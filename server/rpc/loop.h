// What the services keep for each client loop: requests gathered in a turn, the loop's watchers,
// and the streams that must end when the cluster loses its leader. Everything here runs on the
// loop's thread except what says otherwise.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "io/event_loop.h"
#include "node/request.h"
#include "rpc/call.h"
#include "rpc/environment.h"
#include "rpc/leader_monitor.h"
#include "rpc/methods.h"
#include "rpc/strict.h"
#include "watch/hub.h"

namespace keelson::rpc {

class Loop final : public node::WatchSink, public node::AnswerSink, private watch::Source {
 public:
  Loop(Environment& environment, int index);

  // Ties this to the event loop that will run it; before the loop runs.
  void attach(io::EventLoop& events);

  // The checks every call passes first: learner, client-api-version, hasleader; counts the request.
  Status admit(const Call& call, const MethodRow& method);
  // This member may only serve what learners serve. As fresh as kLearnerLook.
  bool learner() const { return learner_; }

  // Queues a request in the name of a call; it leaves at the end of the turn with all others.
  template <typename What>
  void submit(Call& call, What&& what, uint32_t tag = 0) {
    node::Request& request = pending_.emplace_back();
    request.to = call.reply_to();
    request.tag = tag;
    request.started = call.now();
    if (const auto deadline = call.deadline()) request.deadline = *deadline;
    request.what = std::forward<What>(what);
    if (pending_.size() >= kSubmitAtOnce) flush();
  }
  // The same for an address without a call (any more).
  void submit(node::Request&& request) { pending_.push_back(std::move(request)); }
  // Hands the queued requests to the node.
  void flush();

  Environment& environment() { return environment_; }
  watch::LoopHub& hub() { return hub_; }
  LeaderMonitor& leader_monitor() { return leader_monitor_; }
  // Scratch space for decoding transactions.
  TxnTree& txn_tree() { return txn_tree_; }

  // From the node's thread.
  bool idle() const override { return hub_.idle(); }
  void on_events(std::shared_ptr<const node::EventBatch> batch) override;
  void on_compacted(Revision compacted) override;
  void on_jump(Revision last) override;
  void on_leader(bool has_leader) override;
  // Answers to what the hub asked.
  void deliver(std::vector<node::Answer>&& answers) override;

 private:
  enum HubTag : uint32_t { kStart, kSlice };

  void ask_start(uint64_t token) override;
  void ask_slice(uint64_t token, mvcc::HistoryQuery&& query) override;
  void count_prev_kv_watchers(int delta) override;
  watch::Ids ids() const override;
  TimePoint now() const override { return events_->now(); }
  void wake_at(TimePoint when) override;
  void wake() override;
  template <typename What>
  void ask(uint64_t token, HubTag tag, What&& what);

  // A loop with much to read starts the node before it has read all of it.
  static constexpr size_t kSubmitAtOnce = 64;
  // Promotion is rare; asking the node for each call would cost more than the answer is worth.
  static constexpr Duration kLearnerLook = std::chrono::milliseconds(100);

  void look_for_learner(TimePoint now);

  Environment& environment_;
  io::EventLoop* events_ = nullptr;
  io::TimerId hub_timer_ = 0;
  SeededRng rng_;
  ClientVersions versions_;
  LeaderMonitor leader_monitor_;
  TxnTree txn_tree_;
  std::vector<node::Request> pending_;
  watch::LoopHub hub_;
  bool learner_ = false;
  TimePoint next_learner_look_{};
};

}  // namespace keelson::rpc
