// Majority arithmetic (thesis 3.2, 3.6.2): pure functions over the voters' numbers and votes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace keelson::raft {

inline constexpr size_t majority(size_t voters) { return voters / 2 + 1; }

// The greatest value that a majority has reached; 0 for nobody. Reorders `values`.
uint64_t majority_value(std::span<uint64_t> values);

enum class VoteResult : uint8_t { kPending, kWon, kLost };

// The answers to one request for votes. A member's first answer counts.
class Tally {
 public:
  void record(MemberId from, bool granted);
  // Counted over `voters` alone: learners and strangers may have answered too.
  VoteResult result(std::span<const MemberId> voters) const;

 private:
  std::vector<std::pair<MemberId, bool>> votes_;
};

}  // namespace keelson::raft
