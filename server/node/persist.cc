// SQLite follows the log: what is applied and synced goes there in large transactions, and what
// compaction took out of the index is deleted with them.
#include "base/limits.h"
#include "node/core.h"
#include "node/node_metrics.h"
#include "node/tasks.h"

namespace keelson::node {

void Core::schedule_persist() {
  if (persist_running_ || installing_) return;
  if (shrink_ready_) return run_persist(store().make_switch_job(std::move(shrink_ready_)));
  if (!store().persist_wanted()) {
    persist_due_ = TimePoint::max();
    return;
  }
  const TimePoint now = env_.clock.now();
  if (persist_due_ == TimePoint::max())
    persist_due_ = now + Duration(limits::kPersistDelayNanoseconds);
  const bool many = store().sizes().unpersisted_rows >= limits::kPersistRows;
  if (!many && !persist_now_ && now < persist_due_) return;
  persist_now_ = false;
  persist_due_ = TimePoint::max();
  if (auto job = store().make_persist_job(std::min(raft_.applied(), raft_.stable_index())))
    run_persist(std::move(job));
}

void Core::run_persist(std::unique_ptr<mvcc::Store::PersistJob> job) {
  persist_running_ = true;
  const auto shared = std::make_shared<std::unique_ptr<mvcc::Store::PersistJob>>(std::move(job));
  const bool posted = env_.persister.post([this, shared] {
    (*shared)->run();
    post_done([this, shared] { persist_done(std::move(*shared)); });
  });
  CHECK(posted);  // one at a time: its queue cannot be full
}

void Core::persist_done(std::unique_ptr<mvcc::Store::PersistJob> job) {
  persist_running_ = false;
  compaction_stalled_ = false;
  if (job->no_space() || opened_.wal->stats().low_space) raise_alarm(apply::kAlarmNoSpace);
  const uint64_t generation = store().generation();
  store().persisted(std::move(job));
  if (installing_) return finish_install();
  if (store().generation() != generation) finish_defragment(Status());
  const Index persisted = store().persisted_index();
  // Followers that are a little behind are served from memory.
  raft_.compact(raft_.in_lone_group() ? persisted : std::min(persisted, log_keep_.floor()));
  // While a new generation is being built from an older position, the log behind it must stay.
  if (!shrinking_) opened_.wal->release(persisted);
  std::erase_if(images_wanted_, [&](auto& wanted) {
    if (wanted.first > persisted) return false;
    start_image(std::move(wanted.second));
    return true;
  });
  std::erase_if(peer_images_wanted_, [&](auto& wanted) {
    if (wanted.first > persisted) return false;
    make_peer_image(std::move(wanted.second));
    return true;
  });
  if (!images_wanted_.empty() || !peer_images_wanted_.empty()) persist_now_ = true;
  finish_compaction();
}

bool Core::step_compaction(TimePoint deadline) {
  if (!compaction_hashes_.empty() || compaction_stalled_) return false;
  if (store().finished_compaction() >= store().compacted()) return false;
  if (store().compact_step(env_.clock, deadline)) return true;
  // It waits for rows to be deleted, or for a pin: looked at again when a persist job is through.
  compaction_stalled_ = true;
  if (store().finished_compaction() < store().compacted()) persist_now_ = true;
  finish_compaction();
  return false;
}

void Core::finish_compaction() {
  const Revision finished = store().finished_compaction();
  std::erase_if(physical_waiters_, [&](auto& waiter) {
    if (waiter.first > finished) return false;
    answers_.ok(waiter.second, std::move(std::get<Proposal>(waiter.second.what).body));
    return true;
  });
}

}  // namespace keelson::node
