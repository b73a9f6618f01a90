// The leader: proposals, answers, commit (thesis 3.5, 3.6), quorum check (6.2), transfer (3.10).
#include <algorithm>
#include <tuple>
#include <utility>

#include "raft/core.h"
#include "raft/membership.h"

namespace keelson::raft {
namespace {

Status no_leader() { return {Code::kUnavailable, "etcdserver: no leader"}; }
Status dropped() { return {Code::kUnavailable, "raft proposal dropped"}; }
Status too_many() { return {Code::kResourceExhausted, "etcdserver: too many requests"}; }

}  // namespace

Progress* Leader::find(MemberId id) {
  for (Progress& peer : peers) {
    if (peer.id == id) return &peer;
  }
  return nullptr;
}

Status Raft::Core::propose(std::vector<Entry> entries) {
  if (auto* l = std::get_if<Leader>(&role)) return append_as_leader(*l, std::move(entries));
  if (leader() == MemberId()) return no_leader();
  Message m = message(MessageType::kProp, leader());
  m.term = Term();
  m.entries = std::move(entries);
  send(std::move(m));
  return {};
}

void Raft::Core::on_proposal(Message m) {
  if (auto* l = std::get_if<Leader>(&role)) {
    // Nobody is told when a forwarded proposal is dropped; its proposer times out.
    (void)append_as_leader(*l, std::move(m.entries));
    return;
  }
  if (leader() == m.from) return;
  m.from = config.id;
  m.term = Term();
  forward(std::move(m));
}

Status Raft::Core::append_as_leader(Leader& l, std::vector<Entry> entries) {
  if (!has_member(conf, config.id) || l.transferee != MemberId()) return dropped();
  if (unsynced_bytes() >= config.unsynced_bytes_max) return too_many();
  for (Entry& entry : entries) {
    entry.term = term;
    entry.index = log.last_index().next();
    if (entry.type == EntryType::kConfChange) {
      if (admit_conf_change(l)) {
        l.pending_conf = entry.index;
      } else {
        entry.type = EntryType::kNormal;
        entry.data = nullptr;
      }
    }
    log.push(std::move(entry));
  }
  l.news = true;
  return {};
}

bool Raft::Core::admit_conf_change(const Leader& l) const {
  return l.pending_conf <= log.applied();
}

void Raft::Core::on_append_answer(Leader& l, const Message& m) {
  Progress* peer = l.find(m.from);
  if (!peer) return;
  peer->recent_active = true;
  if (m.reject) {
    Index retry = m.reject_hint;
    // Skips a whole term of conflicting entries at a time: the logs cannot agree where ours has a
    // greater term than the follower's hint.
    if (m.log_term > Term()) retry = log.agreement_at_most(m.reject_hint, m.log_term).index;
    if (peer->refuse(m.index, retry)) l.news = true;
  } else if (m.index <= log.last_index()) {
    on_append_accepted(l, *peer, m.index);
  }
}

void Raft::Core::on_append_accepted(Leader& l, Progress& peer, Index index) {
  const bool fresh = peer.acknowledge(index);
  const bool probe_found = peer.state == ProgressState::kProbe && peer.match == index;
  if (!fresh && !probe_found) return;
  switch (peer.state) {
    case ProgressState::kProbe:
      peer.become_replicate();
      break;
    case ProgressState::kReplicate:
      peer.inflights.free_to(index);
      break;
    case ProgressState::kSnapshot:
      if (peer.match.next() >= log.first_index()) peer.become_replicate();
      break;
  }
  l.news = true;
  if (fresh) advance_commit(l);
  finish_transfer_if_ready(l, peer);
}

void Raft::Core::on_heartbeat_answer(Leader& l, const Message& m) {
  Progress* peer = l.find(m.from);
  if (!peer) return;
  peer->recent_active = true;
  peer->paused = false;
  if (peer->match < log.last_index() || peer->state == ProgressState::kProbe) {
    peer->poked = true;
    l.news = true;
  }
  if (l.reads.echo(m.from, m.context)) release_reads(l);
}

void Raft::Core::advance_commit(Leader& l) {
  // Own entries count once they are durable here; a majority of others may be faster.
  const Index reached(reached_by_majority([&](MemberId voter) {
    if (voter == config.id) return log.stable().value;
    const Progress* peer = l.find(voter);
    return peer ? peer->match.value : 0;
  }));
  // Entries of older terms are committed only through one of this term (thesis 3.6.2, figure 3.7).
  if (reached <= log.commit() || reached < l.term_start) return;
  const bool first_of_term = !committed_in_term(l);
  log.commit_to(reached);
  l.news = true;
  if (first_of_term) admit_early_reads(l);
}

void Raft::Core::tick_leader(Leader& l) {
  if (l.transferee != MemberId() && ++l.transfer_ticks >= config.election_ticks) {
    l.transferee = MemberId();
  }
  if (!keeps_leading_on_disk(l)) return become_follower(term, MemberId());
  if (++election_ticks >= config.election_ticks) {
    election_ticks = 0;
    if (config.check_quorum && !quorum_is_active(l)) return become_follower(term, MemberId());
  }
  if (++l.heartbeat_ticks >= config.heartbeat_ticks) {
    l.heartbeat_ticks = 0;
    broadcast_heartbeat(l);
  }
}

bool Raft::Core::quorum_is_active(Leader& l) {
  const bool active = reached_by_majority([&](MemberId voter) -> uint64_t {
    if (voter == config.id) return 1;
    const Progress* peer = l.find(voter);
    return peer && peer->recent_active;
  });
  for (Progress& peer : l.peers) peer.recent_active = false;
  return active;
}

// A leader whose disk hangs commits on the others' disks, but it fills its memory and holds up
// whoever must hear of its own promises. It offers leadership once and gives it up one timeout
// later. Alone it stays: nobody could take over.
bool Raft::Core::keeps_leading_on_disk(Leader& l) {
  if (!disk_is_stuck() || conf.voters.size() < 2) {
    l.yielding = false;
    return true;
  }
  if (l.transferee != MemberId()) return true;
  if (l.yielding) return false;
  const MemberId successor = best_successor(l);
  if (successor == MemberId()) return false;
  l.yielding = true;
  start_transfer(l, successor);
  return true;
}

MemberId Raft::Core::best_successor(const Leader& l) const {
  const Progress* best = nullptr;
  for (const Progress& peer : l.peers) {
    if (peer.learner || peer.state != ProgressState::kReplicate) continue;
    if (!best ||
        std::tie(best->recent_active, best->match) < std::tie(peer.recent_active, peer.match))
      best = &peer;
  }
  return best ? best->id : MemberId();
}

void Raft::Core::on_transfer_message(Message m) {
  if (auto* l = std::get_if<Leader>(&role)) return start_transfer(*l, m.from);
  m.term = term;
  forward(std::move(m));
}

void Raft::Core::start_transfer(Leader& l, MemberId to) {
  if (to == config.id || to == l.transferee || !has_voter(conf, to)) return;
  Progress* peer = l.find(to);
  if (!peer) return;
  l.transferee = to;
  l.transfer_ticks = 0;
  l.news = true;
  finish_transfer_if_ready(l, *peer);
}

void Raft::Core::finish_transfer_if_ready(Leader& l, const Progress& peer) {
  if (peer.id != l.transferee || peer.match != log.last_index()) return;
  send(message(MessageType::kTimeoutNow, peer.id));
}

Progress Raft::Core::new_peer(MemberId peer, Index next) const {
  Progress progress(peer, next, config.inflight_max, config.inflight_bytes_max);
  progress.learner = has_learner(conf, peer);
  return progress;
}

void Raft::Core::follow_conf(Leader& l) {
  std::erase_if(l.peers, [&](const Progress& peer) {
    if (has_member(conf, peer.id)) return false;
    l.reads.forget(peer.id);
    return true;
  });
  for (const auto* members : {&conf.voters, &conf.learners}) {
    for (const MemberId member : *members) {
      if (member == config.id) continue;
      if (Progress* peer = l.find(member)) {
        peer->learner = has_learner(conf, member);
        continue;
      }
      l.peers.push_back(new_peer(member, std::max(log.last_index(), Index(1))));
      l.peers.back().recent_active = true;  // it has had no time to answer
    }
  }
  std::sort(l.peers.begin(), l.peers.end(),
            [](const Progress& a, const Progress& b) { return a.id < b.id; });
  if (!has_voter(conf, l.transferee)) l.transferee = MemberId();
  l.news = true;
  advance_commit(l);
  release_reads(l);
}

void Raft::Core::report_unreachable(MemberId id) {
  auto* l = std::get_if<Leader>(&role);
  Progress* peer = l ? l->find(id) : nullptr;
  // Appends on their way are probably lost: no use in sending more behind them.
  if (peer && peer->state == ProgressState::kReplicate) peer->become_probe();
}

void Raft::Core::report_snapshot(MemberId id, bool ok) {
  auto* l = std::get_if<Leader>(&role);
  Progress* peer = l ? l->find(id) : nullptr;
  if (!peer || peer->state != ProgressState::kSnapshot) return;
  if (!ok) peer->pending_snapshot = Index();
  peer->become_probe();
  peer->paused = true;  // until it answers: it may still be busy, or gone
}

}  // namespace keelson::raft
