#include "raft/quorum.h"

#include <algorithm>
#include <functional>

namespace keelson::raft {

uint64_t majority_value(std::span<uint64_t> values) {
  if (values.empty()) return 0;
  // With the values descending, as many voters as a majority has reached the one at its position.
  std::sort(values.begin(), values.end(), std::greater<>());
  return values[majority(values.size()) - 1];
}

void Tally::record(MemberId from, bool granted) {
  for (const auto& [voter, answer] : votes_) {
    if (voter == from) return;
  }
  votes_.emplace_back(from, granted);
}

VoteResult Tally::result(std::span<const MemberId> voters) const {
  size_t granted = 0;
  size_t refused = 0;
  for (const auto& [voter, answer] : votes_) {
    if (std::find(voters.begin(), voters.end(), voter) == voters.end()) continue;
    ++(answer ? granted : refused);
  }
  if (granted >= majority(voters.size())) return VoteResult::kWon;
  if (granted + (voters.size() - granted - refused) < majority(voters.size())) {
    return VoteResult::kLost;
  }
  return VoteResult::kPending;
}

}  // namespace keelson::raft
