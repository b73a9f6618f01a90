#include "raft/progress.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/rng.h"

namespace keelson::raft {
namespace {

Progress peer(uint64_t match, uint64_t next) {
  Progress p(MemberId(2), Index(next), 4, 1000);
  p.match = Index(match);
  return p;
}

// Against a plain queue, through growth and wrap-around of the ring.
TEST(Inflights, ring_equals_its_slow_twin) {
  SeededRng rng(5);
  Inflights ring(40, 300);
  std::deque<std::pair<uint64_t, uint64_t>> twin;
  uint64_t last = 0;
  for (int round = 0; round < 20000; ++round) {
    if (rng.below(2) == 0 && !ring.full()) {
      const uint64_t bytes = rng.below(20);
      ring.add(Index(last += 1 + rng.below(3)), bytes);
      twin.emplace_back(last, bytes);
    } else if (rng.below(2) == 0) {
      const uint64_t to = last - std::min(last, rng.below(10));
      ring.free_to(Index(to));
      while (!twin.empty() && twin.front().first <= to) twin.pop_front();
    }
    uint64_t bytes = 0;
    for (const auto& slot : twin) bytes += slot.second;
    ASSERT_EQ(ring.count(), twin.size());
    ASSERT_EQ(ring.bytes(), bytes);
    ASSERT_EQ(ring.full(), twin.size() >= 40 || bytes >= 300);
    ring.check_invariants();
  }
}

// Few large appends must not fill the memory of a slow link, many small ones not its queue.
TEST(Inflights, full_by_count_or_by_bytes) {
  Inflights by_count(2, 1000);
  by_count.add(Index(1), 1);
  EXPECT_FALSE(by_count.full());
  by_count.add(Index(2), 1);
  EXPECT_TRUE(by_count.full());
  Inflights by_bytes(100, 10);
  by_bytes.add(Index(1), 10);
  EXPECT_TRUE(by_bytes.full());
}

// A late refusal of something that has been accepted since must not throw the follower back.
TEST(Progress, refusal_below_match_is_stale_in_replicate) {
  Progress p = peer(5, 9);
  p.become_replicate();
  p.next = Index(9);
  EXPECT_FALSE(p.refuse(Index(5), Index(2)));
  EXPECT_EQ(p.state, ProgressState::kReplicate);
  EXPECT_TRUE(p.refuse(Index(8), Index(7)));
  EXPECT_EQ(p.state, ProgressState::kProbe);
  EXPECT_EQ(p.next, Index(6));
}

// While probing only the answer to the probe itself counts; others are echoes of earlier ones.
TEST(Progress, refusal_moves_a_probe_once) {
  Progress p = peer(0, 9);
  p.paused = true;
  EXPECT_FALSE(p.refuse(Index(7), Index(3)));
  EXPECT_TRUE(p.paused);
  EXPECT_TRUE(p.refuse(Index(8), Index(3)));
  EXPECT_EQ(p.next, Index(4));
  EXPECT_FALSE(p.paused);
}

// Hints from a confused follower stay within (match, rejected].
TEST(Progress, refusal_hint_is_bounded) {
  Progress p = peer(4, 9);
  EXPECT_TRUE(p.refuse(Index(8), Index(100)));
  EXPECT_EQ(p.next, Index(8));
  EXPECT_TRUE(p.refuse(Index(7), Index(0)));
  EXPECT_EQ(p.next, Index(5));
}

// After a snapshot the follower has that much even if its answer got lost.
TEST(Progress, probe_after_snapshot_begins_behind_it) {
  Progress p = peer(3, 4);
  p.become_snapshot(Index(10));
  EXPECT_FALSE(p.refuse(Index(3), Index(1)));
  p.become_probe();
  EXPECT_EQ(p.next, Index(11));
  EXPECT_EQ(p.pending_snapshot, Index());
}

TEST(Progress, acknowledge_never_goes_back) {
  Progress p = peer(0, 1);
  EXPECT_TRUE(p.acknowledge(Index(5)));
  EXPECT_FALSE(p.acknowledge(Index(4)));
  EXPECT_EQ(p.match, Index(5));
  EXPECT_EQ(p.next, Index(6));
}

}  // namespace
}  // namespace keelson::raft
