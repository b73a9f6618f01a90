// What a follower takes and what it promises: thesis 3.5, 5; peer.md 5.2.
#include <gtest/gtest.h>

#include "raft/machine.h"

namespace keelson::raft::test {
namespace {

using enum MessageType;

// An acknowledgement before the sync would let the leader commit what a crash takes back.
TEST(Follower, append_is_answered_after_its_sync) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1}), 1));
  const Output out = m.take();
  EXPECT_EQ(out.entries.size(), 2u);
  EXPECT_EQ(out.committed.size(), 1u);  // a majority elsewhere has it
  EXPECT_TRUE(m.sent.empty());
  m.sync();
  m.take();
  const Message answer = m.only(kAppResp);
  EXPECT_EQ(answer.index, Index(2));
  EXPECT_EQ(answer.term, Term(1));
  EXPECT_FALSE(answer.reject);
}

// Batch numbers, not indexes: the first batch's sync says nothing about the entries that replaced
// its own, though they have the same indexes.
TEST(Follower, sync_of_an_overwritten_batch_proves_nothing_new) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1, 1})));
  const uint64_t first = m.take().batch;
  m.step(m.append(3, 2, at(1, 1), entries_of({2, 2}, 2)));
  const uint64_t second = m.take().batch;
  m.raft.synced(first);
  EXPECT_EQ(m.raft.stable_index(), Index(1));
  m.take();
  EXPECT_TRUE(m.sent.empty());  // the answer to the old leader died with its term
  m.raft.synced(second);
  EXPECT_EQ(m.raft.stable_index(), Index(3));
  m.take();
  const Message answer = m.only(kAppResp);
  EXPECT_EQ(answer.to, MemberId(3));
  EXPECT_EQ(answer.index, Index(3));
}

// Late and repeated appends are everyday traffic among stock members; the log must not shrink.
TEST(Follower, duplicate_append_answers_without_cutting) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1, 1, 1})));
  m.run();
  m.sent.clear();
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1}), 2));
  m.run();
  EXPECT_EQ(m.raft.last_index(), Index(4));
  EXPECT_EQ(m.raft.commit(), Index(2));
  EXPECT_EQ(m.only(kAppResp).index, Index(2));
}

// Below commit nothing has to be compared: the answer moves the leader to commit.
TEST(Follower, append_below_commit_answers_commit) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1, 1}), 3));
  m.run();
  m.sent.clear();
  m.step(m.append(2, 1, at(1, 1), entries_of({1}, 2), 3));
  m.run();
  EXPECT_EQ(m.only(kAppResp).index, Index(3));
}

// Even for a duplicate: what is committed by the others may not be on this disk yet.
TEST(Follower, append_below_commit_waits_for_the_disk) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1, 1}), 3));
  m.take();
  m.step(m.append(2, 1, at(0, 0), entries_of({1})));
  m.take();
  EXPECT_TRUE(m.sent.empty());
  m.sync();
  m.take();
  EXPECT_EQ(m.only(kAppResp).index, Index(3));
}

// The tail behind the matched part may be another leader's: a commit beyond it must not reach
// there.
TEST(Follower, commit_stops_at_the_matched_part) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1, 1})));
  m.run();
  m.step(m.append(3, 2, at(1, 1), {}, 3));
  m.run();
  EXPECT_EQ(m.raft.commit(), Index(1));
}

// News of a commit is a message a write; an answer to it would be one more for nothing. But a
// probe, or an append whose answer may have been lost, must be answered.
TEST(Follower, bare_commit_news_is_not_answered) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1})));
  m.run();
  m.sent.clear();
  m.step(m.append(2, 1, at(2, 1), {}, 2));
  m.run();
  EXPECT_EQ(m.raft.commit(), Index(2));
  EXPECT_TRUE(m.sent.empty());
  m.step(m.append(2, 1, at(2, 1), {}, 2));
  m.run();
  EXPECT_EQ(m.only(kAppResp).index, Index(2));
  m.step(m.append(2, 1, at(2, 1), {entry(3, 1)}, 3));
  m.run();
  EXPECT_EQ(m.only(kAppResp).index, Index(3));
}

struct HintCase {
  std::vector<uint64_t> own;
  LogPosition previous;
  LogPosition hint;
};

