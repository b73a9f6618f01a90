// What watchers get, in which order and when (reference semantics.md 6.2).
#include <gtest/gtest.h>

#include "watch/world.h"

namespace keelson::test {
namespace {

// All events of one revision come together, in the order of the operations.
TEST(WatchDelivery, one_revision_is_one_response) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "a", .end = "z"});
  world.apply({{"c", "1"}, {"b", "2"}, {"zz", "out of range"}, {"b", "3"}});
  const Response response = stream.take_one();
  ASSERT_EQ(response.events.size(), 3u);
  EXPECT_EQ(response.events[0].key, "c");
  EXPECT_EQ(response.events[2].value, "3");
  EXPECT_EQ(response.revision, 2);
}

// Several revisions handed over at once must not be merged.
TEST(WatchDelivery, revisions_of_one_batch_come_apart) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  world.history.apply({{"k", "1"}}, true);
  world.history.apply({{"k", "2"}}, true);
  world.hand_out();
  world.hub.turn();
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].revision, 2);
  EXPECT_EQ(seen[1].revision, 3);
}

// A delete tells its revision although its stored record holds only the key.
TEST(WatchDelivery, delete_carries_revision_and_previous_value) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k", .prev_kv = true});
  world.put("k", "old");
  world.erase("k");
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_FALSE(seen[0].events.at(0).has_prev);  // it created the key
  const SeenEvent& gone = seen[1].events.at(0);
  EXPECT_TRUE(gone.deleted);
  EXPECT_EQ(gone.mod_revision, 3);
  EXPECT_EQ(gone.value, "");
  EXPECT_EQ(gone.prev_value, "old");
}

// Watchers of one key with different wishes share the matching, not the bytes.
TEST(WatchDelivery, wishes_of_neighbours_do_not_leak) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  world.created(stream, {.key = "k", .prev_kv = true});
  world.created(stream, {.key = "k", .no_put = true});
  world.created(stream, {.key = "k", .no_delete = true});
  world.put("k", "1");
  EXPECT_EQ(stream.take_all().size(), 3u);
  world.erase("k");
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 3u);
  for (const Response& response : seen) {
    EXPECT_NE(response.watch_id, 3);
    EXPECT_EQ(response.events.at(0).has_prev, response.watch_id == 1);
  }
}

// A filtered revision sends nothing, not an empty response.
TEST(WatchDelivery, filter_drops_only_its_kind_in_a_mixed_revision) {
  World world;
  world.put("gone", "x");
  FakeStream& stream = world.open();
  world.created(stream, {.key = "a", .end = "z", .no_put = true});
  world.apply({{"gone", std::nullopt}, {"new", "v"}});
  const Response response = stream.take_one();
  ASSERT_EQ(response.events.size(), 1u);
  EXPECT_EQ(response.events[0].key, "gone");
}

// prev_kv that is not in memory is read from history; nothing is lost or repeated around it.
TEST(WatchDelivery, missing_previous_value_goes_the_way_of_history) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k", .prev_kv = true});
  world.put("k", "1");
  world.put("k", "2", /*prev_in_memory=*/false);
  EXPECT_EQ(stream.take_all().size(), 1u);
  world.put("k", "3");
  world.run();
  const std::vector<Response> seen = stream.take_all();
  std::vector<SeenEvent> events;
  for (const Response& response : seen)
    events.insert(events.end(), response.events.begin(), response.events.end());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].prev_value, "1");
  EXPECT_EQ(events[1].prev_value, "2");
  world.put("k", "4");
  EXPECT_EQ(stream.take_one().events.at(0).prev_value, "3");
}

// A watcher of many that does not want previous values is not slowed by one that does.
TEST(WatchDelivery, neighbour_without_prev_kv_stays_live) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k", .prev_kv = true});
  world.created(stream, {.key = "k"});
  world.put("k", "1");
  stream.take_all();
  world.put("k", "2", /*prev_in_memory=*/false);
  EXPECT_EQ(stream.take_one().watch_id, 1);
}

// The reader of a stream without room gets every event later, from history.
TEST(WatchSlow, stalled_stream_gets_everything_after_it_drained) {
  World world;
  FakeStream& slow = world.open();
  FakeStream& fast = world.open();
  world.created(slow, {.key = "k"});
  world.created(fast, {.key = "k"});
  slow.stalled = true;
  for (int i = 0; i < 50; i++) world.put("k", std::to_string(i));
  EXPECT_EQ(fast.take_all().size(), 50u);
  EXPECT_TRUE(slow.seen.empty());
  EXPECT_TRUE(world.slices.empty());  // no reading for somebody who cannot take it
  world.drain(slow);
  world.run();
  const Response caught_up = slow.take_one();
  ASSERT_EQ(caught_up.events.size(), 50u);
  EXPECT_EQ(caught_up.events[49].value, "49");
  world.put("k", "live again");
  EXPECT_EQ(slow.take_one().revision, 52);
}

