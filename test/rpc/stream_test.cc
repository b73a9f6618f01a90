// Streams: pulled answers, keepalives, the end without a leader.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "rpc/fakes.h"

namespace keelson::test {
namespace {

constexpr const char* kRangeStream = "/etcdserverpb.KV/RangeStream";
constexpr const char* kSnapshot = "/etcdserverpb.Maintenance/Snapshot";
constexpr const char* kKeepAlive = "/etcdserverpb.Lease/LeaseKeepAlive";

TEST(RangeStream, refusals_have_their_own_words) {
  Bench bench;
  const auto refusal = [&](const Message& request) { return bench.refusal(kRangeStream, request); };
  const Status sorted(Code::kUnimplemented, "RangeStream does not support custom sort orders");
  EXPECT_EQ(refusal(Message()), Status(Code::kInvalidArgument, "etcdserver: key is not provided"));
  EXPECT_EQ(refusal(Message().text(1, "k").number(5, 2)), sorted);
  EXPECT_EQ(refusal(Message().text(1, "k").number(5, 1).number(6, 3).number(10, 1)), sorted);
  EXPECT_EQ(refusal(Message().text(1, "k").number(13, 1)),
            Status(Code::kUnimplemented, "RangeStream does not support revision filters"));
}

// A chunk is asked for when the last one has room, so a slow reader costs one chunk.
TEST(RangeStream, next_chunk_waits_for_room) {
  Bench bench;
  FakeCall& call = bench.call(kRangeStream, Message().text(1, "k").number(5, 1));
  bench.take<node::RangeStreamOpen>();
  bench.answer(Status(), "one", false);
  bench.take<node::RangeStreamMore>();
  call.unread_bytes = limits::kStreamAheadBytes;
  bench.answer(Status(), "two", false);
  EXPECT_TRUE(bench.node.asked.empty());
  call.unread_bytes = 0;
  call.handler->on_drained();
  bench.turn();
  bench.take<node::RangeStreamMore>();
  bench.answer(Status(), "three", true);
  EXPECT_EQ(call.sent, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(call.ended, Status());
  bench.bury(call);
  bench.turn();
  EXPECT_TRUE(bench.node.asked.empty());
}

// What the node keeps for the call must go when the call goes.
TEST(RangeStream, call_that_goes_early_is_reported) {
  Bench bench;
  FakeCall& call = bench.call(kRangeStream, Message().text(1, "k"));
  bench.take<node::RangeStreamOpen>();
  const uint64_t id = bench.last_to.call_id;
  call.handler->on_cancel();
  bench.bury(call);
  bench.turn();
  bench.take<node::CallGone>();
  EXPECT_EQ(bench.last_to.call_id, id);
}

TEST(RangeStream, error_in_the_middle_ends_it) {
  Bench bench;
  FakeCall& call = bench.call(kRangeStream, Message().text(1, "k"));
  bench.take<node::RangeStreamOpen>();
  const Status compacted(Code::kOutOfRange,
                         "etcdserver: mvcc: required revision has been compacted");
  bench.answer(compacted, "");
  EXPECT_EQ(call.ended, compacted);
  bench.bury(call);
  bench.turn();
  EXPECT_TRUE(bench.node.asked.empty());
}

// The first answer to a snapshot tells nothing and must not become a message.
TEST(Snapshot, opens_then_pulls) {
  Bench bench;
  FakeCall& call = bench.call(kSnapshot, "");
  bench.take<node::SnapshotOpen>();
  bench.answer(Status(), "", false);
  bench.take<node::SnapshotMore>();
  bench.answer(Status(), "blob", false);
  bench.take<node::SnapshotMore>();
  bench.answer(Status(), "sha", true);
  EXPECT_EQ(call.sent, (std::vector<std::string>{"blob", "sha"}));
  EXPECT_EQ(call.ended, Status());
}

TEST(KeepAlive, each_message_is_answered_and_half_close_waits_for_the_answers) {
  Bench bench;
  FakeCall& call = bench.open(kKeepAlive);
  call.handler->on_message(Message().number(1, 11));
  call.handler->on_message(Message().number(1, 12));
  call.handler->on_half_close();
  bench.turn();
  EXPECT_EQ(bench.take<node::LeaseKeepAlive>().id, LeaseId(11));
  bench.answer(Status(), "eleven");
  EXPECT_FALSE(call.ended.has_value());
  EXPECT_EQ(bench.take<node::LeaseKeepAlive>().id, LeaseId(12));
  bench.answer(Status(), "twelve");
  EXPECT_EQ(call.sent, (std::vector<std::string>{"eleven", "twelve"}));
  EXPECT_EQ(call.ended, Status());
}

TEST(KeepAlive, half_close_without_messages_ends_well) {
  Bench bench;
  FakeCall& call = bench.open(kKeepAlive);
  call.handler->on_half_close();
  EXPECT_EQ(call.ended, Status());
}

TEST(KeepAlive, error_of_the_node_ends_the_stream) {
  Bench bench;
  FakeCall& call = bench.open(kKeepAlive);
  call.handler->on_message(Message().number(1, 11));
  bench.turn();
  bench.take<node::LeaseKeepAlive>();
  const Status timeout(Code::kUnavailable, "etcdserver: request timed out");
  bench.answer(timeout, "");
  EXPECT_EQ(call.ended, timeout);
}

// Answers that nobody reads must not pile up, and neither must the questions.
TEST(KeepAlive, unread_answers_hold_back_then_end_the_stream) {
  Bench bench;
  FakeCall& call = bench.open(kKeepAlive);
  call.unread_bytes = limits::kStreamAheadBytes;
  for (size_t i = 0; i < limits::kKeepAlivesWaiting; i++)
    call.handler->on_message(Message().number(1, 11));
  bench.turn();
  EXPECT_TRUE(bench.node.asked.empty());
  EXPECT_FALSE(call.ended.has_value());
  call.unread_bytes = 0;
  call.handler->on_drained();
  bench.turn();
  EXPECT_EQ(bench.node.asked.size(), limits::kKeepAlivesWaiting);
  call.unread_bytes = limits::kStreamAheadBytes;
  for (size_t i = 0; i <= limits::kKeepAlivesWaiting; i++)
    if (!call.ended) call.handler->on_message(Message().number(1, 11));
  EXPECT_EQ(call.ended->code(), Code::kResourceExhausted);
}

TEST(KeepAlive, damaged_message_ends_the_stream_and_is_counted) {
  Bench bench;
  FakeCall& call = bench.open(kKeepAlive);
  call.handler->on_message("\x0a\x05");
  EXPECT_EQ(call.ended->code(), Code::kInternal);
  EXPECT_TRUE(call.ended->text().starts_with("grpc: failed to unmarshal the received message"));
  EXPECT_NE(
      bench.registry.render().find("etcd_network_server_stream_failures_total{API=\"lease-keepa"
                                   "live\",Type=\"receive\"} 1"),
      std::string::npos);
}

// Streams that asked for a leader end after three checks in a row without one; the others stay.
TEST(HasLeader, streams_end_after_three_election_timeouts) {
  Bench bench;
  FakeCall& wants = bench.open(kKeepAlive, {{"hasleader", "true"}});
  FakeCall& watch = bench.open("/etcdserverpb.Watch/Watch", {{"hasleader", "true"}});
  FakeCall& patient = bench.open(kKeepAlive);
  bench.node.sink->on_leader(false);
  bench.turn();
  for (int i = 0; i < 2; i++) bench.advance(std::chrono::seconds(1));
  EXPECT_FALSE(wants.ended.has_value());
  bench.advance(std::chrono::seconds(1));
  const Status no_leader(Code::kUnavailable, "etcdserver: no leader");
  EXPECT_EQ(wants.ended, no_leader);
  EXPECT_EQ(watch.ended, no_leader);
  EXPECT_FALSE(patient.ended.has_value());
}

TEST(HasLeader, leader_in_between_starts_the_count_again) {
  Bench bench;
  FakeCall& call = bench.open(kKeepAlive, {{"hasleader", "true"}});
  for (int round = 0; round < 3; round++) {
    bench.node.sink->on_leader(false);
    bench.turn();
    for (int i = 0; i < 2; i++) bench.advance(std::chrono::seconds(1));
    bench.node.sink->on_leader(true);
    bench.turn();
    bench.advance(std::chrono::seconds(5));
  }
  EXPECT_FALSE(call.ended.has_value());
}

}  // namespace
}  // namespace keelson::test
