#include "node/core.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/limits.h"
#include "node/node_metrics.h"
#include "node/recover.h"
#include "node/tasks.h"

namespace keelson::node {
namespace {

raft::Config raft_config(const Settings& settings, MemberId id) {
  raft::Config config;
  config.id = id;
  config.election_ticks =
      static_cast<int>(std::max<int64_t>(1, settings.election / settings.heartbeat));
  config.pre_vote = settings.pre_vote;
  config.unsynced_bytes_max = limits::kUnsyncedBytes;
  return config;
}

// ceil(1.5 x election timeout) in seconds: part of what apply does, equal on every member.
int64_t lease_ttl_s_min(Duration election) {
  const Duration ttl = election * 3 / 2;
  return std::chrono::ceil<std::chrono::seconds>(ttl).count();
}

}  // namespace

Core::Core(Environment env, Settings settings, Opened opened, std::function<void()> wake)
    : env_(env),
      settings_(std::move(settings)),
      wake_(std::move(wake)),
      opened_(std::move(opened)),
      metrics_(std::make_unique<NodeMetrics>(env.metrics)),
      raft_(raft_config(settings_, opened_.identity.member), raft_start(opened_), env.rng),
      auto_compactor_(settings_.auto_compaction, settings_.auto_compaction_retention,
                      settings_.auto_compaction_revisions),
      pending_(first_request_id(opened_, env.clock)),
      next_round_(pending_.next_id()),
      next_tick_(env.clock.now() + settings_.heartbeat),
      log_keep_(settings_.catchup_entries, limits::kCatchupBytes),
      started_(env.clock.now()) {
  replica_ = make_replica(std::move(opened_.store), opened_.loaded);
  metrics_->quota.set(settings_.quota_bytes);
  const std::string self = hex(opened_.identity.member.value);
  env_.metrics
      .gauge("etcd_network_known_peers", "1 for each member that is known, itself included.",
             {{"Local", self}, {"Remote", self}})
      .set(1);
  publish_facts();
}

Core::~Core() = default;

Core::Replica::Replica(std::shared_ptr<mvcc::Store> state, int64_t ttl_s_min,
                       const Environment& env, apply::Settings settings)
    : store(std::move(state)),
      lessor(ttl_s_min, env.clock, env.metrics),
      membership(*store),
      alarms(*store),
      applier({*store, lessor, membership, alarms}, std::move(settings), env.metrics) {}

std::unique_ptr<Core::Replica> Core::make_replica(std::shared_ptr<mvcc::Store> state,
                                                  const mvcc::Loaded& loaded) {
  auto out = std::make_unique<Replica>(
      std::move(state), lease_ttl_s_min(settings_.election), env_,
      apply::Settings{settings_.learners_max, [this](int64_t cost) { return quota_allows(cost); }});
  restore_small_tables(loaded, out->lessor, out->membership, out->alarms);
  return out;
}

void Core::submit(std::vector<Request>&& requests) {
  bool must_wake = false;
  {
    MutexLock lock(inbox_mutex_);
    if (inbox_.empty()) {
      inbox_ = std::move(requests);
    } else {
      std::move(requests.begin(), requests.end(), std::back_inserter(inbox_));
    }
    must_wake = !std::exchange(inbox_woken_, true);
  }
  if (must_wake) wake_();
}

void Core::post_done(std::function<void()> work) {
  bool must_wake = false;
  {
    MutexLock lock(inbox_mutex_);
    inbox_done_.push_back(std::move(work));
    must_wake = !std::exchange(inbox_woken_, true);
  }
  if (must_wake) wake_();
}

bool Core::log_synced(uint64_t batch) {
  MutexLock lock(inbox_mutex_);
  inbox_synced_ = std::max(inbox_synced_, batch);
  return !std::exchange(inbox_woken_, true);
}

void Core::add_watch_sink(WatchSink* sink) { watch_sinks_.push_back(sink); }

void Core::count_prev_kv_watchers(int delta) {
  prev_kv_watchers_.fetch_add(delta, std::memory_order_relaxed);
}

Facts Core::facts() const {
  MutexLock lock(facts_mutex_);
  return facts_;
}

std::string Core::members_json() const {
  MutexLock lock(facts_mutex_);
  return members_json_;
}

Core::Taken Core::take_inbox() {
  Taken out;
  uint64_t synced = 0;
  {
    MutexLock lock(inbox_mutex_);
    out.requests.swap(inbox_);
    out.done.swap(inbox_done_);
    out.messages.swap(inbox_messages_);
    synced = std::exchange(inbox_synced_, 0);
    inbox_woken_ = false;
  }
  if (synced > 0) raft_.synced(synced);
  return out;
}

bool Core::turn() {
  const TimePoint started = env_.clock.now();
  Taken taken = take_inbox();
  step_messages(taken.messages);
  for (const auto& work : taken.done) work();
  tick_if_due();
  if (!state_moves())
    for (Request& request : std::exchange(held_, {})) dispatch(std::move(request));
  for (Request& request : taken.requests) dispatch(std::move(request));
  flush_proposals();
  flush_reads();
  run_raft();
  const TimePoint deadline = started + Duration(limits::kSliceNanoseconds);
  bool more = apply_committed(deadline);
  if (!state_moves()) {
    serve_ready_reads();
    more = step_range_tasks(deadline) || more;
    more = step_streams(deadline) || more;
    more = step_hashes(deadline) || more;
    more = step_compaction(deadline) || more;
  }
  schedule_persist();
  update_peers();
  publish_facts();
  flush_events();
  answers_.flush();
  return more || raft_.has_output();
}

void Core::dispatch(Request&& request) {
  if (stopping_ && !std::holds_alternative<CallGone>(request.what)) {
    answers_.fail(request, Status(Code::kUnavailable, "etcdserver: server stopped"));
    return;
  }
  if (must_wait(request)) {
    held_.push_back(std::move(request));
  } else if (const auto* range = std::get_if<RangeQuery>(&request.what)) {
    on_read(std::move(request), !range->serializable);
  } else if (auto* proposal = std::get_if<Proposal>(&request.what)) {
    Proposal taken = std::move(*proposal);
    on_proposal(std::move(request), std::move(taken));
  } else if (const auto* txn = std::get_if<ReadTxn>(&request.what)) {
    on_read(std::move(request), !txn->serializable);
  } else if (const auto* open = std::get_if<RangeStreamOpen>(&request.what)) {
    on_read(std::move(request), !open->query.serializable);
  } else if (const auto* list = std::get_if<MemberList>(&request.what)) {
    on_read(std::move(request), list->linearizable);
  } else if (std::holds_alternative<ReadBarrier>(request.what) ||
             std::holds_alternative<Downgrade>(request.what)) {
    on_read(std::move(request), true);
  } else if (dispatch_to_leader(request)) {
    return;
  } else if (auto* history = std::get_if<WatchHistory>(&request.what)) {
    WatchHistory taken = std::move(*history);
    on_watch_history(std::move(request), std::move(taken));
  } else if (!dispatch_stream(request) && !dispatch_question(request)) {
    dispatch_maintenance(std::move(request));
  }
}

// While an entry is half applied, or the state is about to be replaced, nobody looks at it.
bool Core::must_wait(const Request& request) const {
  return state_moves() && !std::holds_alternative<Proposal>(request.what) &&
         !std::holds_alternative<LeaseKeepAlive>(request.what) &&
         !std::holds_alternative<CallGone>(request.what) &&
         !std::holds_alternative<RangeStreamMore>(request.what) &&
         !std::holds_alternative<SnapshotMore>(request.what);
}

bool Core::dispatch_stream(Request& request) {
  if (std::holds_alternative<RangeStreamMore>(request.what)) {
    next_stream_chunk(std::move(request));
  } else if (std::holds_alternative<SnapshotMore>(request.what)) {
    on_snapshot_more(std::move(request));
  } else if (std::holds_alternative<CallGone>(request.what)) {
    streams_.erase({request.to.sink, request.to.call_id});
    snapshots_.erase({request.to.sink, request.to.call_id});
    std::erase_if(held_, [&](const Request& held) {
      return held.to.sink == request.to.sink && held.to.call_id == request.to.call_id;
    });
  } else {
    return false;
  }
  return true;
}

// What is answered at once from the node's own state.
bool Core::dispatch_question(const Request& request) {
  if (std::holds_alternative<WatchCreate>(request.what)) {
    // Answered behind the events of this turn: everything up to `current` is history for the
    // watcher.
    answers_.object(request, std::make_shared<watch::WatchStart>(
                                 watch::WatchStart{store().current(), store().compacted()}));
  } else if (std::holds_alternative<LeaseLeases>(request.what)) {
    on_leases(request);
  } else if (std::holds_alternative<MaintenanceStatus>(request.what)) {
    on_status(request);
  } else if (const auto* alarms = std::get_if<AlarmList>(&request.what)) {
    on_alarm_list(request, *alarms);
  } else if (const auto* move = std::get_if<MoveLeader>(&request.what)) {
    on_move_leader(request, *move);
  } else {
    return false;
  }
  return true;
}

// What only the leader knows or may propose; false: something else.
bool Core::dispatch_to_leader(Request& request) {
  if (const auto* keep = std::get_if<LeaseKeepAlive>(&request.what)) {
    keep->from_peer ? await_applied(std::move(request))
                    : on_keep_alive(std::move(request), LeaseKeepAlive(*keep));
  } else if (const auto* ttl = std::get_if<LeaseTimeToLive>(&request.what)) {
    ttl->from_peer ? await_applied(std::move(request))
                   : on_time_to_live(std::move(request), LeaseTimeToLive(*ttl));
  } else if (const auto* add = std::get_if<MemberAdd>(&request.what)) {
    on_member_add(std::move(request), MemberAdd(*add));
  } else if (const auto* gone = std::get_if<MemberRemove>(&request.what)) {
    on_member_remove(std::move(request), MemberRemove(*gone));
  } else if (const auto* moved = std::get_if<MemberUpdate>(&request.what)) {
    on_member_update(std::move(request), MemberUpdate(*moved));
  } else if (const auto* promote = std::get_if<MemberPromote>(&request.what)) {
    on_member_promote(std::move(request), MemberPromote(*promote));
  } else {
    return false;
  }
  return true;
}

void Core::dispatch_maintenance(Request&& request) {
  if (std::holds_alternative<Hash>(request.what)) {
    on_hash(std::move(request));
  } else if (const auto* hash = std::get_if<HashKv>(&request.what)) {
    const HashKv wanted = *hash;
    on_hash_kv(std::move(request), wanted);
  } else if (std::holds_alternative<Defragment>(request.what)) {
    on_defragment(std::move(request));
  } else {
    CHECK(std::holds_alternative<SnapshotOpen>(request.what));
    on_snapshot(std::move(request));
  }
}

void Core::tick_if_due() {
  const TimePoint now = env_.clock.now();
  if (now < next_tick_) return;
  // At most one tick a turn: a process that was stopped for a while must not elect itself, nor end
  // leases, before it has read what its peers and clients sent meanwhile.
  next_tick_ = now - next_tick_ > settings_.heartbeat ? now + settings_.heartbeat
                                                      : next_tick_ + settings_.heartbeat;
  raft_.tick();
  campaign_if_alone();
  expire_pending();
  expire_leases();
  auto_compact();
  publish_self();
  decide_cluster_version();
  retry_forwards(now);
  take_head_start(now);
  leave_if_due(now);
  if (!old_stores_.empty() || stale_generations_) forget_old_stores();
  ask_reads_again(now);
  for (auto& [round, waiting] : read_rounds_)
    std::erase_if(waiting.requests, [&](Request& r) {
      if (now - r.started < std::chrono::seconds(5) + 2 * settings_.election) return false;
      metrics_->failed_reads.add();
      answers_.fail(r, Status(Code::kUnavailable, "etcdserver: request timed out"));
      return true;
    });
}

void Core::campaign_if_alone() {
  // A lone voter needs nobody's answer: it does not wait for an election timeout.
  if (raft_.in_lone_group() && raft_.role() == raft::RoleKind::kFollower &&
      raft_.applied() == raft_.commit())
    raft_.campaign();
}

void Core::run_raft() {
  while (raft_.has_output()) {
    raft::Output output = raft_.take_output();
    hand_to_log(output);
    if (!output.messages.empty()) send_messages(std::move(output.messages));
    for (raft::Entry& entry : output.committed) committed_.push_back(std::move(entry));
    for (const raft::ReadState& read : output.reads) {
      const auto round = read_rounds_.find(read.id);
      if (round == read_rounds_.end()) continue;
      ready_reads_.push_back({read.index, std::move(round->second.requests)});
      read_rounds_.erase(round);
    }
    for (const uint64_t id : output.dropped_reads) {
      const auto round = read_rounds_.find(id);
      if (round == read_rounds_.end()) continue;
      for (const Request& r : round->second.requests)
        answers_.fail(r, Status(Code::kUnavailable, "etcdserver: leader changed"));
      read_rounds_.erase(round);
    }
    if (output.role_changed) role_changed();
  }
}

void Core::hand_to_log(raft::Output& output) {
  if (output.batch == 0) return;
  LogBatch batch;
  if (output.install) begin_install(*output.install, batch);
  batch.number = output.batch;
  batch.must_sync = output.must_sync;
  batch.entries.reserve(output.entries.size());
  for (raft::Entry& entry : output.entries)
    batch.entries.push_back(
        {entry.index, entry.term, static_cast<uint8_t>(entry.type), std::move(entry.data)});
  if (output.hard_state)
    batch.state = wal::HardStateRecord{output.hard_state->term, output.hard_state->vote,
                                       output.hard_state->commit};
  log_writer_->submit(std::move(batch));
}

void Core::role_changed() {
  if (raft_.leader() != last_leader_) {
    if (raft_.leader().value != 0) metrics_->leader_changes.add();
    last_leader_ = raft_.leader();
    leader_since_ = env_.clock.now();
    for (WatchSink* sink : watch_sinks_) sink->on_leader(last_leader_.value != 0);
    env_.log.info("raft leader changed", {{"local-member-id", hex(raft_.id().value)},
                                          {"leader-id", hex(last_leader_.value)},
                                          {"term", raft_.term().value}});
  }
  if (was_leader_ && !leads()) lessor().demote();
  was_leader_ = leads();
  if (!leads()) leader_entry_applied_ = false;
  metrics_->has_leader.set(raft_.leader().value != 0);
  metrics_->is_leader.set(leads());
  metrics_->is_learner.set(raft_.is_learner());
}

void Core::publish_facts() {
  const Revision current = store().current();
  metrics_->committed.set(static_cast<int64_t>(raft_.commit().value));
  metrics_->applied.set(static_cast<int64_t>(raft_.applied().value));
  metrics_->pending.set(static_cast<int64_t>(pending_.open()));
  metrics_->current_revision.set(current.value);
  metrics_->compact_revision.set(store().compacted().value);
  const auto file_bytes = static_cast<int64_t>(store().sizes().file_bytes);
  MutexLock lock(facts_mutex_);
  facts_.member = raft_.id();
  facts_.cluster = opened_.identity.cluster;
  facts_.leader = raft_.leader();
  facts_.term = raft_.term();
  facts_.committed = raft_.commit();
  facts_.applied = raft_.applied();
  facts_.revision = current;
  facts_.quota_left = settings_.quota_bytes - file_bytes;
  facts_.learner = raft_.is_learner();
  facts_.downgrade_enabled = membership().downgrade_enabled();
  facts_.alarm_nospace = alarms().any(apply::kAlarmNoSpace);
  facts_.alarm_corrupt = alarms().any(apply::kAlarmCorrupt);
  const std::string& version = membership().cluster_version();
  if (facts_.cluster_version != version || version.empty()) {
    facts_.cluster_version = version.empty() ? "not_decided" : version;
    facts_.storage_version = version.empty() ? "unknown" : version;
  }
}

TimePoint Core::next_deadline() const { return std::min(next_tick_, persist_due_); }

void Core::stop() {
  post_done([this] { stopping_ = true; });
}

void Core::check_invariants() const {
  raft_.check_invariants();
  store().check_invariants();
  CHECK(store().applied() <= raft_.commit());
}

bool Core::quota_allows(int64_t cost) const {
  return static_cast<int64_t>(store().sizes().file_bytes) + cost < settings_.quota_bytes;
}

apply::HeaderFacts Core::header() const {
  return {opened_.identity.cluster, opened_.identity.member, raft_.term()};
}

}  // namespace keelson::node
