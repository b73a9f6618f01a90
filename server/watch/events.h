// What the node hands to the watchers of a client loop, and what it answers when they ask for the
// past. These types cross threads; the bytes they point to are owned by what travels with them.
#pragma once

#include <memory>
#include <vector>

#include "base/ids.h"
#include "mvcc/store.h"
#include "mvcc/types.h"

namespace keelson::watch {

// Events of one or more applied entries, encoded once, shared by all client loops.
struct EventBatch {
  struct Item {
    mvcc::Event event;
    bool prev_in_memory = false;  // prev_kv is filled, or the event has no previous version
  };
  std::vector<Item> items;                         // in revision order; revisions are complete
  Revision first;                                  // lowest revision in it
  Revision last;                                   // every event up to here has now been handed out
  std::vector<std::shared_ptr<const void>> holds;  // own the bytes
};

// A client loop's watchers, as the node sees them. on_events is called on the node thread once a
// turn, before the answers of the same turn are delivered; it must only queue and wake.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  // True while this loop has no watcher: the node then spares it the events. A loop turns this off
  // before it submits its first WatchCreate. Any thread.
  virtual bool idle() const { return false; }
  virtual void on_events(std::shared_ptr<const EventBatch> batch) = 0;
  // Compaction moved; watchers behind it must end.
  virtual void on_compacted(Revision compacted) = 0;
  // The state jumped to `last` (a snapshot from the leader): what lies between was not handed out,
  // and watchers read it as history.
  virtual void on_jump(Revision last) = 0;
  // has_leader changed (hasleader streams end after three election timeouts without one).
  virtual void on_leader(bool has_leader) = 0;
};

// Where a new watcher stands, in order with the events that the node hands to its loop.
struct WatchStart {
  Revision current;    // the watcher sees events of revisions above this live
  Revision compacted;  // kNeverCompacted if none
};

// One slice of the past.
struct HistoryAnswer {
  mvcc::HistoryChunk chunk;  // when status is ok
  Revision current;          // store revision when the slice was taken
  Revision compacted;        // > 0 and above query.from: the watcher was overtaken, no chunk
};

}  // namespace keelson::watch