// The hint lets the leader skip whole terms (peer.md 5.2).
TEST(Follower, refusal_carries_where_the_logs_may_agree) {
  const std::vector<HintCase> cases = {
      {{}, at(5, 3), at(0, 0)},           {{1, 1}, at(5, 3), at(2, 1)},
      {{1, 3, 3, 3}, at(4, 2), at(1, 1)}, {{4, 4}, at(2, 3), at(0, 0)},
      {{1, 2, 5, 5}, at(9, 4), at(2, 2)},
  };
  for (const HintCase& c : cases) {
    Machine m(3, c.own);
    m.step(m.append(2, 9, c.previous, {entry(c.previous.index.value + 1, 9)}));
    m.run();
    const Message answer = m.only(kAppResp);
    EXPECT_TRUE(answer.reject);
    EXPECT_EQ(answer.index, c.previous.index);
    EXPECT_EQ(answer.reject_hint, c.hint.index);
    EXPECT_EQ(answer.log_term, c.hint.term);
    EXPECT_EQ(m.raft.last_index(), Index(c.own.size()));
  }
}

// Entries with a gap, falling terms or terms of the future are not a log.
TEST(Follower, malformed_append_is_ignored) {
  Machine m(3);
  m.step(m.append(2, 3, at(0, 0), {entry(1, 1), entry(3, 1)}));
  m.step(m.append(2, 3, at(0, 0), {entry(1, 2), entry(2, 1)}));
  m.step(m.append(2, 3, at(0, 0), {entry(1, 4)}));
  m.run();
  EXPECT_EQ(m.raft.last_index(), Index(0));
  EXPECT_TRUE(m.sent.empty());
}

// A hanging disk must not fill the memory: the rest is sent again when it is back.
TEST(Follower, entries_are_left_out_above_the_unsynced_bound) {
  Config config;
  config.unsynced_bytes_max = 10;
  Machine m(3, {}, {}, config);
  m.step(m.append(2, 1, at(0, 0), entries_of({1, 1, 1})));
  m.step(m.append(2, 1, at(3, 1), {entry(4, 1)}, 3));
  EXPECT_EQ(m.raft.last_index(), Index(3));
  EXPECT_EQ(m.raft.commit(), Index(3));
  m.run();
  EXPECT_EQ(m.only(kAppResp).index, Index(3));
  m.step(m.append(2, 1, at(3, 1), {entry(4, 1)}, 3));
  EXPECT_EQ(m.raft.last_index(), Index(4));
}

// Byte for byte: the leader reads its own count in it.
TEST(Follower, heartbeat_echoes_its_context_and_moves_commit) {
  Machine m(3, {1, 1});
  Message beat = m.from(2, kHeartbeat, 1);
  beat.commit = Index(2);
  beat.context = "any bytes";
  m.step(beat);
  m.take();
  EXPECT_EQ(m.only(kHeartbeatResp).context, "any bytes");
  EXPECT_EQ(m.raft.commit(), Index(2));
  EXPECT_EQ(m.raft.leader(), MemberId(2));
}

// A heartbeat is no promise: it must not wait for the disk, or a slow disk would look like a
// partition.
TEST(Follower, heartbeat_is_answered_while_the_disk_is_busy) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1})));
  m.take();
  m.step(m.from(2, kHeartbeat));
  m.take();
  EXPECT_EQ(m.sent_of(kHeartbeatResp).size(), 1u);
  EXPECT_TRUE(m.sent.empty());
}

Message snapshot(const Machine& m, uint64_t index, uint64_t term, std::vector<uint64_t> voters) {
  Message snap = m.from(2, kSnap, term);
  snap.snapshot.index = Index(index);
  snap.snapshot.term = Term(term);
  for (const uint64_t voter : voters) snap.snapshot.conf.voters.push_back(MemberId(voter));
  return snap;
}

// The snapshot is the follower's whole state: log, commit and configuration come from it.
TEST(Follower, snapshot_replaces_log_and_configuration) {
  Machine m(3, {1, 1, 1});
  m.step(snapshot(m, 9, 2, {4, 1, 2, 3}));
  const Output out = m.take();
  ASSERT_TRUE(out.install.has_value());
  EXPECT_TRUE(out.must_sync);
  EXPECT_EQ(out.hard_state->commit, Index(9));
  EXPECT_TRUE(m.sent.empty());
  EXPECT_EQ(m.raft.conf().voters.front(), MemberId(1));
  EXPECT_EQ(m.raft.conf().voters.size(), 4u);
  EXPECT_EQ(m.raft.last_index(), Index(9));
  m.sync();
  m.take();
  EXPECT_EQ(m.only(kAppResp).index, Index(9));
  m.raft.applied(Index(9));
}

