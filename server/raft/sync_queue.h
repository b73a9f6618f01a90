// The batches that the log thread has been given and has not reported as synced. They are known by
// number: an index would be ambiguous, since a later batch may overwrite what an earlier one wrote.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/ids.h"

namespace keelson::raft {

class SyncQueue {
 public:
  uint64_t issued() const { return issued_; }
  uint64_t synced() const { return synced_; }
  // The newest batch that somebody may have to wait for; 0 before the first.
  uint64_t last_promise() const { return last_promise_; }
  // Bytes of entries that are under way, overwritten ones included: their memory is in use.
  uint64_t bytes() const { return bytes_; }

  // A batch whose last entry is `last` (0: none) leaves at `tick`.
  uint64_t issue(Index last, uint64_t bytes, uint64_t tick);
  // A batch that nobody waits for.
  uint64_t issue_lazy() { return ++issued_; }
  // Batches up to `number` are durable. Returns the last index known to be stable through them and
  // not overwritten since (0: none).
  Index complete(uint64_t number);
  // Entries behind `last` have been overwritten or dropped.
  void clamp(Index last);
  // When the oldest batch under way left.
  std::optional<uint64_t> oldest_tick() const;

  void check_invariants() const;

 private:
  struct Batch {
    uint64_t number;
    Index last;
    uint64_t bytes;
    uint64_t tick;
  };
  std::deque<Batch> under_way_;
  uint64_t issued_ = 0;
  uint64_t synced_ = 0;
  uint64_t last_promise_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace keelson::raft
