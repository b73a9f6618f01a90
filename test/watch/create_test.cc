// Creating and cancelling watches (reference semantics.md 6.1, 6.3; errors.md section 4).
#include <gtest/gtest.h>

#include "watch/world.h"

namespace keelson::test {
namespace {

// The first answer must tell the revision after which events come, and who answers.
TEST(WatchCreate, fresh_stream_gets_id_zero_and_current_revision) {
  World world;
  world.put("a", "1");
  FakeStream& stream = world.open();
  const Response created = world.created(stream, {.key = "k"});
  EXPECT_TRUE(created.created);
  EXPECT_FALSE(created.canceled);
  EXPECT_EQ(created.watch_id, 0);
  EXPECT_EQ(created.revision, 2);
  EXPECT_EQ(created.cluster, 7u);
  EXPECT_EQ(created.member, 8u);
  EXPECT_EQ(created.term, 3u);
}

// An id that the client chose must not be given to somebody else.
TEST(WatchCreate, chosen_ids_are_skipped_by_automatic_ones) {
  World world;
  FakeStream& stream = world.open();
  EXPECT_EQ(world.created(stream, {.key = "a", .watch_id = 1}).watch_id, 1);
  EXPECT_EQ(world.created(stream, {.key = "b"}).watch_id, 0);
  EXPECT_EQ(world.created(stream, {.key = "c"}).watch_id, 2);
  EXPECT_EQ(world.created(stream, {.key = "d", .watch_id = -5}).watch_id, -5);
}

void expect_refused(const Response& response, const char* reason) {
  EXPECT_TRUE(response.created);
  EXPECT_TRUE(response.canceled);
  EXPECT_EQ(response.watch_id, -1);
  EXPECT_EQ(response.cancel_reason, reason);
  EXPECT_EQ(response.compact_revision, 0);
  EXPECT_EQ(response.revision, 1);
}

// A refused create must not use up an id or leave a watcher behind.
TEST(WatchCreate, bad_requests_are_refused_in_band) {
  World world;
  FakeStream& stream = world.open();
  expect_refused(world.created(stream, {.key = "b", .end = "b"}), "mvcc: watcher range is empty");
  expect_refused(world.created(stream, {.key = "b", .end = "a"}), "mvcc: watcher range is empty");
  expect_refused(world.created(stream, {.key = "b", .end = "a", .start_revision = -1}),
                 "etcdserver: mvcc: required revision has been compacted");
  EXPECT_EQ(world.created(stream, {.key = "k", .watch_id = 4}).watch_id, 4);
  expect_refused(world.created(stream, {.key = "k", .watch_id = 4}),
                 "mvcc: duplicate watch ID provided on the WatchStream");
  EXPECT_EQ(world.created(stream, {.key = "k"}).watch_id, 0);
}

// An empty key is the smallest key; together with an open end that is everything.
TEST(WatchCreate, empty_key_with_open_end_sees_all_keys) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "", .end = std::string(1, '\0')});
  world.put("anything", "v");
  EXPECT_EQ(stream.take_one().events.at(0).key, "anything");
}

// A start in the past replays from there, then goes on live without gap or repetition.
TEST(WatchCreate, start_in_the_past_replays_then_joins) {
  World world;
  world.put("k", "1");
  world.put("other", "x");
  world.put("k", "2");
  FakeStream& stream = world.open();
  world.create(stream, {.key = "k", .start_revision = 2});
  world.put("k", "3");
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_TRUE(seen[0].created);
  EXPECT_EQ(seen[0].revision, 4);
  ASSERT_EQ(seen[1].events.size(), 2u);  // both revisions in one answer
  EXPECT_EQ(seen[1].revision, 4);
  EXPECT_EQ(seen[1].events[1].value, "2");
  ASSERT_EQ(seen[2].events.size(), 1u);
  EXPECT_EQ(seen[2].revision, 5);
}

// Nothing before the asked revision may be delivered, also when it lies ahead.
TEST(WatchCreate, start_in_the_future_stays_silent_until_then) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k", .start_revision = 4});
  world.put("k", "2");
  world.put("k", "3");
  EXPECT_TRUE(stream.take_all().empty());
  world.put("k", "4");
  EXPECT_EQ(stream.take_one().events.at(0).mod_revision, 4);
}

// Compacted history is told apart from a refusal: created first, then canceled with the revision.
TEST(WatchCreate, start_below_compaction_is_canceled_after_creation) {
  World world;
  for (int i = 0; i < 4; i++) world.put("k", "v");
  world.compact(Revision(4));
  FakeStream& stream = world.open();
  world.create(stream, {.key = "k", .start_revision = 3});
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_TRUE(seen[0].created);
  EXPECT_FALSE(seen[0].canceled);
  EXPECT_TRUE(seen[1].canceled);
  EXPECT_EQ(seen[1].watch_id, seen[0].watch_id);
  EXPECT_EQ(seen[1].compact_revision, 4);
  EXPECT_EQ(seen[1].revision, 0);
  EXPECT_EQ(seen[1].cancel_reason, "");
}

// The compacted revision itself is still there.
TEST(WatchCreate, start_at_compaction_is_served) {
  World world;
  for (int i = 0; i < 4; i++) world.put("k", "v");
  world.compact(Revision(4));
  FakeStream& stream = world.open();
  world.create(stream, {.key = "k", .start_revision = 4});
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].events.at(0).mod_revision, 4);
}

