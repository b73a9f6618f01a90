// What the leader knows of one other member, and how fast it may send to it (peer.md 5.3).
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace keelson::raft {

// Appends under way to one follower: a ring of (last index, bytes), oldest first.
class Inflights {
 public:
  Inflights(uint32_t count_max, uint64_t bytes_max)
      : count_max_(count_max), bytes_max_(bytes_max) {}

  bool full() const { return count_ >= count_max_ || bytes_ >= bytes_max_; }
  uint32_t count() const { return count_; }
  uint64_t bytes() const { return bytes_; }
  void add(Index last, uint64_t bytes);
  // The follower has everything up to `index`.
  void free_to(Index index);
  void clear();
  void check_invariants() const;

 private:
  struct Slot {
    Index last;
    uint64_t bytes;
  };
  const Slot& slot(uint32_t i) const { return ring_[(start_ + i) % ring_.size()]; }
  void grow();

  uint32_t count_max_;
  uint64_t bytes_max_;
  std::vector<Slot> ring_;
  uint32_t start_ = 0;
  uint32_t count_ = 0;
  uint64_t bytes_ = 0;
};

enum class ProgressState : uint8_t {
  kProbe,      // one append outstanding at a time, until the logs are known to agree
  kReplicate,  // appends leave without waiting, within the limits of Inflights
  kSnapshot,   // a snapshot is on its way, nothing else is sent
};

struct Progress {
  MemberId id;
  ProgressState state = ProgressState::kProbe;
  bool learner = false;
  bool recent_active = false;  // answered since the last check of the quorum
  bool paused = false;         // probing: wait for an answer
  bool poked = false;          // replicating: send one append, even an empty one: news may be lost
  Index match;                 // durable there and equal to ours
  Index next;                  // first entry to be sent
  Index sent_commit;           // the greatest commit it has been told
  Index pending_snapshot;
  Inflights inflights;

  Progress(MemberId member, Index next_index, uint32_t count_max, uint64_t bytes_max)
      : id(member), next(next_index), inflights(count_max, bytes_max) {}

  void become_probe();
  void become_replicate();
  void become_snapshot(Index index);
  // A positive answer; false when it brings nothing new.
  bool acknowledge(Index index);
  // A refusal of the append behind `rejected`; `retry` is the position to try instead. False when
  // it is stale.
  bool refuse(Index rejected, Index retry);

  void check_invariants(Index last_index) const;
};

}  // namespace keelson::raft
