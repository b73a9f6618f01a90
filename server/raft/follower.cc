// What a follower takes from its leader: thesis 3.5, snapshots 5.
#include <algorithm>
#include <utility>

#include "raft/core.h"
#include "raft/membership.h"

namespace keelson::raft {
namespace {

// Entries must follow (index, log_term) without a gap and in ascending terms up to the sender's.
bool is_well_formed(const Message& m) {
  LogPosition before{m.index, m.log_term};
  for (const Entry& entry : m.entries) {
    if (entry.index != before.index.next() || entry.term < before.term) return false;
    before = {entry.index, entry.term};
  }
  return before.term <= m.term;
}

}  // namespace

void Raft::Core::on_append(Message m) {
  if (m.index < log.commit()) return answer_append(m.from, log.commit());
  if (!is_well_formed(m)) return;
  if (!log.matches({m.index, m.log_term})) return refuse_append(m);
  // A disk that hangs must not fill the memory: then only what the append proves is taken from it.
  if (unsynced_bytes() >= config.unsynced_bytes_max) m.entries.clear();
  const Index last = m.index.plus(m.entries.size());
  const bool bare = m.entries.empty();
  if (const auto replaced = log.splice(std::move(m.entries))) syncs.clamp(replaced->prev());
  // Only up to `last` is this log known to be the leader's.
  const Index commit_before = log.commit();
  log.commit_to(std::min(m.commit, last));
  // Mere news of a commit, with everything acknowledged before, needs no answer: that would be one
  // message more a write. Should the acknowledgement be lost, the leader's next heartbeat finds
  // out.
  Index& answered = std::get<Follower>(role).answered;
  if (bare && log.commit() > commit_before && last <= answered) return;
  answered = std::max(answered, last);
  answer_append(m.from, last);
}

void Raft::Core::on_heartbeat(const Message& m) {
  log.commit_to(m.commit);
  Message answer = message(MessageType::kHeartbeatResp, m.from);
  answer.context = m.context;
  send(std::move(answer));
}

void Raft::Core::on_snapshot(const Message& m) {
  const SnapshotMeta& meta = m.snapshot;
  const bool old = meta.index <= log.commit();
  if (!old && has_member(meta.conf, config.id)) {
    if (log.matches({meta.index, meta.term})) {
      log.commit_to(meta.index);
    } else {
      install_snapshot(meta);
    }
  }
  answer_append(m.from, log.commit());
}

void Raft::Core::install_snapshot(const SnapshotMeta& meta) {
  syncs.clamp(log.commit());
  log.reset({meta.index, meta.term});
  install = meta;
  std::sort(install->conf.voters.begin(), install->conf.voters.end());
  std::sort(install->conf.learners.begin(), install->conf.learners.end());
  conf = install->conf;
}

void Raft::Core::answer_append(MemberId to, Index index) {
  Message answer = message(MessageType::kAppResp, to);
  answer.index = index;
  send_durable(std::move(answer));
}

void Raft::Core::refuse_append(const Message& m) {
  const LogPosition hint = log.agreement_at_most(m.index, m.log_term);
  Message answer = message(MessageType::kAppResp, m.from);
  answer.reject = true;
  answer.index = m.index;
  answer.reject_hint = hint.index;
  answer.log_term = hint.term;
  send_durable(std::move(answer));
}

// Passes a request on to the leader; without one, or if it came from there, it is dropped.
void Raft::Core::forward(Message m) {
  const MemberId to = leader();
  if (to == MemberId() || to == config.id || to == m.from) return;
  m.to = to;
  send(std::move(m));
}

}  // namespace keelson::raft
