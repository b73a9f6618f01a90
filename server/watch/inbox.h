// What other threads hand to a loop's watchers, in order. Bounded: a loop that lags loses the
// events (it is told up to where) and its watchers read history instead; everything else is small
// and kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "watch/events.h"

namespace keelson::watch {

using Batch = std::shared_ptr<const EventBatch>;

struct Lost {
  Revision last;  // events up to here were dropped
};
struct Compacted {
  Revision revision;
};
struct StartAnswer {
  uint64_t token = 0;
  Status status;
  WatchStart start;
};
struct SliceAnswer {
  uint64_t token = 0;
  Status status;
  std::shared_ptr<HistoryAnswer> answer;  // null unless the status is ok
};
using Incoming = std::variant<Batch, Lost, Compacted, StartAnswer, SliceAnswer>;

// Bytes that a queued or kept batch counts for.
size_t batch_bytes(const EventBatch& batch);

// All methods: any thread.
class Inbox {
 public:
  explicit Inbox(size_t bytes_max) : bytes_max_(bytes_max) {}

  // True when it was empty: the loop must be woken.
  bool push(Incoming&& item);
  bool push(Batch&& batch);
  // Everything so far; `out` is emptied first and its memory used again.
  void take(std::vector<Incoming>& out);

 private:
  void drop_events() REQUIRES(mutex_);

  const size_t bytes_max_;
  Mutex mutex_;
  std::vector<Incoming> items_ GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace keelson::watch
