// Progress, asked for and by the clock (reference semantics.md 6.3).
#include <gtest/gtest.h>

#include "watch/world.h"

namespace keelson::test {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);

void ask(World& world, FakeStream& stream) { world.hub.request_progress(*stream.hub_stream); }

// The answer covers all watches of the stream and stands behind every event up to its revision.
TEST(WatchProgress, request_is_answered_behind_queued_events) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  world.history.apply({{"k", "1"}}, true);
  world.hand_out();  // not looked at yet
  ask(world, stream);
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].events.size(), 1u);
  EXPECT_TRUE(seen[1].is_progress());
  EXPECT_EQ(seen[1].watch_id, -1);
  EXPECT_EQ(seen[1].revision, 2);
}

// Revisions of keys that nobody on the stream watches count, too: that is what progress is for.
TEST(WatchProgress, answer_tells_revisions_of_other_keys) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  for (int i = 0; i < 5; i++) world.put("other", "v");
  ask(world, stream);
  EXPECT_EQ(stream.take_one().revision, 6);
}

TEST(WatchProgress, stream_without_watchers_is_not_answered) {
  World world;
  FakeStream& stream = world.open();
  ask(world, stream);
  world.run();
  EXPECT_TRUE(stream.seen.empty());
}

// A watcher that starts in the future cannot say that it has seen anything.
TEST(WatchProgress, future_watcher_silences_the_stream) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  world.created(stream, {.key = "k", .start_revision = 3});
  ask(world, stream);
  EXPECT_TRUE(stream.seen.empty());
  world.put("x", "v");
  world.put("x", "v");
  EXPECT_TRUE(stream.seen.empty());  // dropped, not held
  ask(world, stream);
  EXPECT_EQ(stream.take_one().revision, 3);
}

// While one watcher lags, an answer would promise events that it has not sent.
TEST(WatchProgress, answer_waits_for_the_lagging_watcher) {
  World world;
  for (int i = 0; i < 3; i++) world.put("k", "v");
  FakeStream& stream = world.open();
  world.hub.create(*stream.hub_stream, {.key = "k", .start_revision = 2});
  world.answer_start();
  world.hub.turn();
  stream.take_all();
  ask(world, stream);
  ask(world, stream);
  EXPECT_TRUE(stream.seen.empty());
  world.run();
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);  // the events, then one answer for both requests
  EXPECT_EQ(seen[0].events.size(), 3u);
  EXPECT_TRUE(seen[1].is_progress());
  EXPECT_EQ(seen[1].revision, 4);
}

// A watch that compaction ended never catches up again; etcd then stays silent, too.
TEST(WatchProgress, compacted_watcher_silences_the_stream_until_canceled) {
  World world;
  for (int i = 0; i < 4; i++) world.put("k", "v");
  world.compact(Revision(4));
  FakeStream& stream = world.open();
  world.create(stream, {.key = "k"});
  world.create(stream, {.key = "k", .start_revision = 2});
  stream.take_all();
  ask(world, stream);
  EXPECT_TRUE(stream.seen.empty());
  world.hub.cancel(*stream.hub_stream, 1);
  stream.take_all();
  ask(world, stream);
  EXPECT_EQ(stream.take_one().revision, 5);
}

// By the clock: only who asked for it, only after an interval without events, jitter up to a tenth.
TEST(WatchProgress, quiet_watcher_hears_once_an_interval) {
  World world({.progress_interval = kMinute});
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k", .progress_notify = true});
  world.created(stream, {.key = "k"});
  world.put("other", "v");
  world.advance(kMinute - std::chrono::seconds(1));
  EXPECT_TRUE(stream.seen.empty());
  world.advance(std::chrono::seconds(8));
  const Response tick = stream.take_one();
  EXPECT_TRUE(tick.is_progress());
  EXPECT_EQ(tick.watch_id, 0);
  EXPECT_EQ(tick.revision, 2);
  world.advance(kMinute + std::chrono::seconds(6));
  EXPECT_EQ(stream.take_all().size(), 1u);
}

TEST(WatchProgress, watcher_with_events_skips_one_tick) {
  World world({.progress_interval = kMinute});
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k", .progress_notify = true});
  world.put("k", "v");
  stream.take_all();
  world.advance(kMinute + std::chrono::seconds(6));
  EXPECT_TRUE(stream.seen.empty());
  world.advance(kMinute + std::chrono::seconds(6));
  EXPECT_EQ(stream.take_all().size(), 1u);
}

TEST(WatchProgress, lagging_watcher_hears_no_tick) {
  World world({.progress_interval = kMinute});
  world.put("k", "v");
  FakeStream& stream = world.open();
  world.hub.create(*stream.hub_stream, {.key = "k", .start_revision = 2, .progress_notify = true});
  world.answer_start();
  world.hub.turn();
  stream.take_all();
  world.advance(2 * kMinute);
  EXPECT_TRUE(stream.seen.empty());
}

// Nothing ticks for streams that do not want it: an idle server must stay asleep.
TEST(WatchProgress, no_timer_without_a_wish) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  EXPECT_EQ(world.wake_time, TimePoint::max());
  world.created(stream, {.key = "k", .progress_notify = true});
  EXPECT_LT(world.wake_time, TimePoint::max());
}

}  // namespace
}  // namespace keelson::test
