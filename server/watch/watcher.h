// One watch and one stream of watches: state only, all changes are the hub's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "base/clock.h"
#include "base/ids.h"
#include "base/status.h"
#include "mvcc/types.h"
#include "watch/events.h"

namespace keelson::watch {

struct WatchStream;
struct Slice;

// WatchCreateRequest as decoded.
struct CreateRequest {
  std::string key{};
  std::string end{};
  int64_t start_revision = 0;
  int64_t watch_id = 0;
  bool progress_notify = false;
  bool prev_kv = false;
  bool no_put = false;
  bool no_delete = false;
  bool fragment = false;
};

// Where a stream's output goes. Calls come on the loop's thread and must not come back into the
// hub.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void send(std::string message) = 0;
  virtual void send(std::string head, std::shared_ptr<const std::string> tail) = 0;
  virtual size_t output_bytes() const = 0;
  // The stream ends; its close() follows later.
  virtual void end(const Status& status) = 0;
};

struct Watcher;

// A queue that watchers enter and leave from anywhere; a watcher is in one at most.
class WatcherList {
 public:
  WatcherList() = default;
  WatcherList(const WatcherList&) = delete;
  WatcherList& operator=(const WatcherList&) = delete;

  Watcher* front() const { return first_; }
  bool empty() const { return first_ == nullptr; }
  void push_back(Watcher& watcher);
  static void remove(Watcher& watcher);  // from the list it is in, if any
  static Watcher* after(const Watcher& watcher);

 private:
  Watcher* first_ = nullptr;
  Watcher* last_ = nullptr;
};

struct Watcher {
  enum class State : uint8_t {
    kLive,    // gets events as they come
    kBehind,  // waits for history, for room in its stream, or for a slice that is being read
    kDead,    // overtaken by compaction; only its id is left
  };

  WatchStream* stream = nullptr;
  int64_t id = 0;
  std::string key;
  std::string end;
  State state = State::kBehind;
  bool progress_notify = false;
  bool prev_kv = false;
  bool no_put = false;
  bool no_delete = false;
  bool fragment = false;
  bool quiet = true;  // no event since the last progress tick
  Revision start;     // first revision asked for
  // The first revision not delivered yet. Of a live watcher only a lower bound: it has everything
  // up to the hub's position, too.
  Revision next;
  // kLive: its group and its place there.
  uint32_t group = 0;
  size_t place = 0;
  // kBehind: the slice that is being read for it, or null.
  Slice* slice = nullptr;
  int64_t pending_events = 0;  // seen while its stream had no room

  WatcherList* list = nullptr;
  Watcher* list_next = nullptr;
  Watcher* list_previous = nullptr;

  mvcc::KeyRange range() const { return {key, end}; }
  bool wants(const mvcc::Event& event) const { return event.tombstone ? !no_delete : !no_put; }
};

struct CreateOp {
  uint64_t token = 0;
  CreateRequest request{};
  bool answered = false;
  Status status{};
  WatchStart start{};
};
struct CancelOp {
  int64_t watch_id = 0;
};
struct ProgressOp {};
using WatchOp = std::variant<CreateOp, CancelOp, ProgressOp>;

struct WatchStream {
  explicit WatchStream(Outlet& to) : outlet(to) {}

  Outlet& outlet;
  std::unordered_map<int64_t, std::unique_ptr<Watcher>> watchers;
  int64_t next_id = 0;
  // Requests in the order in which they came; the first one may wait for the node or for room.
  std::deque<WatchOp> ops;
  size_t behind = 0;           // watchers in kBehind
  WatcherList parked;          // those of them that wait for room
  bool progress_held = false;  // a progress request waits for them to catch up
  bool ended = false;
  TimePoint created{};
  Duration progress_interval{};
  std::optional<TimePoint> next_tick;
};

}  // namespace keelson::watch
