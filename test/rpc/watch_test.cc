// The Watch service on a loop's hub: requests read, questions to the node, responses on the call.
#include <gtest/gtest.h>

#include "rpc/fakes.h"
#include "watch/response.h"

namespace keelson::test {
namespace {

constexpr const char* kWatch = "/etcdserverpb.Watch/Watch";

// The node's answers for a watch that starts at this revision.
void answer_start(Bench& bench, int64_t current) {
  bench.turn();
  bench.take<node::WatchCreate>();
  bench.answer(Status(), "", true,
               std::make_shared<node::WatchStart>(
                   node::WatchStart{Revision(current), mvcc::kNeverCompacted}));
}

std::shared_ptr<const node::EventBatch> batch_of_one(int64_t revision, const std::string& key) {
  auto bytes = std::make_shared<std::string>();
  mvcc::KeyValueView kv;
  kv.key = key;
  kv.mod_revision = kv.create_revision = revision;
  kv.version = 1;
  mvcc::encode_key_value(kv, *bytes);
  auto batch = std::make_shared<node::EventBatch>();
  batch->first = batch->last = Revision(revision);
  mvcc::Event event;
  event.main = Revision(revision);
  event.kv = *bytes;
  EXPECT_TRUE(mvcc::decode_key_value(*bytes, kv));
  event.key = kv.key;
  batch->items.push_back({event, true});
  batch->holds.push_back(bytes);
  return batch;
}

FakeCall& watching(Bench& bench, const Message& create) {
  FakeCall& call = bench.open(kWatch);
  call.handler->on_message(Message().message(1, create));
  answer_start(bench, 5);
  EXPECT_EQ(call.sent.size(), 1u);
  EXPECT_TRUE(read_response(call.sent.at(0)).created);
  call.sent.clear();
  return call;
}

TEST(WatchCall, event_goes_from_the_node_to_the_call_in_one_turn) {
  Bench bench;
  FakeCall& call = watching(bench, Message().text(1, "k"));
  bench.node.sink->on_events(batch_of_one(6, "k"));
  bench.turn();
  ASSERT_EQ(call.sent.size(), 1u);
  const Response response = read_response(call.sent[0]);
  EXPECT_EQ(response.cluster, 7u);
  EXPECT_EQ(response.term, 3u);
  EXPECT_EQ(response.revision, 6);
  EXPECT_EQ(response.events.at(0).key, "k");
}

// Filters come packed from most encoders, one by one from some, and may hold numbers of the future.
TEST(WatchCall, filters_are_read_in_both_encodings) {
  Bench bench;
  FakeCall& packed = watching(bench, Message().text(1, "k").text(5, std::string("\x00\x07", 2)));
  FakeCall& single = watching(bench, Message().text(1, "k").number(5, 7).number(5, 0));
  FakeCall& none = watching(bench, Message().text(1, "k").number(5, 1));
  bench.node.sink->on_events(batch_of_one(6, "k"));
  bench.turn();
  EXPECT_TRUE(packed.sent.empty());
  EXPECT_TRUE(single.sent.empty());
  EXPECT_EQ(none.sent.size(), 1u);
}

TEST(WatchCall, all_wishes_reach_the_hub) {
  Bench bench;
  watching(bench, Message().text(1, "a").text(2, "z").number(6, 1).number(7, 42).number(8, 1));
  EXPECT_EQ(bench.node.prev_kv_watchers, 1);
  FakeCall& call = watching(bench, Message().text(1, "a").text(2, "z").number(7, 42));
  bench.node.sink->on_events(batch_of_one(6, "k"));
  bench.turn();
  EXPECT_EQ(read_response(call.sent.at(0)).watch_id, 42);
}

TEST(WatchCall, past_is_read_through_the_node) {
  Bench bench;
  FakeCall& call = bench.open(kWatch);
  call.handler->on_message(Message().message(1, Message().text(1, "k").number(3, 2)));
  answer_start(bench, 5);
  const auto history = bench.take<node::WatchHistory>();
  EXPECT_EQ(history.query.from, Revision(2));
  EXPECT_EQ(history.query.to, Revision(5));
  EXPECT_TRUE(history.query.wanted("k"));
  EXPECT_FALSE(history.query.wanted("l"));
  auto answer = std::make_shared<node::HistoryAnswer>();
  answer->current = Revision(5);
  answer->chunk.next = Revision(6);
  const auto batch = batch_of_one(3, "k");
  answer->chunk.events.push_back(batch->items[0].event);
  bench.answer(Status(), "", true, answer);
  ASSERT_EQ(call.sent.size(), 2u);
  EXPECT_EQ(read_response(call.sent[1]).events.at(0).mod_revision, 3);
}

TEST(WatchCall, cancel_and_progress_are_answered) {
  Bench bench;
  FakeCall& call = watching(bench, Message().text(1, "k"));
  call.handler->on_message(Message().message(3, Message()));
  call.handler->on_message(Message().message(2, Message().number(1, 0)));
  ASSERT_EQ(call.sent.size(), 2u);
  EXPECT_EQ(read_response(call.sent[0]).watch_id, -1);
  EXPECT_TRUE(read_response(call.sent[1]).canceled);
}

// A request without a member is nothing; damage ends the stream.
TEST(WatchCall, empty_request_is_ignored_and_damage_ends_the_stream) {
  Bench bench;
  FakeCall& call = bench.open(kWatch);
  call.handler->on_message("");
  call.handler->on_message(Message().number(99, 1));
  EXPECT_FALSE(call.ended.has_value());
  call.handler->on_message("\x0a\x7f");
  EXPECT_EQ(call.ended->code(), Code::kInternal);
}

// curl sends its create and closes its side: it must go on getting events.
TEST(WatchCall, half_close_keeps_the_watch) {
  Bench bench;
  FakeCall& call = watching(bench, Message().text(1, "k"));
  call.handler->on_half_close();
  bench.node.sink->on_events(batch_of_one(6, "k"));
  bench.turn();
  EXPECT_FALSE(call.ended.has_value());
  EXPECT_EQ(call.sent.size(), 1u);
}

TEST(WatchCall, end_of_the_call_frees_the_watchers) {
  Bench bench;
  FakeCall& call = watching(bench, Message().text(1, "k").number(6, 1));
  EXPECT_FALSE(bench.node.sink->idle());
  call.handler->on_cancel();
  bench.bury(call);
  EXPECT_TRUE(bench.node.sink->idle());
  EXPECT_EQ(bench.node.prev_kv_watchers, 0);
  EXPECT_NE(bench.registry.render().find("etcd_debugging_mvcc_watcher_total 0\n"),
            std::string::npos);
}

// A node that stops answers creates with its error; the stream ends with it.
TEST(WatchCall, refused_create_ends_the_stream) {
  Bench bench;
  FakeCall& call = bench.open(kWatch);
  call.handler->on_message(Message().message(1, Message().text(1, "k")));
  bench.turn();
  bench.take<node::WatchCreate>();
  const Status stopped(Code::kUnavailable, "etcdserver: server stopped");
  bench.answer(stopped, "");
  EXPECT_EQ(call.ended, stopped);
}

TEST(WatchCall, progress_comes_by_the_clock) {
  Bench bench({.watch_progress_interval = std::chrono::seconds(10)});
  FakeCall& call = watching(bench, Message().text(1, "k").number(4, 1));
  bench.advance(std::chrono::seconds(12));
  ASSERT_EQ(call.sent.size(), 1u);
  EXPECT_TRUE(read_response(call.sent[0]).is_progress());
}

}  // namespace
}  // namespace keelson::test
