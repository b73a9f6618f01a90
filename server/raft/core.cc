#include "raft/core.h"

#include <algorithm>
#include <utility>

#include "raft/membership.h"

namespace keelson::raft {
namespace {

LogView log_from(Start& start) {
  const Index commit = std::max(start.hard.commit, start.applied);
  return LogView({start.snapshot.index, start.snapshot.term}, std::move(start.entries),
                 start.applied, commit);
}

bool carries_leader(MessageType type) {
  return type == MessageType::kApp || type == MessageType::kHeartbeat || type == MessageType::kSnap;
}

bool asks_for_vote(MessageType type) {
  return type == MessageType::kVote || type == MessageType::kPreVote;
}

}  // namespace

Raft::Core::Core(Config config_in, Start start, Rng& rng_in)
    : config(config_in),
      rng(rng_in),
      term(start.hard.term),
      vote(start.hard.vote),
      conf(start.snapshot.conf),
      log(log_from(start)),
      given(start.hard),
      last_shown(shown()) {
  CHECK(config.id != MemberId());
  CHECK(config.election_ticks > config.heartbeat_ticks);
  CHECK(config.heartbeat_ticks > 0);
  CHECK(term >= log.last_term());
  check_conf(conf);
  enter_role(term);
  last_shown = shown();
}

void Raft::Core::tick() {
  ++ticks;
  if (auto* l = std::get_if<Leader>(&role)) return tick_leader(*l);
  election_ticks = std::min(election_ticks + 1, election_timeout);
  if (election_ticks < election_timeout) return;
  campaign(config.pre_vote ? Campaign::kPreVote : Campaign::kElection);
}

void Raft::Core::step(Message m) {
  if (m.to != config.id || m.from == MemberId() || m.from == config.id) return;
  if (accept_term(m)) dispatch(std::move(m));
}

bool Raft::Core::accept_term(const Message& m) {
  if (m.type == MessageType::kProp || m.type == MessageType::kReadIndex) return true;
  if (m.term == Term()) return false;
  if (m.term > term) return accept_higher_term(m);
  if (m.term < term) answer_lower_term(m);
  return m.term == term;
}

bool Raft::Core::accept_higher_term(const Message& m) {
  // A member that was cut off must not depose a leader that the others still hear (thesis 4.2.3).
  if (asks_for_vote(m.type) && m.context != kTransferContext && in_lease()) return false;
  if (m.type == MessageType::kPreVote) return true;
  if (m.type == MessageType::kPreVoteResp && !m.reject) return true;
  become_follower(m.term, carries_leader(m.type) ? m.from : MemberId());
  return true;
}

void Raft::Core::answer_lower_term(const Message& m) {
  if (m.type == MessageType::kApp || m.type == MessageType::kHeartbeat) {
    // A deposed leader that cannot win pre-votes would never learn of the newer term otherwise.
    if (config.check_quorum || config.pre_vote) answer_append(m.from, Index());
  } else if (m.type == MessageType::kPreVote) {
    Message answer = message(MessageType::kPreVoteResp, m.from);
    answer.reject = true;
    send_durable(std::move(answer));
  }
}

bool Raft::Core::in_lease() const {
  return config.check_quorum && leader() != MemberId() && election_ticks < config.election_ticks;
}

// The sender leads this term. False when that cannot be.
bool Raft::Core::follow(MemberId from) {
  if (std::holds_alternative<Leader>(role)) return false;
  if (!std::holds_alternative<Follower>(role)) become_follower(term, from);
  auto& f = std::get<Follower>(role);
  if (f.leader == MemberId()) f.leader = from;
  if (f.leader != from) return false;
  election_ticks = 0;
  return true;
}

void Raft::Core::dispatch(Message m) {
  switch (m.type) {
    case MessageType::kVote:
    case MessageType::kPreVote:
      return on_vote_request(m);
    case MessageType::kVoteResp:
    case MessageType::kPreVoteResp:
      return on_vote_answer(m);
    case MessageType::kApp:
      return follow(m.from) ? on_append(std::move(m)) : void();
    case MessageType::kHeartbeat:
      return follow(m.from) ? on_heartbeat(m) : void();
    case MessageType::kSnap:
      return follow(m.from) ? on_snapshot(m) : void();
    case MessageType::kProp:
      return on_proposal(std::move(m));
    case MessageType::kReadIndex:
      return on_read_message(std::move(m));
    case MessageType::kReadIndexResp:
      if (auto* f = std::get_if<Follower>(&role)) on_read_answer(*f, m);
      return;
    case MessageType::kTimeoutNow:
      if (std::holds_alternative<Follower>(role)) campaign(Campaign::kTransfer);
      return;
    case MessageType::kTransferLeader:
      return on_transfer_message(std::move(m));
    case MessageType::kAppResp:
      if (auto* l = std::get_if<Leader>(&role)) on_append_answer(*l, m);
      return;
    case MessageType::kHeartbeatResp:
      if (auto* l = std::get_if<Leader>(&role)) on_heartbeat_answer(*l, m);
      return;
  }
}

ConfState Raft::Core::apply_conf_change(const ConfChange& change) {
  conf = changed(conf, change);
  if (auto* l = std::get_if<Leader>(&role)) follow_conf(*l);
  return conf;
}

MemberId Raft::Core::leader() const {
  if (std::holds_alternative<Leader>(role)) return config.id;
  if (const auto* f = std::get_if<Follower>(&role)) return f->leader;
  return MemberId();
}

bool Raft::Core::disk_is_stuck() const {
  const std::optional<uint64_t> oldest = syncs.oldest_tick();
  return oldest && ticks - *oldest >= static_cast<uint64_t>(config.election_ticks);
}

Message Raft::Core::message(MessageType type, MemberId to) const {
  Message m;
  m.type = type;
  m.from = config.id;
  m.to = to;
  m.term = term;
  return m;
}

}  // namespace keelson::raft
