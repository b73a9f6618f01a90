// KV: what is refused, in which order and with which words, and what reaches the node.
#include <gtest/gtest.h>

#include "apply/requests.h"
#include "rpc/fakes.h"

namespace keelson::test {
namespace {

constexpr const char* kRange = "/etcdserverpb.KV/Range";
constexpr const char* kPut = "/etcdserverpb.KV/Put";
constexpr const char* kDelete = "/etcdserverpb.KV/DeleteRange";
constexpr const char* kTxn = "/etcdserverpb.KV/Txn";
constexpr const char* kCompact = "/etcdserverpb.KV/Compact";

const Status kEmptyKey(Code::kInvalidArgument, "etcdserver: key is not provided");
const Status kValueProvided(Code::kInvalidArgument, "etcdserver: value is provided");
const Status kLeaseProvided(Code::kInvalidArgument, "etcdserver: lease is provided");
const Status kInvalidSort(Code::kInvalidArgument, "etcdserver: invalid sort option");
const Status kTooLarge(Code::kInvalidArgument, "etcdserver: request is too large");
const Status kNoSpace(Code::kResourceExhausted, "etcdserver: mvcc: database space exceeded");

bool is_malformed(const Status& status) {
  return status.code() == Code::kInternal &&
         status.text().starts_with("grpc: error unmarshalling request");
}

TEST(Range, all_fields_reach_the_node) {
  Bench bench;
  Message request;
  request.text(1, "k").text(2, "z");
  for (uint32_t field = 3; field <= 13; field++)
    request.number(field, field == 5 ? 2 : field == 6 ? 4 : field);
  const auto query = bench.asked<node::RangeQuery>(kRange, request);
  EXPECT_EQ(query.key, "k");
  EXPECT_EQ(query.end, "z");
  EXPECT_EQ(query.limit, 3);
  EXPECT_EQ(query.revision, 4);
  EXPECT_EQ(query.sort_order, 2);
  EXPECT_EQ(query.sort_target, 4);
  EXPECT_TRUE(query.serializable && query.keys_only && query.count_only);
  EXPECT_EQ(query.min_mod_revision, 10);
  EXPECT_EQ(query.max_create_revision, 13);
}

TEST(Range, refusals_come_in_order) {
  Bench bench;
  EXPECT_EQ(bench.refusal(kRange, Message().number(5, 9)), kEmptyKey);
  EXPECT_EQ(bench.refusal(kRange, Message().text(1, "k").number(5, 3)), kInvalidSort);
  EXPECT_EQ(bench.refusal(kRange, Message().text(1, "k").number(5, -1)), kInvalidSort);
  EXPECT_EQ(bench.refusal(kRange, Message().text(1, "k").number(6, 5)), kInvalidSort);
}

// The answer's bytes pass through as they are; an error keeps its code and words.
TEST(Range, answer_and_error_pass_through) {
  Bench bench;
  FakeCall& good = bench.call(kRange, Message().text(1, "k"));
  bench.take<node::RangeQuery>();
  bench.answer(Status(), "the body");
  EXPECT_EQ(good.sent, std::vector<std::string>{"the body"});
  EXPECT_EQ(good.ended, Status());
  FakeCall& bad = bench.call(kRange, Message().text(1, "k"));
  bench.take<node::RangeQuery>();
  const Status compacted(Code::kOutOfRange,
                         "etcdserver: mvcc: required revision has been compacted");
  bench.answer(compacted, "");
  EXPECT_TRUE(bad.sent.empty());
  EXPECT_EQ(bad.ended, compacted);
}

TEST(Put, refusals_come_in_order) {
  Bench bench;
  EXPECT_EQ(bench.refusal(kPut, Message().text(2, "v").number(5, 1)), kEmptyKey);
  EXPECT_EQ(bench.refusal(
                kPut, Message().text(1, "k").text(2, "v").number(3, 1).number(5, 1).number(6, 1)),
            kValueProvided);
  EXPECT_EQ(bench.refusal(kPut, Message().text(1, "k").number(3, 1).number(6, 1)), kLeaseProvided);
}

// etcd looks at the quota before it looks at the request.
TEST(Put, bad_request_over_the_quota_gets_the_quota_error) {
  Bench bench;
  bench.node.now.quota_left = 257;
  EXPECT_EQ(bench.refusal(kPut, Message().text(2, "v")), kNoSpace);
  bench.node.now.quota_left = 258;
  EXPECT_EQ(bench.refusal(kPut, Message().text(2, "v")), kEmptyKey);
}

TEST(Put, plain_bytes_go_into_the_log_as_they_came) {
  Bench bench;
  // An explicit zero is no canonical encoding, but every decoder reads it alike.
  const std::string request = Message().text(1, "key").text(2, "value").number(3, 0).number(4, 1);
  const auto proposal = bench.asked<node::Proposal>(kPut, request);
  EXPECT_EQ(proposal.body, request);
  EXPECT_EQ(proposal.field, apply::field::kPut);
  EXPECT_EQ(proposal.quota_cost, 256 + 3 + 5);
}

// Unknown fields, repeated fields, other orders: encoded anew, with the meaning they had.
TEST(Put, odd_bytes_are_encoded_anew) {
  Bench bench;
  const std::string plain = Message().text(1, "key").text(2, "value");
  for (const std::string& odd :
       {Message().text(1, "key").text(2, "value").number(99, 7).bytes(),
        Message().text(2, "value").text(1, "key").bytes(),
        Message().text(1, "other").text(1, "key").text(2, "value").bytes(),
        Message().text(1, "key").text(2, "value").text(3, "a lease of another type").bytes(),
        Message().text(1, "key").text(2, "value").raw("\x53\x54").bytes()})  // an unknown group
    EXPECT_EQ(bench.asked<node::Proposal>(kPut, odd).body, plain);
}

TEST(Put, damaged_bytes_are_malformed) {
  Bench bench;
  for (const char* damage :
       {"\x0a\x05key", "\x0a", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x03", "\x07"})
    EXPECT_TRUE(is_malformed(bench.refusal(kPut, damage))) << damage;
}

// The limit is on the entry that etcd would make: 13 bytes of header and the framing of the body.
TEST(Put, size_limit_counts_the_raft_request) {
  Bench bench({.max_request_bytes = 10'000});
  const size_t framing = 13 + 1 + 2;
  for (const size_t value : {9'975u, 9'976u, 9'977u, 9'978u, 9'979u, 9'980u}) {
    const std::string request = Message().text(1, "k").text(2, std::string(value, 'v'));
    if (request.size() + framing <= 10'000)
      EXPECT_EQ(bench.asked<node::Proposal>(kPut, request).body.size(), request.size());
    else
      EXPECT_EQ(bench.refusal(kPut, request), kTooLarge);
  }
}

TEST(DeleteRange, empty_key_is_refused_else_proposed) {
  Bench bench;
  EXPECT_EQ(bench.refusal(kDelete, Message().text(2, "z")), kEmptyKey);
  const std::string request = Message().text(1, "k").text(2, "z").number(3, 1);
  const auto proposal = bench.asked<node::Proposal>(kDelete, request);
  EXPECT_EQ(proposal.field, apply::field::kDeleteRange);
  EXPECT_EQ(proposal.body, request);
  EXPECT_EQ(proposal.quota_cost, 0);
}

TEST(Compact, physical_is_told_to_the_node) {
  Bench bench;
  const auto logical = bench.asked<node::Proposal>(kCompact, Message().number(1, 7));
  EXPECT_EQ(logical.field, apply::field::kCompaction);
  EXPECT_FALSE(logical.physical);
  EXPECT_TRUE(bench.asked<node::Proposal>(kCompact, Message().number(1, 7).number(2, 1)).physical);
}

Message op(uint32_t kind, const Message& request) { return Message().message(kind, request); }
Message range_op(bool serializable) {
  return op(1, Message().text(1, "k").number(7, serializable));
}

TEST(Txn, class_decides_the_way) {
  Bench bench;
  const auto read = [&](const Message& txn) { return bench.asked<node::ReadTxn>(kTxn, txn); };
  EXPECT_TRUE(read(Message()).serializable);  // compares only
  EXPECT_TRUE(read(Message().message(2, range_op(true)).message(3, range_op(true))).serializable);
  EXPECT_FALSE(read(Message().message(2, range_op(true)).message(3, range_op(false))).serializable);
  const Message nested = op(4, Message().message(2, range_op(true)));
  const auto proposal = bench.asked<node::Proposal>(kTxn, Message().message(2, nested));
  EXPECT_EQ(proposal.field, apply::field::kTxn);
  EXPECT_EQ(proposal.quota_cost, 0);
}

// What kube-apiserver sends: compare, put, else get; its bytes must not be touched.
TEST(Txn, guarded_update_is_proposed_as_it_came) {
  Bench bench;
  const std::string request =
      Message()
          .message(1, Message().number(1, 0).number(2, 2).text(3, "/k").number(6, 41))
          .message(2, op(2, Message().text(1, "/k").text(2, "value").number(3, 12)))
          .message(3, op(1, Message().text(1, "/k")));
  const auto proposal = bench.asked<node::Proposal>(kTxn, request);
  EXPECT_EQ(proposal.body, request);
  EXPECT_EQ(proposal.quota_cost, 256 + 2 + 5);
}

// Requests of one turn reach the node together; many do not wait for the end of it.
TEST(Submit, one_turn_is_one_submission) {
  Bench bench;
  for (int i = 0; i < 10; i++) bench.open(kPut).handler->on_message(Message().text(1, "k").bytes());
  EXPECT_EQ(bench.node.submissions, 0);
  bench.turn();
  EXPECT_EQ(bench.node.submissions, 1);
  for (int i = 0; i < 100; i++)
    bench.open(kPut).handler->on_message(Message().text(1, "k").bytes());
  EXPECT_EQ(bench.node.submissions, 2);
  bench.turn();
  EXPECT_EQ(bench.node.asked.size(), 110u);
}

TEST(Submit, deadline_and_start_travel_along) {
  Bench bench;
  bench.advance(std::chrono::seconds(9));
  FakeCall& call = bench.open(kPut);
  call.deadline_at = TimePoint(std::chrono::seconds(11));
  call.handler->on_message(Message().text(1, "k").bytes());
  bench.turn();
  EXPECT_EQ(bench.node.asked[0].deadline, TimePoint(std::chrono::seconds(11)));
  EXPECT_EQ(bench.node.asked[0].started, TimePoint(std::chrono::seconds(9)));
}

// ---- checks before every request ---------------------------------------------------------------

TEST(Admission, hasleader_without_leader_is_refused) {
  Bench bench;
  bench.node.now.leader = MemberId();
  const Status no_leader(Code::kUnavailable, "etcdserver: no leader");
  EXPECT_EQ(bench.call(kPut, Message().text(1, "k"), {{"hasleader", "true"}}).ended, no_leader);
  EXPECT_EQ(bench.call("/etcdserverpb.Watch/Watch", "", {{"hasleader", "true"}}).ended, no_leader);
  EXPECT_FALSE(bench.call(kPut, Message().text(1, "k"), {{"hasleader", "yes"}}).ended.has_value());
  EXPECT_FALSE(bench.call(kPut, Message().text(1, "k")).ended.has_value());
}

TEST(Admission, api_version_must_be_text) {
  Bench bench;
  const Status refused(Code::kInvalidArgument, "etcdserver: invalid client api version");
  for (const char* bad : {"\xff", "3.\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
    EXPECT_EQ(bench.call(kPut, Message().text(1, "k"), {{"client-api-version", bad}}).ended,
              refused);
  for (const char* good : {"3.7", "\xe2\x82\xac", "\xf0\x9f\x98\x80", ""})
    EXPECT_FALSE(
        bench.call(kPut, Message().text(1, "k"), {{"client-api-version", good}}).ended.has_value());
}

TEST(Admission, learner_serves_little) {
  Bench bench;
  bench.node.now.learner = true;
  const Status refused(Code::kFailedPrecondition, "etcdserver: rpc not supported for learner");
  EXPECT_EQ(bench.refusal(kPut, Message().text(1, "k")), refused);
  EXPECT_EQ(bench.refusal(kRange, Message().text(1, "k")), refused);
  EXPECT_EQ(bench.refusal("/grpc.health.v1.Health/Check", ""), refused);
  bench.asked<node::RangeQuery>(kRange, Message().text(1, "k").number(7, 1));
  bench.asked<node::MaintenanceStatus>("/etcdserverpb.Maintenance/Status", "");
  EXPECT_EQ(bench.call("/etcdserverpb.Watch/Watch", "").ended, refused);
}

TEST(Admission, call_without_a_message_is_a_violation) {
  Bench bench;
  FakeCall& call = bench.open(kPut);
  call.handler->on_half_close();
  EXPECT_EQ(call.ended->code(), Code::kInternal);
}

}  // namespace
}  // namespace keelson::test
