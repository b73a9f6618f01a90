// Linearizable reads without log entries (thesis 6.4). The leader numbers the reads of its term
// from 1; a round is a heartbeat that carries the number of the newest read, and a quorum that
// echoes n proves that this leader was still the leader after reads 1..n had been asked.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace keelson::raft {

struct ReadRequest {
  MemberId from;        // nobody: this member itself
  uint64_t id = 0;      // of an own read
  std::string context;  // of a forwarded one, to be given back as it came
  Index index;          // commit when it was asked
};

class ReadBarrier {
 public:
  void add(ReadRequest request);
  bool empty() const { return open_.empty(); }
  // Reads are waiting that no round covers, and the network is not full of rounds already.
  bool round_due() const { return asked_ > sent_ && rounds_.size() < kRoundsMax; }
  // For a heartbeat that leaves now; empty when no read is open. It counts as a round.
  std::string heartbeat_context();
  // Remembers what a follower echoed; false when it proves nothing new.
  bool echo(MemberId from, std::string_view context);
  void forget(MemberId member);
  // The count that a member is known to have echoed; for the leader itself, everything sent.
  uint64_t echoed(MemberId member) const;
  uint64_t sent() const { return sent_; }
  // Takes out the reads 1..count, in order.
  std::vector<ReadRequest> release(uint64_t count);
  std::vector<ReadRequest> drain();

  void check_invariants() const;

 private:
  // Two rounds keep the network busy in both directions; more would only add messages.
  static constexpr size_t kRoundsMax = 2;

  uint64_t asked_ = 0;     // never goes down within a term
  uint64_t sent_ = 0;      // newest count that left
  uint64_t released_ = 0;  // reads 1..released_ are answered
  std::deque<ReadRequest> open_;
  std::deque<uint64_t> rounds_;  // counts that left and are not proven
  std::vector<std::pair<MemberId, uint64_t>> echoes_;
};

}  // namespace keelson::raft
