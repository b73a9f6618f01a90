// The watchers of one client loop: created, matched, fed and ended here. See hub.cc for the life of
// a watcher. Everything runs on the loop's thread except the push methods.
//
// Order. What the node hands over passes through one inbox, so an answer stands where it belongs
// among the events. `position` is the revision up to which the loop has seen all events; each live
// watcher has got everything up to there. A watcher that is behind reads history in slices and
// becomes live again only here, when its next revision is the loop's next.
//
// Memory. Events are kept nowhere for a watcher: a stream without room, a loop that lags and a
// watcher in the past all fall back to reading history. What is bounded is in base/limits.h
// (watch).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "watch/encode.h"
#include "watch/inbox.h"
#include "watch/range_set.h"
#include "watch/watcher.h"

namespace keelson::watch {

// What the hub needs from outside; called on the loop's thread.
class Source {
 public:
  virtual ~Source() = default;
  // Answered by push_start and push_slice with the same token.
  virtual void ask_start(uint64_t token) = 0;
  virtual void ask_slice(uint64_t token, mvcc::HistoryQuery&& query) = 0;
  virtual void count_prev_kv_watchers(int delta) = 0;
  virtual Ids ids() const = 0;
  virtual TimePoint now() const = 0;
  // turn() is wanted at that time; replaces what was asked before.
  virtual void wake_at(TimePoint when) = 0;
  // turn() is wanted soon. Any thread.
  virtual void wake() = 0;
};

struct HubSettings {
  Duration progress_interval = std::chrono::minutes(10);
  // A response of this size is split, if that was asked for.
  size_t fragment_bytes = 2 * 1024 * 1024;
  size_t inbox_bytes = limits::kWatchInboxBytes;
  size_t recent_bytes = limits::kWatchRecentBytes;
};

struct HubMetrics {
  explicit HubMetrics(Registry& registry);
  Gauge& watchers;
  Gauge& streams;
  Gauge& slow_watchers;
  Gauge& pending_events;
  Counter& events;
  Histogram& control_seconds;
  Histogram& progress_seconds;
  Histogram& send_seconds;
  Histogram& send_per_event_seconds;
};

class LoopHub {
 public:
  // `clock` is only read for the duration metrics.
  LoopHub(Source& source, HubSettings settings, const Clock& clock, Rng& rng, Registry& registry);
  ~LoopHub();

  // ---- from the node, any thread
  // -----------------------------------------------------------------
  bool idle() const { return idle_.load(std::memory_order_acquire); }
  void push_events(Batch batch);
  void push_compacted(Revision revision);
  void push_jump(Revision last);
  void push_start(uint64_t token, Status status, WatchStart start);
  void push_slice(uint64_t token, Status status, std::shared_ptr<HistoryAnswer> answer);

  // ---- from the streams
  // ----------------------------------------------------------------------------
  WatchStream* open(Outlet& outlet);
  void close(WatchStream* stream);
  void create(WatchStream& stream, CreateRequest request);
  void cancel(WatchStream& stream, int64_t watch_id);
  void request_progress(WatchStream& stream);
  // The stream's output fell below the low-water mark again. Only notes it and asks for a turn.
  void drained(WatchStream& stream);

  // ---- from the loop
  // ------------------------------------------------------------------------------- Works off the
  // inbox, starts slices, runs timers. Cheap when there is nothing to do.
  void turn();

  Revision position() const { return position_; }
  void check_invariants() const;

 private:
  using Items = std::span<const EventBatch::Item>;
  using Events = std::vector<const mvcc::Event*>;
  using Hits = std::vector<uint32_t>;  // places in the events that are looked at
  using Shared = std::shared_ptr<const std::string>;
  using Op = WatchOp;

  // Watchers of one range; `hits` is in use while one revision is delivered.
  struct Group {
    std::vector<Watcher*> watchers;
    Hits hits;
  };
  // A response's events as watchers with the same wishes share them.
  struct Tail {
    bool made = false;
    bool past_needed = false;  // a previous value is wanted and not in memory
    uint32_t events = 0;
    Shared bytes{};
  };

