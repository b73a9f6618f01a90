#include "raft/membership.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace keelson::raft {
namespace {

ConfState conf(std::vector<uint64_t> voters, std::vector<uint64_t> learners = {}) {
  ConfState state;
  for (const uint64_t id : voters) state.voters.push_back(MemberId(id));
  for (const uint64_t id : learners) state.learners.push_back(MemberId(id));
  return state;
}

struct Case {
  const char* name;
  ConfState before;
  ConfChange change;
  ConfState after;
};

TEST(Membership, each_change_has_its_effect) {
  using enum ConfChangeType;
  const std::vector<Case> cases = {
      {"add to nothing", conf({}), {kAddVoter, MemberId(2)}, conf({2})},
      {"add in order", conf({1, 3}), {kAddVoter, MemberId(2)}, conf({1, 2, 3})},
      {"add again", conf({1, 2}), {kAddVoter, MemberId(2)}, conf({1, 2})},
      {"promote", conf({1}, {2}), {kAddVoter, MemberId(2)}, conf({1, 2})},
      {"learner", conf({1}), {kAddLearner, MemberId(2)}, conf({1}, {2})},
      {"demote", conf({1, 2}), {kAddLearner, MemberId(2)}, conf({1}, {2})},
      {"remove voter", conf({1, 2}), {kRemove, MemberId(2)}, conf({1})},
      {"remove learner", conf({1}, {2}), {kRemove, MemberId(2)}, conf({1})},
      {"remove stranger", conf({1}), {kRemove, MemberId(7)}, conf({1})},
      {"update", conf({1}, {2}), {kUpdate, MemberId(2)}, conf({1}, {2})},
      {"refused", conf({1}), {kAddVoter, MemberId()}, conf({1})},
      {"remove last voter", conf({1}, {2}), {kRemove, MemberId(1)}, conf({1}, {2})},
      {"demote last voter", conf({1}, {2}), {kAddLearner, MemberId(1)}, conf({1}, {2})},
  };
  for (const Case& c : cases) EXPECT_EQ(changed(c.before, c.change), c.after) << c.name;
}

// One step changes at most one voter, so neighbouring majorities overlap (thesis 4.1).
TEST(Membership, random_changes_keep_the_shape) {
  SeededRng rng(3);
  ConfState state = conf({1});
  for (int round = 0; round < 5000; ++round) {
    const ConfState next =
        changed(state, {static_cast<ConfChangeType>(rng.below(4)), MemberId(rng.below(9))});
    check_conf(next);
    ASSERT_FALSE(next.voters.empty());
    const size_t a = state.voters.size();
    const size_t b = next.voters.size();
    ASSERT_LE(std::max(a, b) - std::min(a, b), 1u);
    state = next;
  }
}

}  // namespace
}  // namespace keelson::raft
