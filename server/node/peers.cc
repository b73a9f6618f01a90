// Messages from and to the other members.
#include <algorithm>

#include "base/bytes.h"
#include "node/core.h"
#include "node/node_metrics.h"

namespace keelson::node {
namespace {

// A read that was forwarded and not answered is asked again, as etcd does it.
constexpr Duration kReadAgain = std::chrono::milliseconds(500);
// Within this time after the start a member that sees its peers need not wait a whole election.
constexpr Duration kHeadStart = std::chrono::seconds(5);

}  // namespace

void Core::receive(std::vector<raft::Message>&& messages) {
  bool must_wake = false;
  {
    MutexLock lock(inbox_mutex_);
    std::move(messages.begin(), messages.end(), std::back_inserter(inbox_messages_));
    must_wake = !std::exchange(inbox_woken_, true);
  }
  if (must_wake) wake_();
}

void Core::unreachable(MemberId member) {
  post_done([this, member] { raft_.report_unreachable(member); });
}

void Core::snapshot_sent(MemberId member, bool ok) {
  post_done([this, member, ok] { raft_.report_snapshot(member, ok); });
}

void Core::told_removed() {
  post_done([this] { leave("the member has been permanently removed from the cluster"); });
}

void Core::step_messages(std::vector<raft::Message>& messages) {
  for (raft::Message& message : messages)
    if (!membership().removed(message.from)) raft_.step(std::move(message));
}

void Core::send_messages(std::vector<raft::Message>&& messages) {
  const auto is_snapshot = [](const raft::Message& m) {
    return m.type == raft::MessageType::kSnap;
  };
  const auto snapshots = std::stable_partition(messages.begin(), messages.end(),
                                               [&](const auto& m) { return !is_snapshot(m); });
  for (auto it = snapshots; it != messages.end(); ++it) start_peer_snapshot(std::move(*it));
  messages.erase(snapshots, messages.end());
  if (!messages.empty()) env_.transport.send(std::move(messages));
}

// Who is dialed follows the membership as applied. A member that joins knows only what it was told
// at its start, until its own addition reaches it.
void Core::update_peers() {
  if (!std::exchange(peers_stale_, false)) return;
  say_members();
  others_.store(!raft_.in_lone_group(), std::memory_order_release);
  std::vector<PeerAddress> peers;
  for (const auto& [id, member] : membership().members())
    if (id != raft_.id()) peers.push_back({id, member.peer_urls});
  if (membership().find(raft_.id()) == nullptr)
    for (const PeerAddress& remote : opened_.remotes)
      if (membership().find(remote.id) == nullptr && !membership().removed(remote.id))
        peers.push_back(remote);
  env_.transport.set_removed({membership().removed().begin(), membership().removed().end()});
  env_.transport.set_peers(std::move(peers));
}

void Core::say_members() {
  std::string json = apply::members_to_json(membership().members());
  MutexLock lock(facts_mutex_);
  members_json_ = std::move(json);
}

// A cluster that starts with all members at once elects a leader without waiting out a timeout.
void Core::take_head_start(TimePoint now) {
  if (head_start_over_ || !settings_.election_tick_advance) return;
  if (now - started_ > kHeadStart || raft_.leader().value != 0) {
    head_start_over_ = true;
    return;
  }
  size_t active = 0;
  for (const auto& [id, member] : membership().members())
    if (env_.transport.active_since(id) <= now) ++active;
  if (active < 2) return;
  head_start_over_ = true;
  const int ticks = static_cast<int>(settings_.election / settings_.heartbeat) - 2;
  for (int i = 0; i < ticks; ++i) raft_.tick();
}

void Core::ask_reads_again(TimePoint now) {
  for (auto it = read_rounds_.begin(); it != read_rounds_.end();) {
    if (now - it->second.asked < kReadAgain) {
      ++it;
      continue;
    }
    metrics_->slow_reads.add();
    std::move(it->second.requests.begin(), it->second.requests.end(), std::back_inserter(reads_));
    it = read_rounds_.erase(it);
  }
}

void Core::hand_over() {
  post_done([this] {
    if (!leads() || raft_.in_lone_group()) return;
    MemberId best;
    TimePoint since = TimePoint::max();
    for (const auto& [id, member] : membership().members()) {
      if (id == raft_.id() || member.learner) continue;
      const TimePoint up = env_.transport.active_since(id);
      if (up >= since) continue;
      best = id;
      since = up;
    }
    if (best == MemberId()) return;
    env_.log.info("leadership transfer starting", {{"local-member-id", hex(raft_.id().value)},
                                                   {"transferee-member-id", hex(best.value)}});
    raft_.transfer_leader(best);
  });
}

// Once: this member is no longer one. The process is told a little later, so that the others have
// the acknowledgement of the change (they stop talking to it when they apply it).
void Core::leave(const std::string& why) {
  if (std::exchange(left_, true)) return;
  stopping_ = true;
  env_.log.warn("this member leaves the cluster and stops",
                {{"local-member-id", hex(raft_.id().value)}, {"reason", why}});
  leave_at_ = env_.clock.now() + settings_.election;
}

void Core::leave_if_due(TimePoint now) {
  if (now < leave_at_) return;
  leave_at_ = TimePoint::max();
  if (settings_.on_removed) settings_.on_removed();
}

}  // namespace keelson::node
