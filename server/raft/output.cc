// Bundles out, syncs in.
#include <utility>

#include "raft/core.h"

namespace keelson::raft {

bool Raft::Core::promise_pending() const {
  return log.taken() != log.last_index() || term != given.term || vote != given.vote ||
         install.has_value();
}

void Raft::Core::send(Message m) { outbox.send(std::move(m)); }

void Raft::Core::send_durable(Message m) {
  const uint64_t batch = promise_pending() ? syncs.issued() + 1 : syncs.last_promise();
  outbox.send_after(batch, term, std::move(m));
  if (batch <= syncs.synced()) outbox.release(syncs.synced(), term, log.stable());
}

bool Raft::Core::has_output() const {
  if (const auto* l = std::get_if<Leader>(&role)) {
    if (l->news || l->reads.round_due()) return true;
  }
  if (promise_pending() || hard_state() != given || log.handed() != log.commit()) return true;
  return !outbox.empty() || !reads.empty() || !dropped_reads.empty() || shown() != last_shown;
}

Output Raft::Core::take_output() {
  Output out;
  if (auto* l = std::get_if<Leader>(&role)) send_news(*l);
  fill_batch(out);
  out.messages = outbox.take();
  log.take_committed(out.committed);
  out.reads = std::exchange(reads, {});
  out.dropped_reads = std::exchange(dropped_reads, {});
  out.role_changed = shown() != last_shown;
  last_shown = shown();
  return out;
}

void Raft::Core::fill_batch(Output& out) {
  const HardState now = hard_state();
  out.must_sync = promise_pending();
  if (!out.must_sync && now == given) return;
  const uint64_t bytes = log.untaken_bytes();
  log.take_untaken(out.entries);
  out.install = std::exchange(install, std::nullopt);
  if (now != given) out.hard_state = given = now;
  // Everything taken so far is in this batch or an earlier one.
  out.batch = out.must_sync ? syncs.issue(log.taken(), bytes, ticks) : syncs.issue_lazy();
}

void Raft::Core::synced(uint64_t batch) {
  log.set_stable(syncs.complete(batch));
  outbox.release(syncs.synced(), term, log.stable());
  if (auto* l = std::get_if<Leader>(&role)) {
    advance_commit(*l);
  } else {
    count_own_vote();
  }
}

}  // namespace keelson::raft