// Memory: what one stream has not read stays near its limit, whatever is written.
TEST(WatchSlow, unread_output_is_bounded) {
  World world;
  FakeStream& stream = world.open();
  stream.counts_bytes = true;
  world.create(stream, {.key = "k"});
  const std::string value(100'000, 'v');
  for (int i = 0; i < 200; i++) {
    world.put("k", value);
    world.run();
  }
  EXPECT_LE(stream.unread_bytes_max, limits::kWatchStreamBytes + value.size() + 1000);
  for (int i = 0; i < 40; i++) {
    world.drain(stream);
    world.run();
  }
  EXPECT_LE(stream.unread_bytes_max,
            limits::kWatchStreamBytes + limits::kWatchSliceBytes + 200'000);
  size_t events = 0;
  for (const Response& response : stream.seen) events += response.events.size();
  EXPECT_EQ(events, 200u);
}

// A loop that does not come to look loses the events, not the watchers.
TEST(WatchSlow, lagging_loop_reads_history_instead_of_queueing) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  const std::string value(1'000'000, 'v');
  for (int i = 0; i < 40; i++) {
    world.history.apply({{"k", value}}, true);
    world.hand_out();
  }
  world.run();
  std::vector<int64_t> revisions;
  for (const Response& response : stream.seen)
    for (const SeenEvent& event : response.events) revisions.push_back(event.mod_revision);
  ASSERT_EQ(revisions.size(), 41u - 1u);
  for (size_t i = 0; i < revisions.size(); i++)
    EXPECT_EQ(revisions[i], static_cast<int64_t>(i) + 2);
  EXPECT_GT(world.slices_read, 0u);
}

// Revisions that were never handed over are read from history, not skipped.
TEST(WatchSlow, gap_before_a_batch_is_read_from_history) {
  World world;
  FakeStream& stream = world.open();
  world.created(stream, {.key = "k"});
  world.history.apply({{"k", "lost"}}, true);
  world.handed_out = world.history.current();
  world.put("k", "seen");
  world.run();
  std::vector<std::string> values;
  for (const Response& response : stream.seen)
    for (const SeenEvent& event : response.events) values.push_back(event.value);
  EXPECT_EQ(values, (std::vector<std::string>{"lost", "seen"}));
}

// Room may be gone when a slice arrives: it is dropped and read again, never parked beyond the
// limit.
TEST(WatchSlow, slice_for_a_stream_that_stalled_meanwhile_is_read_again) {
  World world;
  world.put("k", "1");
  FakeStream& stream = world.open();
  world.hub.create(*stream.hub_stream, {.key = "k", .start_revision = 2});
  world.answer_start();
  world.hub.turn();
  stream.take_all();
  stream.stalled = true;
  world.run();
  EXPECT_TRUE(stream.seen.empty());
  world.drain(stream);
  world.run();
  EXPECT_EQ(stream.take_one().events.at(0).value, "1");
  EXPECT_EQ(world.slices_read, 2u);
}

// Compaction may overtake a stalled watcher: it is told, and it alone.
TEST(WatchSlow, stalled_watcher_overtaken_by_compaction_is_canceled) {
  World world;
  FakeStream& slow = world.open();
  FakeStream& fast = world.open();
  world.created(slow, {.key = "k"});
  world.created(fast, {.key = "k"});
  slow.stalled = true;
  for (int i = 0; i < 5; i++) world.put("k", "v");
  world.compact(Revision(5));
  world.drain(slow);
  world.run();
  const Response canceled = slow.take_one();
  EXPECT_TRUE(canceled.canceled);
  EXPECT_EQ(canceled.compact_revision, 5);
  fast.take_all();
  world.put("k", "v");
  EXPECT_EQ(fast.take_all().size(), 1u);
  EXPECT_TRUE(slow.take_all().empty());
}

// The compaction may be seen first by the reader of history.
TEST(WatchSlow, slice_that_finds_compaction_cancels) {
  World world;
  for (int i = 0; i < 5; i++) world.put("k", "v");
  FakeStream& stream = world.open();
  world.hub.create(*stream.hub_stream, {.key = "k", .start_revision = 2});
  world.answer_start();
  world.hub.turn();
  ASSERT_EQ(world.slices.size(), 1u);
  world.history.compact(Revision(5));
  world.run();
  const std::vector<Response> seen = stream.take_all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].compact_revision, 5);
}

