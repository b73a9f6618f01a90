// Votes asked and given: thesis 3.4, 3.6.1, 4.2.3, 9.6 in etcd's dialect (peer.md 5.2, 5.4).
#include <gtest/gtest.h>

#include "raft/machine.h"

namespace keelson::raft::test {
namespace {

using enum MessageType;

// A candidate that crashed before its vote was durable could ask again in the same term with a
// shorter log, and count the answers to the first request.
TEST(Election, vote_request_waits_for_the_own_vote) {
  Config config;
  config.pre_vote = false;
  Machine m(3, {1, 1}, {}, config);
  m.raft.campaign();
  const Output out = m.take();
  EXPECT_TRUE(out.must_sync);
  EXPECT_EQ(out.hard_state, (HardState{Term(2), MemberId(1), Index(0)}));
  EXPECT_TRUE(m.sent.empty());
  m.sync();
  m.take();
  const auto asked = m.sent_of(kVote);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].term, Term(2));
  EXPECT_EQ(asked[0].index, Index(2));
  EXPECT_EQ(asked[0].log_term, Term(1));
  EXPECT_EQ(asked[0].context, "");
}

// The own vote is a promise like any other: with it still under way one more vote is not a
// majority.
TEST(Election, own_vote_counts_after_its_sync) {
  Config config;
  config.pre_vote = false;
  Machine m(3, {}, {}, config);
  m.raft.campaign();
  m.take();
  m.step(m.vote(2, true));
  EXPECT_EQ(m.raft.role(), RoleKind::kCandidate);
  m.sync();
  EXPECT_EQ(m.raft.role(), RoleKind::kLeader);
}

// Asking whether one could win must leave no trace: no term, no vote, nothing to sync.
TEST(Election, pre_vote_changes_nothing) {
  Machine m(3, {1}, {Term(3), MemberId(2), Index(0)});
  m.tick(10);
  const Output out = m.take();
  EXPECT_EQ(m.raft.role(), RoleKind::kPreCandidate);
  EXPECT_EQ(out.batch, 0u);
  const auto asked = m.sent_of(kPreVote);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].term, Term(4));
  EXPECT_EQ(m.raft.hard_state().vote, MemberId(2));
}

// The answer to a pre-vote of long ago must not start an election now.
TEST(Election, pre_vote_answer_to_an_earlier_attempt_does_not_count) {
  Machine m(3);
  m.tick(10);
  m.step(m.from(2, kPreVoteResp, 7));
  EXPECT_EQ(m.raft.role(), RoleKind::kPreCandidate);
  m.step(m.from(2, kPreVoteResp, 1));
  EXPECT_EQ(m.raft.role(), RoleKind::kCandidate);
  EXPECT_EQ(m.raft.term(), Term(1));
}

// A majority that refuses ends the attempt; waiting out the timeout would only cost time.
TEST(Election, majority_of_refusals_makes_a_follower) {
  Machine m(3, {1, 1});
  m.tick(10);
  for (const uint64_t peer : {2, 3}) {
    Message no = m.from(peer, kPreVoteResp);
    no.reject = true;
    m.step(no);
  }
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  EXPECT_EQ(m.raft.term(), Term(1));
}

// A refusal that carries a newer term teaches the term.
TEST(Election, refusal_of_a_newer_term_is_followed) {
  Machine m(3, {1});
  m.tick(10);
  Message no = m.from(2, kPreVoteResp, 6);
  no.reject = true;
  m.step(no);
  EXPECT_EQ(m.raft.term(), Term(6));
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
}

// Two leaders in one term would follow from a second vote.
TEST(Election, vote_is_given_once_in_a_term) {
  Machine m(3);
  m.step(m.ask_vote(2, kVote, 1, at(0, 0)));
  m.step(m.ask_vote(3, kVote, 1, at(0, 0)));
  m.step(m.ask_vote(2, kVote, 1, at(0, 0)));
  m.run();
  const auto answers = m.sent_of(kVoteResp);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_FALSE(answers[0].reject);
  EXPECT_TRUE(answers[1].reject);
  EXPECT_FALSE(answers[2].reject);
}

// A vote that a crash forgets is a vote that can be given twice.
TEST(Election, vote_answer_waits_for_its_sync) {
  Machine m(3);
  m.step(m.ask_vote(2, kVote, 1, at(0, 0)));
  const Output out = m.take();
  EXPECT_TRUE(out.must_sync);
  EXPECT_EQ(out.hard_state->vote, MemberId(2));
  EXPECT_TRUE(m.sent.empty());
  m.sync();
  m.take();
  EXPECT_FALSE(m.only(kVoteResp).reject);
}

// An answer held by a slow disk must not leave in a later term.
TEST(Election, held_vote_answer_dies_with_its_term) {
  Machine m(3);
  m.step(m.ask_vote(2, kVote, 1, at(0, 0)));
  m.take();
  m.step(m.append(3, 2, at(0, 0), {}));
  m.run();
  EXPECT_TRUE(m.sent_of(kVoteResp).empty());
}

struct LogCase {
  std::vector<uint64_t> own;
  LogPosition candidate;
  bool granted;
};