// The id of a watch that compaction ended stays taken until the client cancels it.
TEST(WatchCreate, id_of_compacted_watch_is_free_after_cancel) {
  World world;
  for (int i = 0; i < 4; i++) world.put("k", "v");
  world.compact(Revision(4));
  FakeStream& stream = world.open();
  world.create(stream, {.key = "k", .start_revision = 2, .watch_id = 9});
  stream.take_all();
  EXPECT_TRUE(world.created(stream, {.key = "k", .watch_id = 9}).canceled);
  world.hub.cancel(*stream.hub_stream, 9);
  EXPECT_TRUE(stream.take_one().canceled);
  EXPECT_FALSE(world.created(stream, {.key = "k", .watch_id = 9}).canceled);
}

// After a cancel nothing may come for the id; an unknown id is not answered.
TEST(WatchCancel, known_id_is_answered_once_and_falls_silent) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  world.put("k", "1");
  stream.take_all();
  world.hub.cancel(*stream.hub_stream, 0);
  const Response canceled = stream.take_one();
  EXPECT_TRUE(canceled.canceled);
  EXPECT_EQ(canceled.revision, 2);
  EXPECT_EQ(canceled.compact_revision, 0);
  world.put("k", "2");
  world.hub.cancel(*stream.hub_stream, 0);
  world.hub.cancel(*stream.hub_stream, 17);
  EXPECT_TRUE(stream.take_all().empty());
}

// A cancel that overtakes its own create (sent in one write) must wait for it.
TEST(WatchCancel, cancel_behind_an_unanswered_create_waits) {
  World world;
  FakeStream& stream = world.open();
  world.hub.create(*stream.hub_stream, {.key = "k", .watch_id = 3});
  world.hub.cancel(*stream.hub_stream, 3);
  EXPECT_TRUE(stream.seen.empty());
  world.run();
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_TRUE(seen[0].created);
  EXPECT_TRUE(seen[1].canceled);
}

// Closing a stream while the node still works for it must not touch freed memory.
TEST(WatchClose, answers_for_a_closed_stream_are_dropped) {
  World world;
  world.put("k", "1");
  FakeStream& stream = world.open();
  world.create(stream, {.key = "k"});
  world.hub.create(*stream.hub_stream, {.key = "k", .start_revision = 2, .prev_kv = true});
  world.answer_start();
  world.hub.turn();
  world.hub.create(*stream.hub_stream, {.key = "k"});
  ASSERT_EQ(world.slices.size(), 1u);
  world.close(stream);
  world.run();
  EXPECT_EQ(world.prev_kv_watchers, 0);
  EXPECT_TRUE(world.hub.idle());
}

// A loop without watchers must cost the node nothing; one with a watcher must miss nothing.
TEST(WatchIdle, hub_is_busy_from_first_create_to_last_cancel) {
  World world;
  FakeStream& stream = world.open();
  EXPECT_TRUE(world.hub.idle());
  world.hub.create(*stream.hub_stream, {.key = "k"});
  EXPECT_FALSE(world.hub.idle());
  world.put("k", "before the answer");
  world.run();
  world.put("k", "after");
  EXPECT_EQ(stream.take_all().size(), 2u);
  world.hub.cancel(*stream.hub_stream, 0);
  EXPECT_TRUE(world.hub.idle());
  world.put("k", "unseen");
  world.create(stream, {.key = "k"});
  stream.take_all();
  world.put("k", "seen again");
  EXPECT_EQ(stream.take_all().size(), 1u);
}

// The answer to the cancel of a dead watch names the store's revision, not that of its death.
TEST(WatchIdle, dead_watch_keeps_hub_busy_until_its_cancel) {
  World world;
  for (int i = 0; i < 5; i++) world.put("k", "v");
  world.compact(Revision(4));
  FakeStream& stream = world.open();
  world.create(stream, {.key = "k", .start_revision = 2});
  ASSERT_EQ(stream.take_all().back().compact_revision, 4);
  EXPECT_FALSE(world.hub.idle());
  world.put("other", "v");
  world.hub.cancel(*stream.hub_stream, 0);
  EXPECT_EQ(stream.take_one().revision, 7);
  EXPECT_TRUE(world.hub.idle());
}

// A create that is answered while its stream has no room runs later: the loop must not doze off.
TEST(WatchIdle, answered_create_without_room_keeps_hub_busy) {
  World world;
  FakeStream& stream = world.open();
  stream.stalled = true;
  world.create(stream, {.key = "k"});
  EXPECT_FALSE(world.hub.idle());
  world.put("k", "v");
  world.drain(stream);
  world.run();
  ASSERT_EQ(stream.seen.size(), 2u);
  EXPECT_EQ(stream.seen[1].events.size(), 1u);
}

// Requests that wait behind a reader that reads nothing are bounded.
TEST(WatchFlood, requests_on_a_stalled_stream_end_it) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  stream.stalled = true;
  for (size_t i = 0; i <= limits::kWatchRequestsWaiting && !stream.ended; i++)
    world.hub.request_progress(*stream.hub_stream);
  ASSERT_TRUE(stream.ended.has_value());
  EXPECT_EQ(stream.ended->code(), Code::kResourceExhausted);
  world.put("k", "v");
  world.close(stream);
}

}  // namespace
}  // namespace keelson::test