// Until the store has it, this member could not serve what it would be elected for.
TEST(Follower, snapshot_under_way_keeps_from_campaigning) {
  Machine m(3);
  m.step(snapshot(m, 9, 2, {1, 2, 3}));
  m.tick(30);
  m.run();
  m.tick(30);
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  m.raft.applied(Index(9));
  m.tick(1);
  EXPECT_EQ(m.raft.role(), RoleKind::kPreCandidate);
}

struct SnapshotCase {
  const char* name;
  LogPosition at;
  std::vector<uint64_t> voters;
  uint64_t commit_after;
};

// An old snapshot, or one of a group without this member, must not throw anything away.
TEST(Follower, snapshot_that_brings_nothing_is_answered_with_commit) {
  const std::vector<SnapshotCase> cases = {
      {"below commit", at(2, 1), {1, 2, 3}, 2},
      {"not a member of it", at(9, 2), {2, 3}, 2},
      {"already in the log", at(3, 1), {1, 2, 3}, 3},
  };
  for (const SnapshotCase& c : cases) {
    Machine m(3, {1, 1, 1, 1});
    m.step(m.append(2, 2, at(0, 0), entries_of({1, 1}), 2));
    m.run();
    m.sent.clear();
    Message snap = snapshot(m, c.at.index.value, c.at.term.value, c.voters);
    snap.term = Term(2);
    m.step(snap);
    EXPECT_FALSE(m.take().install.has_value()) << c.name;
    m.run();
    EXPECT_EQ(m.only(kAppResp).index, Index(c.commit_after)) << c.name;
    EXPECT_EQ(m.raft.last_index(), Index(4)) << c.name;
  }
}

// Entries behind the snapshot may arrive while it is still being stored.
TEST(Follower, appends_continue_behind_a_snapshot_under_way) {
  Machine m(3);
  m.step(snapshot(m, 9, 2, {1, 2, 3}));
  m.step(m.append(2, 2, at(9, 2), entries_of({2}, 10), 10));
  const Output out = m.take();
  EXPECT_TRUE(out.install.has_value());
  ASSERT_EQ(out.entries.size(), 1u);
  ASSERT_EQ(out.committed.size(), 1u);
  EXPECT_EQ(out.committed[0].index, Index(10));
  m.sync();
  m.run();
  EXPECT_EQ(m.only(kAppResp).index, Index(10));
}

// Any member takes any request; without a leader the caller hears so.
TEST(Follower, proposals_go_to_the_leader) {
  Machine m(3);
  EXPECT_EQ(m.raft.propose({nullptr}).code(), Code::kUnavailable);
  m.step(m.from(2, kHeartbeat, 1));
  m.propose("a");
  EXPECT_TRUE(m.raft.propose_conf_change(nullptr).ok());
  m.take();
  const auto forwarded = m.sent_of(kProp);
  ASSERT_EQ(forwarded.size(), 2u);
  EXPECT_EQ(forwarded[0].to, MemberId(2));
  EXPECT_EQ(forwarded[0].from, MemberId(1));
  EXPECT_EQ(forwarded[0].term, Term(0));
  EXPECT_EQ(forwarded[0].entries.at(0).bytes(), "a");
  EXPECT_EQ(forwarded[1].entries.at(0).type, EntryType::kConfChange);
}

// A proposal for an old leader is passed on once more, but never back to where it came from.
TEST(Follower, foreign_proposal_is_passed_on) {
  Machine m(3);
  Message prop = m.from(3, kProp, 0);
  prop.entries = {entry(0, 0)};
  m.step(prop);
  EXPECT_FALSE(m.raft.has_output());
  m.step(m.from(2, kHeartbeat, 1));
  m.step(prop);
  prop.from = MemberId(2);
  m.step(prop);
  m.take();
  const Message passed = m.only(kProp);
  EXPECT_EQ(passed.to, MemberId(2));
  EXPECT_EQ(passed.from, MemberId(1));
}

// A disk that does not come back must not collect votes that it cannot keep.
TEST(Follower, stuck_disk_gives_no_vote_and_does_not_campaign) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), entries_of({1})));
  m.take();
  m.tick(25);
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  m.step(m.ask_vote(3, kVote, 2, at(9, 9)));
  EXPECT_EQ(m.raft.hard_state().vote, MemberId());
  m.sync();
  m.step(m.ask_vote(3, kVote, 2, at(9, 9)));
  m.run();
  EXPECT_FALSE(m.only(kVoteResp).reject);
}

}  // namespace
}  // namespace keelson::raft::test