  // hub.cc: streams, requests, progress, turns
  void set_stream_limit();
  bool has_room(const WatchStream& stream) const;
  void push_op(WatchStream& stream, Op&& op);
  void run_ops(WatchStream& stream);
  bool run_op(WatchStream& stream, Op& op);
  void run_create(WatchStream& stream, CreateOp& op);
  void run_cancel(WatchStream& stream, int64_t watch_id);
  void run_progress(WatchStream& stream);
  const char* refusal(const WatchStream& stream, const CreateRequest& request) const;
  Watcher& add_watcher(WatchStream& stream, CreateOp& op);
  void detach(Watcher& watcher);
  void remove_watcher(Watcher& watcher);
  void send_control(WatchStream& stream, Revision revision, int64_t watch_id, const Flags& flags);
  void answer_held_progress(WatchStream& stream);
  void schedule_ticks(WatchStream& stream);
  void run_ticks();
  bool tick(WatchStream& stream);
  void attend_streams();
  void go_idle_if_unused();
  void arm_timer();
  const Ids& ids();

  // hub_live.cc: events as they come
  void receive(Incoming& incoming);
  void on_start(StartAnswer&& answer);
  void on_batch(Batch&& batch);
  void on_lost(Revision last);
  void observe_delivery(Duration took, uint64_t events);
  void forget_recent();
  void deliver_revision(Items items);
  void deliver_group(Group& group, Items items);
  Tail make_tail(const Group& group, Items items, const Watcher& like);
  static Events wanted_events(const Watcher& watcher, const Hits& hits, Items items);
  Shared single_event(Items items, uint32_t place, bool prev);
  void send_events(Watcher& watcher, std::string_view header, const Tail& tail);
  void join(Watcher& watcher);
  void leave(Watcher& watcher);
  void fall_behind(Watcher& watcher, Revision next, uint32_t events);
  bool replay_recent(Watcher& watcher);
  bool replay_revision(Watcher& watcher, Items items);

  // hub_history.cc: the past
  void set_behind(Watcher& watcher);
  void end_behind(Watcher& watcher);
  void wait(Watcher& watcher);
  void settle(Watcher& watcher);
  void end_overtaken(Watcher& watcher);
  void start_slices();
  std::unique_ptr<Slice> gather_slice();
  bool takes_part(Watcher& watcher, const Slice& slice);
  void ask_for(std::unique_ptr<Slice> slice);
  void on_slice(SliceAnswer&& incoming);
  void deliver_slice(Slice& slice, const HistoryAnswer& answer);
  void deliver_past(Watcher& watcher, const Hits& hits, const std::vector<mvcc::Event>& events,
                    std::string_view header);
  void send_past(Watcher& watcher, std::string_view header, const Events& events);
  void send_fragments(Watcher& watcher, std::string_view header, const Events& events);
  // Bytes of events from which a response may be too large; send_fragments looks closer.
  size_t split_above() const { return settings_.fragment_bytes - kHeadBytesMax; }
  static constexpr size_t kHeadBytesMax = 96;

  Source& source_;
  const HubSettings settings_;
  const Clock& clock_;
  Rng& rng_;
  HubMetrics metrics_;
  Inbox inbox_;
  std::atomic<bool> idle_{true};

  std::unordered_map<WatchStream*, std::unique_ptr<WatchStream>> streams_;
  std::unordered_map<uint64_t, WatchStream*> starts_;  // creates that the node has not answered
  uint64_t last_token_ = 0;
  size_t stream_limit_bytes_ = limits::kWatchStreamBytes;
  size_t active_ = 0;    // watchers, the dead ones as well
  size_t creating_ = 0;  // creates that have not run: not answered, or their stream has no room
  std::vector<WatchStream*> attention_;  // something may be possible again
  std::vector<WatchStream*> closed_;     // closed inside a turn
  std::set<std::pair<TimePoint, WatchStream*>> ticks_;
  TimePoint timer_ = TimePoint::max();  // what was asked of the source
  std::vector<Incoming> incoming_;
  bool in_turn_ = false;
  std::optional<Ids> ids_;  // for this turn

  Revision position_{0};
  Revision compacted_{0};
  RangeSet live_;
  std::vector<Group> groups_;  // by id in live_
  std::vector<uint32_t> touched_;
  std::vector<std::array<Shared, 2>> singles_;  // by place in the revision, without and with prev
  std::string revision_header_;
  uint64_t delivered_ = 0;
  std::deque<Batch> recent_;  // gapless up to position_
  size_t recent_bytes_ = 0;

  WatcherList eligible_;  // behind, with room, not in a slice
  std::unordered_map<uint64_t, std::unique_ptr<Slice>> slices_;
  TimePoint retry_at_{};
};

}  // namespace keelson::watch
