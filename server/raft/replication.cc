// What the leader sends, decided once a turn: all that happened in the turn leaves in as few
// messages as the limits allow.
#include <algorithm>
#include <utility>

#include "raft/core.h"
#include "raft/membership.h"

namespace keelson::raft {

void Raft::Core::send_news(Leader& l) {
  if (l.reads.round_due()) start_read_round(l);
  if (!std::exchange(l.news, false)) return;
  for (Progress& peer : l.peers) send_to_peer(peer);
}

void Raft::Core::send_to_peer(Progress& peer) {
  switch (peer.state) {
    case ProgressState::kSnapshot:
      return;
    case ProgressState::kProbe:
      if (!peer.paused) send_append(peer, true);
      return;
    case ProgressState::kReplicate:
      return replicate(peer);
  }
}

void Raft::Core::replicate(Progress& peer) {
  bool sent = false;
  while (peer.next <= log.last_index() && !peer.inflights.full()) {
    if (!send_append(peer, true)) return;
    sent = true;
  }
  const bool raises_commit = std::min(log.commit(), peer.next.prev()) > peer.sent_commit;
  const bool wanted = peer.poked || (raises_commit && !peer.inflights.full());
  if (!sent && wanted) send_append(peer, false);
  peer.poked = false;
}

// False when the entries in front are gone and a snapshot takes their place.
bool Raft::Core::send_append(Progress& peer, bool with_entries) {
  const Index previous = peer.next.prev();
  const std::optional<Term> previous_term = log.term_at(previous);
  if (!previous_term) {
    send_snapshot(peer);
    return false;
  }
  Message m = message(MessageType::kApp, peer.id);
  m.index = previous;
  m.log_term = *previous_term;
  m.commit = log.commit();
  Index last = previous;
  uint64_t bytes = 0;
  if (with_entries && peer.next <= log.last_index()) {
    last = log.end_within(peer.next, config.append_bytes_max, &bytes);
    log.copy(peer.next, last, m.entries);
  }
  if (peer.state == ProgressState::kProbe) {
    peer.paused = true;
  } else if (last > previous) {
    peer.inflights.add(last, bytes);
    peer.next = last.next();
  }
  peer.sent_commit = std::max(peer.sent_commit, std::min(m.commit, last));
  send(std::move(m));
  return true;
}

void Raft::Core::send_snapshot(Progress& peer) {
  if (!peer.recent_active) return;  // a member that is away would only hold it up
  const Index index = log.applied();
  const std::optional<Term> index_term = log.term_at(index);
  CHECK(index_term.has_value());
  Message m = message(MessageType::kSnap, peer.id);
  m.snapshot = {index, *index_term, conf};
  peer.become_snapshot(index);
  peer.sent_commit = std::max(peer.sent_commit, index);
  send(std::move(m));
}

void Raft::Core::broadcast_heartbeat(Leader& l) {
  const std::string context = l.reads.heartbeat_context();
  for (Progress& peer : l.peers) send_heartbeat(peer, context);
  if (!context.empty()) release_reads(l);
}

void Raft::Core::send_heartbeat(Progress& peer, const std::string& context) {
  Message m = message(MessageType::kHeartbeat, peer.id);
  // Never beyond what it is known to have: a follower would take any commit it is told.
  m.commit = std::min(peer.match, log.commit());
  m.context = context;
  peer.sent_commit = std::max(peer.sent_commit, m.commit);
  send(std::move(m));
}

}  // namespace keelson::raft