// Readers of history may be busy: the watcher waits and asks again, without spinning.
TEST(WatchSlow, refused_slice_is_asked_for_again_later) {
  World world;
  world.put("k", "1");
  FakeStream& stream = world.open();
  world.hub.create(*stream.hub_stream, {.key = "k", .start_revision = 2});
  world.answer_start();
  world.hub.turn();
  world.refuse_slice();
  world.hub.turn();
  EXPECT_TRUE(world.slices.empty());
  EXPECT_LT(world.wake_time, TimePoint::max());
  world.advance(std::chrono::milliseconds(50));
  world.run();
  EXPECT_EQ(stream.take_all().size(), 2u);
}

// Neighbours in the past share one reading; one far away does not hold them up.
TEST(WatchSlow, watchers_near_each_other_share_a_slice) {
  World world;
  for (int i = 0; i < 3000; i++) world.put(i % 2 == 0 ? "a" : "b", "v");
  FakeStream& stream = world.open();
  for (const char* key : {"a", "b", "a", "b"})
    world.hub.create(*stream.hub_stream, {.key = key, .start_revision = 2990});
  world.hub.create(*stream.hub_stream, {.key = "a", .start_revision = 2});
  while (world.answer_start()) continue;
  world.hub.turn();
  EXPECT_EQ(world.slices.size(), 2u);
  world.run();
  EXPECT_LE(world.slices_read, 1u + 4u);
  size_t events = 0;
  for (const Response& response : stream.seen) events += response.events.size();
  EXPECT_EQ(events, 1500u + 4u * 6u);
}

// Catching up must end even if writes never pause: what came meanwhile is still at hand.
TEST(WatchSlow, reader_of_history_joins_while_writes_go_on) {
  World world;
  for (int i = 0; i < 10; i++) world.put("k", "v");
  FakeStream& stream = world.open();
  world.hub.create(*stream.hub_stream, {.key = "k", .start_revision = 2});
  world.answer_start();
  world.hub.turn();
  for (int i = 0; i < 10; i++) world.put("k", "v");
  world.answer_slice();
  world.hub.turn();
  EXPECT_TRUE(world.slices.empty());
  size_t events = 0;
  for (const Response& response : stream.seen) events += response.events.size();
  EXPECT_EQ(events, 20u);
}

// Parts of a response: each below the limit unless it is one event, all but the last marked.
TEST(WatchFragment, large_response_is_split_only_when_asked) {
  World world({.fragment_bytes = 10'000});
  FakeStream& stream = world.open();
  world.created(stream, {.key = "a", .end = "z", .fragment = true});
  world.created(stream, {.key = "a", .end = "z"});
  std::vector<FakeHistory::Change> changes;
  for (int i = 0; i < 9; i++) changes.push_back({"k" + std::to_string(i), std::string(3000, 'v')});
  changes.push_back({"large", std::string(20'000, 'v')});
  world.apply(changes);
  std::vector<Response> parts;
  size_t whole = 0;
  for (Response& response : stream.take_all()) {
    if (response.watch_id == 0)
      parts.push_back(std::move(response));
    else
      whole += response.events.size();
  }
  EXPECT_EQ(whole, 10u);
  ASSERT_EQ(parts.size(), 4u);
  for (size_t i = 0; i < parts.size(); i++) {
    EXPECT_EQ(parts[i].fragment, i + 1 < parts.size());
    EXPECT_EQ(parts[i].revision, 2);
    EXPECT_TRUE(parts[i].bytes < 10'000 || parts[i].events.size() == 1);
  }
}

// The limit is on the whole response: one byte below it is not split.
TEST(WatchFragment, response_just_below_the_limit_stays_whole) {
  for (size_t value = 4900; value < 4990; value++) {
    World world({.fragment_bytes = 10'000});
    FakeStream& stream = world.open();
    world.created(stream, {.key = "a", .end = "z", .fragment = true});
    world.created(stream, {.key = "a", .end = "z"});
    world.apply({{"k1", std::string(value, 'v')}, {"k2", std::string(value, 'v')}});
    size_t whole_bytes = 0, parts = 0;
    for (const Response& response : stream.take_all()) {
      if (response.watch_id == 1)
        whole_bytes = response.bytes - 2;  // id 0 is not written
      else
        parts++;
    }
    EXPECT_EQ(parts, whole_bytes >= 10'000 ? 2u : 1u) << whole_bytes;
  }
}

}  // namespace
}  // namespace keelson::test
