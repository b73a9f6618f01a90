#include "raft/read_barrier.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace keelson::raft {
namespace {

constexpr MemberId kPeer{2};

std::string count(uint64_t n) {
  std::string bytes;
  put_u64le(bytes, n);
  return bytes;
}

ReadRequest read(uint64_t id) { return {MemberId(), id, {}, Index(id)}; }

// The context on the wire: the number of reads so far, eight bytes, little endian (peer.md 5.4).
TEST(ReadBarrier, context_counts_the_reads_of_the_term) {
  ReadBarrier barrier;
  EXPECT_EQ(barrier.heartbeat_context(), "");
  barrier.add(read(7));
  EXPECT_TRUE(barrier.round_due());
  EXPECT_EQ(barrier.heartbeat_context(), std::string("\x01\0\0\0\0\0\0\0", 8));
  EXPECT_FALSE(barrier.round_due());
  barrier.add(read(8));
  EXPECT_EQ(barrier.heartbeat_context(), count(2));
}

// A round that left before a read was asked proves nothing for it: the leader may have been deposed
// in between.
TEST(ReadBarrier, echo_serves_only_reads_queued_before_its_round) {
  ReadBarrier barrier;
  barrier.add(read(1));
  barrier.heartbeat_context();
  barrier.add(read(2));
  EXPECT_TRUE(barrier.echo(kPeer, count(1)));
  EXPECT_FALSE(barrier.echo(kPeer, count(2)));  // never sent
  EXPECT_EQ(barrier.echoed(kPeer), 1u);
  const auto done = barrier.release(1);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].id, 1u);
  EXPECT_FALSE(barrier.empty());
  barrier.check_invariants();
}

// One answer settles everything older; late echoes of older rounds are nothing new.
TEST(ReadBarrier, newest_echo_releases_all_older_reads) {
  ReadBarrier barrier;
  for (uint64_t id = 1; id <= 3; ++id) barrier.add(read(id));
  barrier.heartbeat_context();
  EXPECT_TRUE(barrier.echo(kPeer, count(3)));
  EXPECT_FALSE(barrier.echo(kPeer, count(1)));
  EXPECT_EQ(barrier.release(3).size(), 3u);
  EXPECT_EQ(barrier.release(3).size(), 0u);
  EXPECT_TRUE(barrier.empty());
}

// A network of rounds would cost a message a read; the next round waits and takes them together.
TEST(ReadBarrier, at_most_two_rounds_are_under_way) {
  ReadBarrier barrier;
  for (uint64_t id = 1; id <= 2; ++id) {
    barrier.add(read(id));
    ASSERT_TRUE(barrier.round_due());
    barrier.heartbeat_context();
  }
  barrier.add(read(3));
  barrier.add(read(4));
  EXPECT_FALSE(barrier.round_due());
  barrier.release(1);
  EXPECT_TRUE(barrier.round_due());
}

// A lost round must not stop the reads: the next regular heartbeat repeats the newest count.
TEST(ReadBarrier, heartbeat_carries_the_newest_count_whatever_is_under_way) {
  ReadBarrier barrier;
  for (uint64_t id = 1; id <= 5; ++id) {
    barrier.add(read(id));
    EXPECT_EQ(barrier.heartbeat_context(), count(id));
    barrier.check_invariants();
  }
  barrier.release(5);
  EXPECT_EQ(barrier.heartbeat_context(), "");
}

// Garbage of another length or from another leadership is not an echo.
TEST(ReadBarrier, malformed_echo_is_ignored) {
  ReadBarrier barrier;
  barrier.add(read(1));
  barrier.heartbeat_context();
  EXPECT_FALSE(barrier.echo(kPeer, ""));
  EXPECT_FALSE(barrier.echo(kPeer, "abc"));
  EXPECT_FALSE(barrier.echo(kPeer, count(99)));
  EXPECT_FALSE(barrier.echo(kPeer, count(0)));
}

// A removed member's echo must not help a quorum later, should its id be asked for again.
TEST(ReadBarrier, forgotten_member_has_echoed_nothing) {
  ReadBarrier barrier;
  barrier.add(read(1));
  barrier.heartbeat_context();
  barrier.echo(kPeer, count(1));
  barrier.forget(kPeer);
  EXPECT_EQ(barrier.echoed(kPeer), 0u);
}

}  // namespace
}  // namespace keelson::raft
