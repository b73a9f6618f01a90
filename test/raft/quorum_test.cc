#include "raft/quorum.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace keelson::raft {
namespace {

// The definition itself: the greatest of the values that more than half have reached.
uint64_t slow_majority_value(const std::vector<uint64_t>& values) {
  uint64_t best = 0;
  for (const uint64_t candidate : values) {
    const auto reached =
        std::count_if(values.begin(), values.end(), [&](uint64_t v) { return v >= candidate; });
    if (2 * static_cast<size_t>(reached) > values.size()) best = std::max(best, candidate);
  }
  return best;
}

VoteResult slow_result(const std::vector<int>& answers) {  // 0 none, 1 granted, 2 refused
  const auto granted = static_cast<size_t>(std::count(answers.begin(), answers.end(), 1));
  const auto open = static_cast<size_t>(std::count(answers.begin(), answers.end(), 0));
  if (2 * granted > answers.size()) return VoteResult::kWon;
  if (2 * (granted + open) > answers.size()) return VoteResult::kPending;
  return VoteResult::kLost;
}

TEST(Quorum, majority_value_equals_its_slow_twin) {
  SeededRng rng(1);
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint64_t> values(rng.below(10));
    for (uint64_t& v : values) v = rng.below(6);
    const uint64_t expected = slow_majority_value(values);
    ASSERT_EQ(majority_value(values), expected);
  }
}

TEST(Quorum, tally_equals_its_slow_twin) {
  SeededRng rng(2);
  for (int round = 0; round < 20000; ++round) {
    std::vector<int> answers(1 + rng.below(8));
    std::vector<MemberId> voters;
    Tally tally;
    for (size_t i = 0; i < answers.size(); ++i) {
      voters.push_back(MemberId(i + 1));
      answers[i] = static_cast<int>(rng.below(3));
      if (answers[i] != 0) tally.record(voters[i], answers[i] == 1);
    }
    ASSERT_EQ(tally.result(voters), slow_result(answers));
  }
}

// A repeated or contradicting answer must not turn an election.
TEST(Quorum, first_answer_of_a_voter_counts) {
  const std::vector<MemberId> voters{MemberId(1), MemberId(2), MemberId(3)};
  Tally tally;
  tally.record(MemberId(1), true);
  tally.record(MemberId(1), true);
  EXPECT_EQ(tally.result(voters), VoteResult::kPending);
  tally.record(MemberId(2), false);
  tally.record(MemberId(2), true);
  EXPECT_EQ(tally.result(voters), VoteResult::kPending);
}

// A learner votes when asked, because it may have been promoted without knowing; it does not count.
TEST(Quorum, answers_of_others_do_not_count) {
  const std::vector<MemberId> voters{MemberId(1), MemberId(2), MemberId(3)};
  Tally tally;
  tally.record(MemberId(1), true);
  tally.record(MemberId(9), true);
  EXPECT_EQ(tally.result(voters), VoteResult::kPending);
}

}  // namespace
}  // namespace keelson::raft
