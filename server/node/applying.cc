// Committed entries take effect, in order, each once.
#include <algorithm>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/wire.h"
#include "node/core.h"
#include "node/node_metrics.h"
#include "node/tasks.h"

namespace keelson::node {
namespace {

namespace field = apply::field;

// How many entries pass between two looks at the clock.
constexpr int kEntriesAClockRead = 16;
// A batch of events above this leaves at once instead of waiting for the end of the turn.
constexpr size_t kEventBatchBytes = 4 * 1024 * 1024;

}  // namespace

bool Core::apply_committed(TimePoint deadline) {
  const apply::Slice slice{env_.clock, deadline};
  int since_clock = 0;
  while (!committed_.empty() && !apply_waits_ && !installing_) {
    if (store().sizes().unpersisted_bytes > limits::kUnpersistedBytes && !applier().busy()) {
      persist_now_ = true;  // SQLite is behind: raft goes on, apply waits for it
      return false;
    }
    const Step step = apply_one(committed_.front(), slice);
    if (step != Step::kDone) return step == Step::kSliceOver;
    raft_.applied(committed_.front().index);
    log_keep_.note(committed_.front().index, committed_.front().bytes().size());
    committed_.pop_front();
    if (++since_clock >= kEntriesAClockRead) {
      since_clock = 0;
      if (slice.over()) return !committed_.empty();
    }
  }
  return !held_.empty() && !state_moves();
}

Core::Step Core::apply_one(const raft::Entry& entry, const apply::Slice& slice) {
  if (entry.type == raft::EntryType::kConfChange) {
    apply_conf(entry);
    return Step::kDone;
  }
  if (entry.bytes().empty()) {
    applier().execute_empty(entry.index, entry.term);
    if (leads() && entry.term == raft_.term() && !leader_entry_applied_) {
      leader_entry_applied_ = true;
      lessor().promote(settings_.election);
      publish_self();
    }
    return Step::kDone;
  }
  if (!entry_begun_ && !begin_entry(entry)) return Step::kWaits;
  if (!applier().busy()) {
    start_compaction_hash(entry);
    entry_started_ = env_.clock.now();
  }
  std::optional<apply::Applied> applied = applier().execute(header(), &slice);
  if (!applied) return Step::kSliceOver;
  entry_begun_ = false;
  observe_apply(entry, applied->status.ok());
  gather_events();
  finish_entry(entry, std::move(*applied));
  return Step::kDone;
}

// False: values have to come from disk first.
bool Core::begin_entry(const raft::Entry& entry) {
  std::vector<Seq> missing;
  applier().begin(entry.index, entry.term, entry.bytes(), missing);
  entry_begun_ = true;
  if (missing.empty()) return true;
  fetch_for_apply(std::move(missing));
  return false;
}

void Core::observe_apply(const raft::Entry& entry, bool ok) {
  const Duration took = env_.clock.now() - entry_started_;
  apply::EnvelopeView envelope;
  CHECK(apply::decode(entry.bytes(), envelope));
  metrics_->apply_seconds(envelope.field, ok).observe_seconds(took.count());
  if (took <= settings_.warning_apply_duration) return;
  metrics_->slow_applies.add();
  env_.log.warn("apply request took too long",
                {{"took", took},
                 {"expected-duration", settings_.warning_apply_duration},
                 {"index", entry.index.value}});
}

void Core::fetch_for_apply(std::vector<Seq> missing) {
  apply_waits_ = true;
  const auto view = store().view();
  const auto job = [this, view, missing = std::move(missing)] {
    auto values = mvcc::Store::read_values(*view, missing);
    CHECK(values.ok());
    post_done([this, missing, values = std::move(*values)] {
      for (size_t i = 0; i < missing.size(); ++i)
        if (values[i]) applier().supply(missing[i], values[i]);
      apply_waits_ = false;
    });
  };
  if (!env_.pool.post(job)) job();  // a full pool must not stop the log: read here
}

void Core::finish_entry(const raft::Entry&, apply::Applied&& applied) {
  if (applied.compacted) {
    auto_compactor_.done(env_.clock.now(), *applied.compacted);
    for (WatchSink* sink : watch_sinks_) sink->on_compacted(*applied.compacted);
    compaction_stalled_ = false;
  }
  if (applied.cluster_changed) say_members();
  auto waiting = pending_.take(applied.request_id);
  if (!waiting) return;
  if (waiting->field == field::kClusterMemberAttrSet && !published_) {
    published_ = true;
    env_.log.info("published local member to cluster through raft",
                  {{"local-member-id", hex(raft_.id().value)},
                   {"cluster-id", hex(opened_.identity.cluster.value)}});
    decide_cluster_version();
    ready_.store(true, std::memory_order_release);
  }
  if (waiting->field == field::kClusterVersionSet) {
    version_proposed_ = false;
    env_.log.info("set initial cluster version",
                  {{"cluster-id", hex(opened_.identity.cluster.value)},
                   {"cluster-version", membership().cluster_version().substr(0, 3)}});
  }
  answer_waiting(std::move(*waiting), std::move(applied));
}

void Core::answer_waiting(Waiting&& waiting, apply::Applied&& applied) {
  const bool ok = applied.status.ok();
  metrics_->request_seconds(waiting.field, ok)
      .observe_seconds((env_.clock.now() - waiting.request.started).count());
  if (waiting.field == field::kAlarm && waiting.request.to.sink == nullptr) {
    nospace_proposed_ = false;
    for (HeldAnswer& held : std::exchange(held_for_alarm_, {}))
      answers_.fail(held.waiting.request,
                    Status(Code::kResourceExhausted, "etcdserver: mvcc: database space exceeded"));
  }
  if (!ok) {
    answers_.fail(waiting.request, std::move(applied.status));
  } else if (applied.quota_crossed) {
    // Applied all the same, but the answer says no-space, and only after the alarm is in force.
    raise_alarm(apply::kAlarmNoSpace);
    held_for_alarm_.push_back({std::move(waiting)});
  } else if (waiting.physical && applied.compacted) {
    waiting.request.what = Proposal{.field = waiting.field, .body = std::move(applied.body)};
    physical_waiters_.emplace_back(*applied.compacted, std::move(waiting.request));
  } else {
    answers_.ok(waiting.request, std::move(applied.body));
  }
}

void Core::gather_events() {
  const auto events = store().entry_events();
  if (events.empty()) return;
  if (std::all_of(watch_sinks_.begin(), watch_sinks_.end(), [](WatchSink* s) { return s->idle(); }))
    return;
  if (!events_) {
    events_ = std::make_shared<watch::EventBatch>();
    events_->first = events.front().main;
  }
  events_->last = events.back().main;
  if (auto hold = store().hold_entry_events();
      events_->holds.empty() || events_->holds.back() != hold)
    events_->holds.push_back(std::move(hold));
  const bool want_prev = prev_kv_watchers_.load(std::memory_order_relaxed) > 0;
  for (const mvcc::Event& event : events) {
    watch::EventBatch::Item item{event, event.prev_seq.value == 0};
    if (want_prev && event.prev_seq.value != 0) {
      if (mvcc::Record prev = store().hold(event.prev_seq)) {
        item.event.prev_kv = prev.kv;
        item.prev_in_memory = true;
        events_->holds.push_back(std::move(prev.hold));
      }
    }
    event_bytes_ += event.kv.size() + item.event.prev_kv.size();
    events_->items.push_back(item);
  }
  if (event_bytes_ >= kEventBatchBytes) flush_events();
}

void Core::flush_events() {
  event_bytes_ = 0;
  if (!events_) return;
  const std::shared_ptr<const watch::EventBatch> batch = std::move(events_);
  events_.reset();
  for (WatchSink* sink : watch_sinks_)
    if (!sink->idle()) sink->on_events(batch);
}

// What HashKV must answer later for the compaction's revision is taken from the state before it.
void Core::start_compaction_hash(const raft::Entry& entry) {
  apply::EnvelopeView envelope;
  if (!apply::decode(entry.bytes(), envelope) || envelope.field != field::kCompaction) return;
  int64_t revision = 0;
  wire::Reader reader(envelope.body);
  for (wire::Field f; reader.next(f);)
    if (f.number == 1) revision = f.as_int64();
  if (Revision(revision) <= store().compacted() || Revision(revision) > store().current() ||
      revision <= 0)
    return;
  if (alarms().any(apply::kAlarmCorrupt)) return;
  auto job = store().make_hash_job(Revision(revision));
  if (!job.ok()) return;
  auto task = std::make_shared<HashTask>();
  task->job = std::move(*job);
  task->at = Revision(revision);
  task->compaction = true;
  compaction_hashes_.push_back(task);
  hashes_.push_back(std::move(task));
}

}  // namespace keelson::node
