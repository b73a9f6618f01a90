// The life of a watcher. Its create waits for the node's word on the current revision (ask_start),
// is answered, and then it is
//   live      when nothing at or below the loop's position is missing to it,
//   behind    when something is: it started in the past, its stream had no room, a previous value
//   was
//             not in memory, or the loop lost events. It then takes part in slices of history
//             (hub_history.cc), or is parked in its stream until that has room, and joins the live
//             ones (hub_live.cc) when it has caught up,
//   dead      when compaction overtook it while it was behind.
#include "watch/hub.h"

#include <algorithm>

#include "base/check.h"
#include "watch/slice.h"

namespace keelson::watch {
namespace {

constexpr Duration kProgressIntervalMin = std::chrono::milliseconds(100);
constexpr const char* kCompactedText = "etcdserver: mvcc: required revision has been compacted";
constexpr const char* kEmptyRangeText = "mvcc: watcher range is empty";
constexpr const char* kDuplicateIdText = "mvcc: duplicate watch ID provided on the WatchStream";

Status flooded() {
  return {Code::kResourceExhausted,
          "keelson: too many requests waiting on a stream that is not read"};
}

}  // namespace

HubMetrics::HubMetrics(Registry& registry)
    : watchers(registry.gauge("etcd_debugging_mvcc_watcher_total", "Total number of watchers.")),
      streams(registry.gauge("etcd_debugging_mvcc_watch_stream_total",
                             "Total number of watch streams.")),
      slow_watchers(registry.gauge("etcd_debugging_mvcc_slow_watcher_total",
                                   "Total number of unsynced slow watchers.")),
      pending_events(registry.gauge("etcd_debugging_mvcc_pending_events_total",
                                    "Total number of pending events to be sent.")),
      events(registry.counter("etcd_debugging_mvcc_events_total",
                              "Total number of events sent by this member.")),
      control_seconds(registry.histogram(
          "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds",
          "The total duration in seconds of the send loop for the control stream.", 0.001, 2, 14)),
      progress_seconds(registry.histogram(
          "etcd_debugging_server_watch_send_loop_progress_duration_seconds",
          "The total duration in seconds of the send loop for progress.", 0.001, 2, 14)),
      send_seconds(registry.histogram(
          "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds",
          "The total duration in seconds of the send loop for events.", 0.001, 2, 14)),
      send_per_event_seconds(registry.histogram(
          "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds",
          "The average duration per event in seconds of the send loop for events.", 0.001, 2, 14)) {
}

LoopHub::LoopHub(Source& source, HubSettings settings, const Clock& clock, Rng& rng,
                 Registry& registry)
    : source_(source),
      settings_(settings),
      clock_(clock),
      rng_(rng),
      metrics_(registry),
      inbox_(settings.inbox_bytes) {}

LoopHub::~LoopHub() = default;

// ---- from the node
// ---------------------------------------------------------------------------------

void LoopHub::push_events(Batch batch) {
  if (inbox_.push(std::move(batch))) source_.wake();
}

void LoopHub::push_compacted(Revision revision) {
  if (inbox_.push(Compacted{revision})) source_.wake();
}

void LoopHub::push_jump(Revision last) {
  if (inbox_.push(Lost{last})) source_.wake();
}

void LoopHub::push_start(uint64_t token, Status status, WatchStart start) {
  if (inbox_.push(StartAnswer{token, std::move(status), start})) source_.wake();
}

void LoopHub::push_slice(uint64_t token, Status status, std::shared_ptr<HistoryAnswer> answer) {
  if (inbox_.push(SliceAnswer{token, std::move(status), std::move(answer)})) source_.wake();
}

// ---- streams
// ---------------------------------------------------------------------------------------

WatchStream* LoopHub::open(Outlet& outlet) {
  auto stream = std::make_unique<WatchStream>(outlet);
  WatchStream* raw = stream.get();
  const Duration interval = std::max(settings_.progress_interval, kProgressIntervalMin);
  raw->created = source_.now();
  raw->progress_interval =
      interval + Duration(rng_.below(static_cast<uint64_t>(interval.count() / 10)));
  streams_.emplace(raw, std::move(stream));
  metrics_.streams.add(1);
  set_stream_limit();
  return raw;
}

void LoopHub::close(WatchStream* stream) {
  stream->ended = true;
  if (in_turn_) {
    closed_.push_back(stream);
    return;
  }
  while (!stream->watchers.empty()) remove_watcher(*stream->watchers.begin()->second);
  for (const Op& op : stream->ops) {
    const auto* create = std::get_if<CreateOp>(&op);
    if (create == nullptr) continue;
    starts_.erase(create->token);
    creating_--;
  }
  if (stream->next_tick) ticks_.erase({*stream->next_tick, stream});
  std::erase(attention_, stream);
  CHECK(stream->behind == 0 && stream->parked.empty());
  streams_.erase(stream);
  metrics_.streams.add(-1);
  set_stream_limit();
  go_idle_if_unused();
}

void LoopHub::set_stream_limit() {
  const size_t share = limits::kWatchLoopBytes / std::max<size_t>(streams_.size(), 1);
  stream_limit_bytes_ = std::clamp(share, limits::kWatchStreamBytesMin, limits::kWatchStreamBytes);
}

bool LoopHub::has_room(const WatchStream& stream) const {
  return !stream.ended && stream.outlet.output_bytes() < stream_limit_bytes_;
}

void LoopHub::drained(WatchStream& stream) {
  attention_.push_back(&stream);
  source_.wake();
}

// ---- requests
// --------------------------------------------------------------------------------------

void LoopHub::push_op(WatchStream& stream, Op&& op) {
  if (stream.ops.size() >= limits::kWatchRequestsWaiting) {
    if (!std::exchange(stream.ended, true)) stream.outlet.end(flooded());
    return;
  }
  stream.ops.push_back(std::move(op));
}

// The node must see this loop as busy before it answers, and until the create has run: from the
// answer on no event may be missed.
void LoopHub::create(WatchStream& stream, CreateRequest request) {
  if (stream.ended) return;
  idle_.store(false, std::memory_order_release);
  const uint64_t token = ++last_token_;
  push_op(stream, CreateOp{.token = token, .request = std::move(request)});
  if (stream.ended) return;
  starts_.emplace(token, &stream);
  creating_++;
  source_.ask_start(token);
}

void LoopHub::cancel(WatchStream& stream, int64_t watch_id) {
  if (stream.ended) return;
  push_op(stream, CancelOp{watch_id});
  attention_.push_back(&stream);
  turn();
}

// Answered from a turn, so behind every event that the node has handed over by now.
void LoopHub::request_progress(WatchStream& stream) {
  if (stream.ended) return;
  push_op(stream, ProgressOp{});
  attention_.push_back(&stream);
  turn();
}

void LoopHub::run_ops(WatchStream& stream) {
  if (stream.ops.empty()) return;
  const TimePoint started = clock_.now();
  while (!stream.ops.empty() && has_room(stream) && run_op(stream, stream.ops.front()))
    stream.ops.pop_front();
  metrics_.control_seconds.observe_seconds((clock_.now() - started).count());
}

// False when the request must wait.
bool LoopHub::run_op(WatchStream& stream, Op& op) {
  if (auto* create = std::get_if<CreateOp>(&op)) {
    if (!create->answered) return false;
    creating_--;
    run_create(stream, *create);
  } else if (const auto* cancel = std::get_if<CancelOp>(&op)) {
    run_cancel(stream, cancel->watch_id);
  } else {
    run_progress(stream);
  }
  return true;
}

void LoopHub::send_control(WatchStream& stream, Revision revision, int64_t watch_id,
                           const Flags& flags) {
  if (stream.ended) return;
  stream.outlet.send(encode_head(encode_header(ids(), revision), watch_id, flags));
}

// Why the create is refused, or null.
const char* LoopHub::refusal(const WatchStream& stream, const CreateRequest& request) const {
  const mvcc::KeyRange range{request.key, request.end};
  if (request.start_revision < 0) return kCompactedText;
  if (!range.single() && !range.open_ended() && range.key >= range.end) return kEmptyRangeText;
  if (request.watch_id != 0 && stream.watchers.contains(request.watch_id)) return kDuplicateIdText;
  return nullptr;
}

void LoopHub::run_create(WatchStream& stream, CreateOp& op) {
  if (!op.status.ok()) {
    if (!std::exchange(stream.ended, true)) stream.outlet.end(op.status);
    return;
  }
  if (op.request.key.empty()) op.request.key.assign(1, '\0');
  if (const char* reason = refusal(stream, op.request); reason != nullptr) {
    return send_control(stream, op.start.current, kNoWatchId,
                        {.created = true, .canceled = true, .cancel_reason = reason});
  }
  Watcher& watcher = add_watcher(stream, op);
  send_control(stream, op.start.current, watcher.id, {.created = true});
  if (watcher.next <= position_ && watcher.next < compacted_)
    end_overtaken(watcher);
  else
    settle(watcher);
}

Watcher& LoopHub::add_watcher(WatchStream& stream, CreateOp& op) {
  CreateRequest& request = op.request;
  auto watcher = std::make_unique<Watcher>();
  watcher->id = request.watch_id;
  if (watcher->id == 0) {
    while (stream.watchers.contains(stream.next_id)) stream.next_id++;
    watcher->id = stream.next_id++;
  }
  watcher->stream = &stream;
  watcher->key = std::move(request.key);
  watcher->end = std::move(request.end);
  watcher->progress_notify = request.progress_notify;
  watcher->prev_kv = request.prev_kv;
  watcher->no_put = request.no_put;
  watcher->no_delete = request.no_delete;
  watcher->fragment = request.fragment;
  watcher->start = Revision(request.start_revision);
  watcher->next = request.start_revision == 0 ? op.start.current.next() : watcher->start;
  Watcher& added = *watcher;
  stream.watchers.emplace(added.id, std::move(watcher));
  metrics_.watchers.add(1);
  active_++;
  if (added.prev_kv) source_.count_prev_kv_watchers(1);
  set_behind(added);
  if (added.progress_notify) schedule_ticks(stream);
  return added;
}

void LoopHub::run_cancel(WatchStream& stream, int64_t watch_id) {
  const auto found = stream.watchers.find(watch_id);
  if (found == stream.watchers.end()) return;
  remove_watcher(*found->second);
  send_control(stream, position_, watch_id, {.canceled = true});
  answer_held_progress(stream);
}

// Takes the watcher out of whatever it is in; what it had asked for stays to be answered to nobody.
void LoopHub::detach(Watcher& watcher) {
  if (watcher.state == Watcher::State::kDead) return;
  if (watcher.state == Watcher::State::kLive) {
    leave(watcher);
  } else {
    WatcherList::remove(watcher);
    if (watcher.slice != nullptr) watcher.slice->forget(watcher);
    watcher.slice = nullptr;
    end_behind(watcher);
  }
  watcher.state = Watcher::State::kDead;
  if (watcher.prev_kv) source_.count_prev_kv_watchers(-1);
}

// Only here does a watcher stop to count as one: of a dead one the client will still ask the end,
// and the answer names the current revision, which a loop that dozes does not know.
void LoopHub::remove_watcher(Watcher& watcher) {
  detach(watcher);
  active_--;
  metrics_.watchers.add(-1);
  watcher.stream->watchers.erase(watcher.id);
}

// ---- progress
// --------------------------------------------------------------------------------------

namespace {

bool all_started(const WatchStream& stream, Revision position) {
  return std::all_of(stream.watchers.begin(), stream.watchers.end(),
                     [&](const auto& entry) { return entry.second->start <= position; });
}

bool any_dead(const WatchStream& stream) {
  return std::any_of(stream.watchers.begin(), stream.watchers.end(), [](const auto& entry) {
    return entry.second->state == Watcher::State::kDead;
  });
}

}  // namespace

// etcd drops the request when a watcher lags. A lag here is mostly one read of history, so the
// request is held for the moment when all have caught up; only one, because one answer serves all
// that ask.
void LoopHub::run_progress(WatchStream& stream) {
  if (stream.watchers.empty() || any_dead(stream) || !all_started(stream, position_)) return;
  stream.progress_held = true;
  answer_held_progress(stream);
}

void LoopHub::answer_held_progress(WatchStream& stream) {
  if (!stream.progress_held || stream.behind > 0) return;
  stream.progress_held = false;
  if (stream.watchers.empty() || any_dead(stream) || !all_started(stream, position_)) return;
  send_control(stream, position_, kNoWatchId, {});
}

// Ticks stand on the grid that begins with the stream, as a ticker made with it would.
void LoopHub::schedule_ticks(WatchStream& stream) {
  if (stream.next_tick) return;
  const Duration age = source_.now() - stream.created;
  const auto passed = age.count() / stream.progress_interval.count();
  stream.next_tick = stream.created + stream.progress_interval * (passed + 1);
  ticks_.emplace(*stream.next_tick, &stream);
}

void LoopHub::run_ticks() {
  if (ticks_.empty() || ticks_.begin()->first > source_.now()) return;
  const TimePoint started = clock_.now();
  while (!ticks_.empty() && ticks_.begin()->first <= source_.now()) {
    WatchStream& stream = *ticks_.begin()->second;
    ticks_.erase(ticks_.begin());
    stream.next_tick.reset();
    if (tick(stream)) schedule_ticks(stream);
  }
  metrics_.progress_seconds.observe_seconds((clock_.now() - started).count());
}

// A word to each watcher that had nothing for a whole interval and has missed nothing. False when
// no watcher wants ticks any more.
bool LoopHub::tick(WatchStream& stream) {
  bool wanted = false;
  for (auto& [id, watcher] : stream.watchers) {
    if (!watcher->progress_notify) continue;
    wanted = true;
    const bool synced = watcher->state == Watcher::State::kLive && watcher->start <= position_;
    if (watcher->quiet && synced && has_room(stream)) send_control(stream, position_, id, {});
    watcher->quiet = true;
  }
  return wanted;
}

// ---- turns
// -----------------------------------------------------------------------------------------

const Ids& LoopHub::ids() {
  if (!ids_) ids_ = source_.ids();
  return *ids_;
}

void LoopHub::turn() {
  CHECK(!in_turn_);
  in_turn_ = true;
  inbox_.take(incoming_);
  for (Incoming& item : incoming_) receive(item);
  incoming_.clear();
  attend_streams();
  start_slices();
  run_ticks();
  if (starts_.empty() && slices_.empty()) forget_recent();
  if (const uint64_t events = std::exchange(delivered_, 0); events > 0) metrics_.events.add(events);
  ids_.reset();
  in_turn_ = false;
  for (WatchStream* stream : std::exchange(closed_, {})) close(stream);
  go_idle_if_unused();
  arm_timer();
}

// Streams that have room again, or a request that can be answered at once.
void LoopHub::attend_streams() {
  for (WatchStream* stream : std::exchange(attention_, {})) {
    while (!stream->parked.empty() && has_room(*stream)) {
      Watcher& watcher = *stream->parked.front();
      WatcherList::remove(watcher);
      eligible_.push_back(watcher);
    }
    run_ops(*stream);
  }
}

void LoopHub::go_idle_if_unused() {
  if (active_ == 0 && creating_ == 0) idle_.store(true, std::memory_order_release);
}

void LoopHub::arm_timer() {
  TimePoint next = ticks_.empty() ? TimePoint::max() : ticks_.begin()->first;
  if (!eligible_.empty() && retry_at_ > source_.now()) next = std::min(next, retry_at_);
  if (next == timer_) return;
  timer_ = next;
  if (next != TimePoint::max()) source_.wake_at(next);
}

void LoopHub::check_invariants() const {
  live_.check_invariants();
  size_t active = 0;
  for (const auto& [raw, stream] : streams_) {
    size_t behind = 0;
    for (const auto& [id, watcher] : stream->watchers) {
      CHECK(watcher->id == id && watcher->stream == raw);
      active++;
      if (watcher->state == Watcher::State::kDead) continue;
      if (watcher->state == Watcher::State::kLive) {
        CHECK(groups_[watcher->group].watchers[watcher->place] == watcher.get());
        continue;
      }
      behind++;
      CHECK(watcher->list == nullptr || watcher->slice == nullptr);
      CHECK(watcher->list != nullptr || watcher->slice != nullptr);
    }
    CHECK(behind == stream->behind);
  }
  CHECK(active == active_ && starts_.size() <= creating_);
  CHECK(!idle() || active_ + creating_ == 0);
  CHECK(slices_.size() <= limits::kWatchSlicesAtOnce);
  CHECK(recent_.empty() || recent_.back()->last == position_);
}

}  // namespace keelson::watch
