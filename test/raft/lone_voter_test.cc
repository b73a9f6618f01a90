// A group of one: everything waits for the own disk and for nothing else.
#include <gtest/gtest.h>

#include "raft/raft.h"

namespace keelson::raft {
namespace {

constexpr MemberId kSelf{1};

Payload payload(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

struct LoneVoter : testing::Test {
  SeededRng rng{1};
  Raft raft = start({}, {}, Index());

  Raft start(HardState hard, std::vector<Entry> entries, Index applied) {
    Start from;
    from.hard = hard;
    from.entries = std::move(entries);
    from.applied = applied;
    from.snapshot.conf.voters = {kSelf};
    Config config;
    config.id = kSelf;
    return Raft(config, std::move(from), rng);
  }
  Output turn() {
    Output out = raft.take_output();
    if (out.must_sync) raft.synced(out.batch);
    raft.check_invariants();
    return out;
  }
  void lead() {
    raft.campaign();
    turn();
    turn();
    turn();
    ASSERT_EQ(raft.role(), RoleKind::kLeader);
    ASSERT_EQ(raft.commit(), raft.last_index());
  }
};

// The term and the vote must be durable before they count, even when nobody else votes.
TEST_F(LoneVoter, campaign_leads_only_after_sync) {
  raft.campaign();
  EXPECT_EQ(raft.role(), RoleKind::kCandidate);
  const Output out = raft.take_output();
  EXPECT_TRUE(out.must_sync);
  EXPECT_EQ(out.hard_state->vote, kSelf);
  EXPECT_EQ(raft.role(), RoleKind::kCandidate);
  raft.synced(out.batch);
  EXPECT_EQ(raft.role(), RoleKind::kLeader);
}

// An acknowledgement before the sync would be lost by a crash.
TEST_F(LoneVoter, proposal_commits_with_its_own_batch) {
  lead();
  ASSERT_TRUE(raft.propose({payload("a"), payload("b")}).ok());
  const Output first = raft.take_output();
  ASSERT_EQ(first.entries.size(), 2u);
  EXPECT_TRUE(first.committed.empty());
  ASSERT_TRUE(raft.propose({payload("c")}).ok());
  const Output second = raft.take_output();
  EXPECT_TRUE(second.committed.empty());
  raft.synced(first.batch);
  EXPECT_EQ(raft.take_output().committed.size(), 2u);
  raft.synced(second.batch);
  EXPECT_EQ(raft.take_output().committed.size(), 1u);
  EXPECT_FALSE(raft.has_output());
}

// The payload goes to the log, the applier and the memory as one object.
TEST_F(LoneVoter, output_shares_payloads) {
  lead();
  const Payload data = payload("x");
  ASSERT_TRUE(raft.propose({data}).ok());
  EXPECT_EQ(turn().entries.at(0).data.get(), data.get());
  EXPECT_EQ(turn().committed.at(0).data.get(), data.get());
}

// The commit mark on disk may be older than what was acknowledged: a read straight after the start
// must wait until the first entry of the new term shows how far the log reached.
TEST_F(LoneVoter, read_after_restart_waits_for_first_commit) {
  const Entry old{Term(1), Index(1), EntryType::kNormal, payload("acknowledged")};
  raft = start({Term(1), kSelf, Index(0)}, {old}, Index());
  raft.campaign();
  turn();
  ASSERT_EQ(raft.role(), RoleKind::kLeader);
  ASSERT_TRUE(raft.read_index(5).ok());
  EXPECT_TRUE(turn().reads.empty());
  const Output out = turn();
  ASSERT_EQ(out.reads.size(), 1u);
  EXPECT_EQ(out.reads[0].id, 5u);
  EXPECT_EQ(out.reads[0].index, Index(2));
}

// No quorum to ask: the next output has the answer.
TEST_F(LoneVoter, read_is_answered_at_once) {
  lead();
  ASSERT_TRUE(raft.read_index(1).ok());
  ASSERT_TRUE(raft.read_index(2).ok());
  EXPECT_TRUE(raft.has_output());
  EXPECT_EQ(turn().reads.size(), 2u);
}

// What the store holds already is not handed out again; the committed rest is, at once.
TEST_F(LoneVoter, restart_hands_out_unapplied_commits) {
  std::vector<Entry> entries;
  for (uint64_t i = 1; i <= 4; ++i) entries.push_back({Term(1), Index(i), {}, payload("e")});
  raft = start({Term(1), kSelf, Index(3)}, entries, Index(1));
  const Output out = turn();
  ASSERT_EQ(out.committed.size(), 2u);
  EXPECT_EQ(out.committed[0].index, Index(2));
}

// A hanging disk must not fill the memory with what is waiting for it.
TEST_F(LoneVoter, proposals_are_refused_above_the_unsynced_bound) {
  lead();
  const Payload big = payload(std::string(33 * 1024 * 1024, 'x'));
  EXPECT_TRUE(raft.propose({big}).ok());
  EXPECT_TRUE(raft.propose({big}).ok());
  EXPECT_EQ(raft.propose({payload("y")}).code(), Code::kResourceExhausted);
  turn();
  EXPECT_TRUE(raft.propose({payload("y")}).ok());
}

// With nobody to take over, a slow disk is waited for.
TEST_F(LoneVoter, stuck_disk_keeps_the_role) {
  lead();
  ASSERT_TRUE(raft.propose({payload("a")}).ok());
  const Output out = raft.take_output();
  for (int i = 0; i < 50; ++i) raft.tick();
  EXPECT_EQ(raft.role(), RoleKind::kLeader);
  raft.synced(out.batch);
  EXPECT_EQ(raft.take_output().committed.size(), 1u);
}

// Bytes stay bounded: what the store holds durably leaves the memory, the last term stays known.
TEST_F(LoneVoter, compact_keeps_the_term_at_its_index) {
  lead();
  ASSERT_TRUE(raft.propose({payload("a"), payload("b")}).ok());
  turn();
  turn();
  raft.applied(raft.commit());
  raft.compact(raft.commit());
  EXPECT_EQ(raft.first_index(), raft.last_index().next());
  ASSERT_TRUE(raft.propose({payload("c")}).ok());
  turn();
  EXPECT_EQ(turn().committed.size(), 1u);
}

}  // namespace
}  // namespace keelson::raft
