// Linearizable reads: thesis 6.4, peer.md 5.4.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "raft/machine.h"

namespace keelson::raft::test {
namespace {

using enum MessageType;

Message echo(const Machine& m, uint64_t peer, uint64_t count) {
  Message answer = m.from(peer, kHeartbeatResp);
  put_u64le(answer.context, count);
  return answer;
}

std::vector<uint64_t> ids(const std::vector<ReadState>& reads) {
  std::vector<uint64_t> all;
  for (const ReadState& read : reads) all.push_back(read.id);
  return all;
}

// All reads of a turn share one round to the voters, and one echo serves them.
TEST(Reads, one_round_serves_a_turn) {
  Machine m(3);
  m.lead_settled();
  for (const uint64_t id : {11, 12, 13}) ASSERT_TRUE(m.raft.read_index(id).ok());
  EXPECT_TRUE(m.take().reads.empty());
  const auto rounds = m.sent_of(kHeartbeat);
  ASSERT_EQ(rounds.size(), 2u);
  EXPECT_EQ(get_u64le(rounds[0].context.data()), 3u);
  m.step(echo(m, 2, 3));
  const Output out = m.take();
  EXPECT_EQ(ids(out.reads), (std::vector<uint64_t>{11, 12, 13}));
  EXPECT_EQ(out.reads[0].index, m.raft.commit());
  m.step(echo(m, 3, 3));
  EXPECT_TRUE(m.take().reads.empty());
}

// The echo of a round that left before the read was asked may be older than a new leader's commits.
TEST(Reads, echo_of_an_earlier_round_does_not_serve_a_later_read) {
  Machine m(3);
  m.lead_settled();
  ASSERT_TRUE(m.raft.read_index(1).ok());
  m.take();
  ASSERT_TRUE(m.raft.read_index(2).ok());
  m.step(echo(m, 2, 1));
  EXPECT_EQ(ids(m.take().reads), std::vector<uint64_t>{1});
  m.step(echo(m, 2, 2));
  EXPECT_EQ(ids(m.take().reads), std::vector<uint64_t>{2});
}

// The counter goes on through the whole term, also when all reads were answered.
TEST(Reads, counter_only_grows_within_a_term) {
  Machine m(3);
  m.lead_settled();
  for (uint64_t n = 1; n <= 3; ++n) {
    ASSERT_TRUE(m.raft.read_index(n).ok());
    m.take();
    EXPECT_EQ(get_u64le(m.sent_of(kHeartbeat).at(0).context.data()), n);
    m.step(echo(m, 2, n));
    EXPECT_EQ(m.take().reads.size(), 1u);
  }
  m.tick();
  m.take();
  EXPECT_EQ(m.sent_of(kHeartbeat).at(0).context, "");
}

// A lost round costs a heartbeat interval, not the read.
TEST(Reads, regular_heartbeat_repeats_the_round) {
  Machine m(3);
  m.lead_settled();
  ASSERT_TRUE(m.raft.read_index(1).ok());
  m.take();
  m.sent.clear();
  m.tick();
  m.take();
  EXPECT_EQ(get_u64le(m.sent_of(kHeartbeat).at(0).context.data()), 1u);
}

// Before its first commit a leader may not know of writes that were acknowledged.
TEST(Reads, read_waits_for_the_first_commit_of_the_term) {
  Machine m(3, {1, 1});
  m.lead();
  m.run();
  ASSERT_TRUE(m.raft.read_index(1).ok());
  m.run();
  EXPECT_TRUE(m.sent_of(kHeartbeat).empty());
  m.step(m.accept(2, 3));
  m.take();
  EXPECT_EQ(m.sent_of(kHeartbeat).size(), 2u);
  m.step(echo(m, 2, 1));
  EXPECT_EQ(m.take().reads.at(0).index, Index(3));
}

// A learner's echo is no proof.
TEST(Reads, learner_does_not_confirm) {
  Machine m(3);
  m.lead_settled();
  m.raft.apply_conf_change({ConfChangeType::kAddLearner, MemberId(3)});
  m.run();
  m.sent.clear();
  ASSERT_TRUE(m.raft.read_index(1).ok());
  m.take();
  EXPECT_EQ(m.sent_of(kHeartbeat).size(), 1u);
  m.step(echo(m, 3, 1));
  EXPECT_TRUE(m.take().reads.empty());
  m.step(echo(m, 2, 1));
  EXPECT_EQ(m.take().reads.size(), 1u);
}

// The last other voter leaves: nobody is left to ask.
TEST(Reads, removal_of_the_others_releases_reads) {
  Machine m(2);
  m.lead_settled();
  ASSERT_TRUE(m.raft.read_index(1).ok());
  m.take();
  m.raft.apply_conf_change({ConfChangeType::kRemove, MemberId(2)});
  EXPECT_EQ(m.take().reads.size(), 1u);
}

// A reader must hear that its leader is gone, or it would wait for its own timeout.
TEST(Reads, deposed_leader_drops_its_reads) {
  Machine m(3, {1});
  m.lead();
  m.run();
  ASSERT_TRUE(m.raft.read_index(1).ok());
  m.step(m.accept(2, 2));
  ASSERT_TRUE(m.raft.read_index(2).ok());
  m.step(m.append(3, 9, at(0, 0), {}));
  const Output out = m.take();
  EXPECT_EQ(out.dropped_reads, (std::vector<uint64_t>{1, 2}));
  EXPECT_TRUE(out.reads.empty());
}

// --- forwarded
// --------------------------------------------------------------------------------------

Machine follower_of(uint64_t leader) {
  Machine m(3);
  m.step(m.from(leader, kHeartbeat, 1));
  m.run();
  m.sent.clear();
  return m;
}

// The context is the asker's number, big endian; the answer brings it back.
TEST(Reads, follower_asks_the_leader) {
  Machine m = follower_of(2);
  ASSERT_TRUE(m.raft.read_index(0x0102030405060708).ok());
  m.take();
  const Message asked = m.only(kReadIndex);
  EXPECT_EQ(asked.to, MemberId(2));
  EXPECT_EQ(asked.term, Term(0));
  EXPECT_EQ(asked.entries.at(0).bytes(), "\x01\x02\x03\x04\x05\x06\x07\x08");
  Message answer = m.from(2, kReadIndexResp);
  answer.index = Index(7);
  answer.entries = asked.entries;
  m.step(answer);
  m.step(answer);
  const Output out = m.take();
  ASSERT_EQ(out.reads.size(), 1u);
  EXPECT_EQ(out.reads[0].id, 0x0102030405060708u);
  EXPECT_EQ(out.reads[0].index, Index(7));
}

TEST(Reads, without_a_leader_reads_are_refused) {
  Machine m(3);
  EXPECT_EQ(m.raft.read_index(1).text(), "etcdserver: no leader");
}

// The new leader has never heard of it; a late answer of the old one must not come after the
// refusal.
TEST(Reads, leader_change_drops_forwarded_reads) {
  Machine m = follower_of(2);
  ASSERT_TRUE(m.raft.read_index(5).ok());
  m.take();
  Message late = m.from(2, kReadIndexResp, 2);
  late.entries = m.only(kReadIndex).entries;
  m.step(m.from(3, kHeartbeat, 2));
  m.step(late);
  const Output out = m.take();
  EXPECT_EQ(out.dropped_reads, std::vector<uint64_t>{5});
  EXPECT_TRUE(out.reads.empty());
}

// The leader answers the asker itself, also when another member passed the question on.
TEST(Reads, leader_answers_the_asker) {
  Machine m(3);
  m.lead_settled();
  Message ask = m.from(3, kReadIndex, 0);
  ask.entries = {entry(0, 0, "context!")};
  m.step(ask);
  m.take();
  m.sent.clear();
  m.step(echo(m, 2, 1));
  m.take();
  const Message answer = m.only(kReadIndexResp);
  EXPECT_EQ(answer.to, MemberId(3));
  EXPECT_EQ(answer.index, m.raft.commit());
  EXPECT_EQ(answer.entries.at(0).bytes(), "context!");
}

// Passed on as it came, so that the answer finds its asker; never back.
TEST(Reads, foreign_question_is_passed_on) {
  Machine m = follower_of(2);
  Message ask = m.from(3, kReadIndex, 0);
  ask.entries = {entry(0, 0, "context!")};
  m.step(ask);
  ask.from = MemberId(2);
  m.step(ask);
  m.take();
  const Message passed = m.only(kReadIndex);
  EXPECT_EQ(passed.to, MemberId(2));
  EXPECT_EQ(passed.from, MemberId(3));
}

// Lost answers must not fill the memory: the oldest questions are given up.
TEST(Reads, forwarded_reads_are_bounded) {
  Machine m = follower_of(2);
  for (uint64_t id = 1; id <= 5000; ++id) ASSERT_TRUE(m.raft.read_index(id).ok());
  const Output out = m.take();
  EXPECT_EQ(out.dropped_reads.size(), 5000u - 4096);
  EXPECT_EQ(out.dropped_reads.front(), 1u);
}

}  // namespace
}  // namespace keelson::raft::test