// Leader completeness stands on this comparison (thesis 3.6.1).
TEST(Election, vote_only_for_a_log_that_is_not_behind) {
  const std::vector<LogCase> cases = {
      {{}, at(0, 0), true},      {{1}, at(1, 1), true},  {{1}, at(2, 1), true},
      {{1, 1}, at(1, 1), false}, {{1}, at(1, 2), true},  {{1, 1}, at(1, 2), true},
      {{2}, at(1, 1), false},    {{2}, at(9, 1), false}, {{1, 2}, at(1, 1), false},
  };
  for (const LogCase& c : cases) {
    for (const MessageType type : {kVote, kPreVote}) {
      Machine m(3, c.own);
      m.step(m.ask_vote(2, type, 5, c.candidate));
      m.run();
      const Message answer = m.only(type == kVote ? kVoteResp : kPreVoteResp);
      EXPECT_EQ(answer.reject, !c.granted);
      // A granted pre-vote speaks in the candidate's term, all else in the own one.
      const bool own_term = type == kPreVote && !c.granted;
      EXPECT_EQ(answer.term, own_term ? m.raft.term() : Term(5));
    }
  }
}

// A member that was cut off and comes back must not depose a leader that the others hear.
TEST(Election, requests_are_ignored_while_a_leader_is_heard) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), {}));
  m.run();
  m.sent.clear();
  m.tick(9);
  m.step(m.ask_vote(3, kVote, 9, at(9, 9)));
  m.step(m.ask_vote(3, kPreVote, 9, at(9, 9)));
  m.run();
  EXPECT_TRUE(m.sent.empty());
  EXPECT_EQ(m.raft.term(), Term(1));
  EXPECT_EQ(m.raft.leader(), MemberId(2));
}

// The leader itself wants this election.
TEST(Election, transfer_request_passes_the_lease) {
  Machine m(3);
  m.step(m.append(2, 1, at(0, 0), {}));
  Message ask = m.ask_vote(3, kVote, 2, at(0, 0));
  ask.context = "CampaignTransfer";
  m.step(ask);
  m.run();
  EXPECT_FALSE(m.only(kVoteResp).reject);
}

// Without its answer the old leader, alone in its old term, would wait for ever.
TEST(Election, old_leader_is_told_of_the_newer_term) {
  Machine m(3, {}, {Term(5), MemberId(), Index(0)});
  m.step(m.append(2, 3, at(0, 0), {}));
  m.step(m.from(3, kHeartbeat, 3));
  m.run();
  const auto answers = m.sent_of(kAppResp);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].term, Term(5));
  EXPECT_EQ(answers[0].index, Index(0));
  EXPECT_FALSE(answers[0].reject);
}

// An old pre-candidate learns the term from the refusal; other old messages are not worth an
// answer.
TEST(Election, lower_term_messages) {
  Machine m(3, {}, {Term(5), MemberId(), Index(0)});
  m.step(m.ask_vote(2, kPreVote, 3, at(9, 9)));
  m.step(m.ask_vote(2, kVote, 3, at(9, 9)));
  m.step(m.from(2, kAppResp, 3));
  m.run();
  const Message answer = m.only(kPreVoteResp);
  EXPECT_TRUE(answer.reject);
  EXPECT_EQ(answer.term, Term(5));
  EXPECT_TRUE(m.sent.empty());
}

// The new configuration may not contain this member, or need another majority.
TEST(Election, unapplied_change_keeps_from_campaigning) {
  Machine m(3);
  Entry change = entry(1, 1);
  change.type = EntryType::kConfChange;
  m.step(m.append(2, 1, at(0, 0), {change}, 1));
  m.run();
  m.tick(30);
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  m.raft.applied(Index(1));
  m.tick(1);
  EXPECT_EQ(m.raft.role(), RoleKind::kPreCandidate);
}

// A learner does not know enough, a removed member has no right.
TEST(Election, only_voters_campaign) {
  Machine m(3);
  m.raft.apply_conf_change({ConfChangeType::kAddLearner, MemberId(1)});
  m.tick(30);
  m.raft.campaign();
  m.step(m.from(2, kTimeoutNow, 1));
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  m.raft.apply_conf_change({ConfChangeType::kRemove, MemberId(1)});
  m.tick(30);
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
}

// It may have been promoted without knowing: its vote may be the one that is needed.
TEST(Election, learner_votes) {
  Machine m(3);
  m.raft.apply_conf_change({ConfChangeType::kAddLearner, MemberId(1)});
  m.step(m.ask_vote(2, kVote, 1, at(0, 0)));
  m.run();
  EXPECT_FALSE(m.only(kVoteResp).reject);
}

// Equal timeouts would split the votes again and again.
TEST(Election, timeouts_spread_over_the_range) {
  std::vector<int> seen(20);
  SeededRng rng(1);
  Start start;
  start.snapshot.conf.voters = {MemberId(1), MemberId(2)};
  Config config;
  config.id = MemberId(1);
  for (int round = 0; round < 300; ++round) {
    Raft raft(config, start, rng);
    int ticks = 0;
    for (; raft.role() == RoleKind::kFollower; ++ticks) raft.tick();
    ASSERT_GE(ticks, 10);
    ASSERT_LE(ticks, 19);
    ++seen[static_cast<size_t>(ticks)];
  }
  for (size_t ticks = 10; ticks <= 19; ++ticks) EXPECT_GT(seen[ticks], 5) << ticks;
}

// Strangers and strays: nothing of this may move the machine.
TEST(Election, malformed_messages_are_ignored) {
  Machine m(3);
  Message to_other = m.ask_vote(2, kVote, 5, at(9, 9));
  to_other.to = MemberId(3);
  m.step(to_other);
  m.step(m.ask_vote(0, kVote, 5, at(9, 9)));
  m.step(m.ask_vote(1, kVote, 5, at(9, 9)));
  m.step(m.ask_vote(2, kVote, 0, at(9, 9)));
  EXPECT_FALSE(m.raft.has_output());
}

}  // namespace
}  // namespace keelson::raft::test
