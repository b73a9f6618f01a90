#include "raft/sync_queue.h"

#include <gtest/gtest.h>

namespace keelson::raft {
namespace {

// One completion may stand for several batches.
TEST(SyncQueue, complete_covers_all_earlier_batches) {
  SyncQueue queue;
  EXPECT_EQ(queue.issue(Index(3), 10, 0), 1u);
  EXPECT_EQ(queue.issue(Index(5), 20, 0), 2u);
  EXPECT_EQ(queue.issue(Index(6), 30, 1), 3u);
  EXPECT_EQ(queue.bytes(), 60u);
  EXPECT_EQ(queue.complete(2), Index(5));
  EXPECT_EQ(queue.bytes(), 30u);
  EXPECT_EQ(queue.oldest_tick(), 1u);
  EXPECT_EQ(queue.complete(2), Index());
  EXPECT_EQ(queue.complete(3), Index(6));
  EXPECT_EQ(queue.oldest_tick(), std::nullopt);
  queue.check_invariants();
}

// The first batch reports after a second one has replaced its tail: entries 6 and 7 of the old
// leader are not the ones that will stand at 6 and 7.
TEST(SyncQueue, overwritten_entries_are_not_reported_stable) {
  SyncQueue queue;
  queue.issue(Index(7), 0, 0);
  queue.clamp(Index(5));
  queue.issue(Index(6), 0, 0);
  EXPECT_EQ(queue.complete(1), Index(5));
  EXPECT_EQ(queue.complete(2), Index(6));
}

// A commit mark that rides along must not make anybody wait, nor look like a hanging disk.
TEST(SyncQueue, lazy_batch_only_takes_a_number) {
  SyncQueue queue;
  queue.issue(Index(1), 0, 4);
  EXPECT_EQ(queue.issue_lazy(), 2u);
  EXPECT_EQ(queue.last_promise(), 1u);
  EXPECT_EQ(queue.complete(1), Index(1));
  EXPECT_EQ(queue.oldest_tick(), std::nullopt);
  EXPECT_EQ(queue.complete(2), Index());
  EXPECT_EQ(queue.synced(), 2u);
}

// A completion from nowhere means that the caller mixed up two logs.
TEST(SyncQueueDeath, unknown_batch_dies) {
  SyncQueue queue;
  EXPECT_DEATH(queue.complete(1), "number <= issued_");
}

}  // namespace
}  // namespace keelson::raft
