// A walk through the thesis ("Consensus: Bridging Theory and Practice", 2014), section by section,
// with whole clusters. The Checker runs along and CHECKs the promises of figure 3.2 after every
// step.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "raft/cluster.h"

namespace keelson::raft::test {
namespace {

constexpr MemberId kA{1}, kB{2}, kC{3}, kD{4}, kE{5};

Config config() {
  Config c;
  c.id = kA;
  return c;
}

struct Paper : testing::Test {
  // Gives a member a log behind the founding entries, as if an older life had left it there.
  static void plant(Cluster& cluster, MemberId id, const std::vector<uint64_t>& terms,
                    uint64_t term = 0) {
    Member& m = cluster.member(id);
    if (m.up()) cluster.crash(id);
    for (const uint64_t t : terms) {
      m.durable.log.push_back({Term(t), m.durable.last().next(), EntryType::kNormal,
                               payload("term " + std::to_string(t))});
      m.durable.hard.term = std::max(m.durable.hard.term, Term(t));
    }
    m.durable.hard.term = std::max(m.durable.hard.term, Term(term));
    cluster.boot(id);
    cluster.apply(id);
  }
  static std::vector<uint64_t> planted_terms(Cluster& cluster, MemberId id) {
    std::vector<uint64_t> terms;
    const History& log = cluster.member(id).mirror;
    for (size_t i = cluster.members.size(); i < log.size(); ++i) terms.push_back(log[i].term.value);
    return terms;
  }
  static void put(Cluster& cluster, MemberId leader, const std::string& text) {
    ASSERT_TRUE(cluster.propose(leader, {payload(text)}).ok());
  }
  static void ask_everybody(Cluster& cluster, MemberId id) {
    cluster.member(id).raft().campaign();
    cluster.pump(id);
  }
  static void tick(Cluster& cluster, MemberId id, int times) {
    for (; times > 0; --times) cluster.tick(id);
  }
  // Delivers and syncs at the given members only; what is for others is lost.
  static void settle_among(Cluster& cluster, std::vector<MemberId> members) {
    const auto inside = [&](MemberId id) {
      return std::find(members.begin(), members.end(), id) != members.end();
    };
    for (const auto& m : cluster.members) {
      for (const auto& other : cluster.members) {
        if (inside(m->id()) != inside(other->id())) cluster.cut.insert({m->id(), other->id()});
      }
    }
    cluster.settle();
    cluster.heal();
  }
};

// 3.3: a member that hears a newer term takes it; one that is leader gives up.
TEST_F(Paper, terms_leader_steps_down_for_a_newer_term) {
  Cluster cluster(3, config(), 1);
  cluster.elect(kA);
  Message newer;
  newer.type = MessageType::kAppResp;
  newer.from = kB;
  newer.to = kA;
  newer.term = Term(9);
  cluster.member(kA).receive({newer, nullptr});
  cluster.pump(kA);
  EXPECT_EQ(cluster.raft(1).role(), RoleKind::kFollower);
  EXPECT_EQ(cluster.raft(1).term(), Term(9));
}

// 3.4: followers that hear nothing elect one of themselves, in a new term.
TEST_F(Paper, election_silence_makes_a_leader) {
  Cluster cluster(5, config(), 1);
  for (int i = 0; i < 40 && cluster.leader() == MemberId(); ++i) {
    cluster.tick_all();
    cluster.settle();
  }
  const MemberId leader = cluster.leader();
  ASSERT_NE(leader, MemberId());
  for (const auto& m : cluster.members) EXPECT_EQ(m->raft().leader(), leader);
}

// 3.4: a minority elects nobody, however long it tries, and does not run away with the term.
TEST_F(Paper, election_minority_elects_nobody) {
  Cluster cluster(5, config(), 1);
  for (const MemberId id : {kC, kD, kE}) cluster.crash(id);
  for (int i = 0; i < 200; ++i) {
    cluster.tick_all();
    cluster.settle();
  }
  EXPECT_EQ(cluster.leader(), MemberId());
  EXPECT_EQ(cluster.raft(1).term(), Term(1));
}

// 3.4: a split vote ends in a new attempt with other timeouts.
TEST_F(Paper, election_split_vote_is_resolved) {
  Config c = config();
  c.pre_vote = false;
  Cluster cluster(4, c, 1);
  for (const MemberId id : {kA, kB}) ask_everybody(cluster, id);
  for (const MemberId id : {kA, kB}) cluster.sync(id);
  // 3 hears 1 first, 4 hears 2 first: two votes each.
  cluster.deliver(1);
  for (size_t i = cluster.network.size(); i-- > 0;) {
    if (cluster.network[i].message.to == kD && cluster.network[i].message.from == kB) {
      cluster.deliver(i);
      break;
    }
  }
  cluster.settle();
  EXPECT_EQ(cluster.leader(), MemberId());
  for (int i = 0; i < 60 && cluster.leader() == MemberId(); ++i) {
    cluster.tick_all();
    cluster.settle();
  }
  EXPECT_NE(cluster.leader(), MemberId());
}

// 3.5: a write is committed by a majority and reaches everybody in order.
TEST_F(Paper, replication_majority_commits) {
  Cluster cluster(5, config(), 1);
  cluster.elect(kA);
  for (const MemberId id : {kD, kE}) cluster.crash(id);
  for (int i = 0; i < 10; ++i) put(cluster, kA, std::to_string(i));
  cluster.settle();
  EXPECT_EQ(cluster.raft(1).commit(), cluster.raft(1).last_index());
  cluster.boot(kD);
  for (int i = 0; i < 3; ++i) {
    cluster.tick(kA);
    cluster.settle();
  }
  EXPECT_EQ(cluster.member(kD).applied.size(), cluster.member(kA).applied.size());
}

// 3.5, figure 3.6: whatever the followers' logs look like, they end as the leader's.
TEST_F(Paper, replication_figure_3_6_logs_are_repaired) {
  Cluster cluster(7, config(), 1);
  const std::vector<std::vector<uint64_t>> logs = {
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6},
      {1, 1, 1, 4, 4, 5, 5, 6, 6},
      {1, 1, 1, 4},
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
      {1, 1, 1, 4, 4, 4, 4},
      {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},
  };
  for (size_t i = 0; i < logs.size(); ++i) plant(cluster, MemberId(i + 1), logs[i], 7);
  cluster.elect(kA);
  std::vector<uint64_t> expected = logs[0];
  expected.push_back(8);
  for (const auto& m : cluster.members) {
    EXPECT_EQ(planted_terms(cluster, m->id()), expected) << m->id().value;
    EXPECT_EQ(m->raft().commit(), m->raft().last_index());
  }
}

// 3.6.1: a candidate that lacks a committed entry cannot win, however often it asks.
TEST_F(Paper, safety_candidate_without_committed_entries_loses) {
  Cluster cluster(3, config(), 1);
  cluster.elect(kA);
  cluster.crash(kC);
  put(cluster, kA, "committed");
  cluster.settle();
  cluster.crash(kA);
  cluster.boot(kC);
  for (int i = 0; i < 100; ++i) {
    cluster.tick(kC);
    cluster.settle();
    ASSERT_NE(cluster.raft(3).role(), RoleKind::kLeader);
  }
  for (int i = 0; i < 60 && cluster.leader() == MemberId(); ++i) {
    cluster.tick_all();
    cluster.settle();
  }
  EXPECT_EQ(cluster.leader(), kB);
}

// 3.6.2, figure 3.7 (c): A leads term 4 with an entry of term 2 that B has, too; E has one of
// term 3.
struct Figure37 : Paper {
  Cluster cluster{5, config(), 1};

  void SetUp() override {
    plant(cluster, kA, {2}, 3);
    plant(cluster, kB, {2});
    plant(cluster, kE, {3});
    cluster.crash(kD);
    cluster.crash(kE);
    ask_everybody(cluster, kA);
    while (cluster.raft(1).role() != RoleKind::kLeader) {
      for (const MemberId id : {kA, kB, kC}) cluster.sync(id);
      if (!cluster.network.empty()) cluster.deliver(0);
    }
    cluster.network.clear();
  }
  Index old() { return cluster.raft(1).last_index().prev(); }
  // The append of the old entry alone.
  Packet old_entry_for_c() {
    Packet packet;
    packet.message.type = MessageType::kApp;
    packet.message.from = kA;
    packet.message.to = kC;
    packet.message.term = cluster.raft(1).term();
    packet.message.index = old().prev();
    packet.message.log_term = Term(1);
    packet.message.entries = {cluster.member(kA).mirror[old().value - 1]};
    return packet;
  }
  // A dies; E asks everybody that no longer hears A, once to learn the term and once in it.
  bool e_wins() {
    cluster.crash(kA);
    for (const MemberId id : {kD, kE}) {
      cluster.boot(id);
      cluster.apply(id);
    }
    for (const MemberId id : {kB, kC, kD}) tick(cluster, id, 10);
    cluster.network.clear();
    for (int i = 0; i < 2; ++i) {
      ask_everybody(cluster, kE);
      cluster.settle();
    }
    return cluster.raft(5).role() == RoleKind::kLeader;
  }
};

// (d): a majority holds the entry of term 2, and yet E may still replace it: it must not be
// committed.
TEST_F(Figure37, older_entry_on_a_majority_is_not_committed) {
  cluster.network.push_back(old_entry_for_c());
  cluster.deliver(0);
  cluster.sync(kC);
  EXPECT_EQ(cluster.raft(3).stable_index(), old());
  cluster.deliver(0);  // A hears of it
  EXPECT_LT(cluster.raft(1).commit(), old());
  EXPECT_TRUE(e_wins());
}

// (e): with an entry of A's own term on the majority both are committed, and E cannot win.
TEST_F(Figure37, own_entry_on_a_majority_commits_both) {
  cluster.tick(kA);
  settle_among(cluster, {kA, kB, kC});
  EXPECT_GE(cluster.raft(1).commit(), old());
  EXPECT_FALSE(e_wins());
}

// 3.7, 3.8: a follower that crashes forgets only what it had not promised.
TEST_F(Paper, crash_loses_only_unsynced_entries) {
  Cluster cluster(3, config(), 1);
  cluster.elect(kA);
  put(cluster, kA, "on its way");
  while (!cluster.network.empty()) cluster.deliver(0);
  EXPECT_EQ(cluster.raft(2).last_index(), cluster.raft(1).last_index());
  cluster.crash(kB);  // before its sync
  cluster.boot(kB);
  EXPECT_LT(cluster.raft(2).last_index(), cluster.raft(1).last_index());
  EXPECT_LT(cluster.raft(1).commit(), cluster.raft(1).last_index());
  for (int i = 0; i < 3; ++i) {
    cluster.tick(kA);
    cluster.settle();
  }
  EXPECT_EQ(cluster.raft(2).last_index(), cluster.raft(1).last_index());
}

// 3.10: leadership moves without a gap of an election timeout.
TEST_F(Paper, transfer_moves_leadership_at_once) {
  Cluster cluster(3, config(), 1);
  cluster.elect(kA);
  put(cluster, kA, "before");
  cluster.raft(1).transfer_leader(kC);
  cluster.pump(kA);
  cluster.settle();
  EXPECT_EQ(cluster.leader(), kC);
  put(cluster, kC, "after");
  cluster.settle();
  EXPECT_EQ(cluster.member(kA).applied.back().bytes(), "after");
}

// 4.2.1: a server joins without a vote, catches up, and is promoted.
TEST_F(Paper, membership_learner_catches_up_then_votes) {
  Cluster cluster(3, config(), 1);
  cluster.elect(kA);
  for (int i = 0; i < 20; ++i) put(cluster, kA, std::to_string(i));
  cluster.settle();
  cluster.member(kA).persist();
  cluster.member(kA).compact(0);  // only a snapshot can help the newcomer
  cluster.add(kD);
  cluster.boot(kD);
  ASSERT_TRUE(cluster.change(kA, {ConfChangeType::kAddLearner, kD}).ok());
  cluster.settle();
  cluster.tick(kA);
  cluster.settle();
  EXPECT_EQ(cluster.member(kD).applied.size(), cluster.member(kA).applied.size());
  EXPECT_TRUE(cluster.raft(4).is_learner());
  ASSERT_TRUE(cluster.change(kA, {ConfChangeType::kAddVoter, kD}).ok());
  cluster.settle();
  EXPECT_EQ(cluster.raft(4).conf().voters.size(), 4u);
  EXPECT_FALSE(cluster.raft(4).is_learner());
}

// 4.2.3: a removed or cut-off member that missed everything cannot disturb the group.
TEST_F(Paper, membership_cut_off_member_does_not_disturb) {
  Cluster cluster(3, config(), 1);
  cluster.elect(kA);
  cluster.isolate(kC);
  for (int i = 0; i < 100; ++i) {
    cluster.tick_all();
    cluster.settle();
  }
  EXPECT_EQ(cluster.leader(), kA);
  const Term term = cluster.raft(1).term();
  cluster.heal();
  for (int i = 0; i < 40; ++i) {
    cluster.tick_all();
    cluster.settle();
  }
  EXPECT_EQ(cluster.leader(), kA);
  EXPECT_EQ(cluster.raft(1).term(), term);
}

// 6.4: an old leader that does not know of its successor must not answer reads, even with an echo
// of an earlier round still on its way.
TEST_F(Paper, reads_old_leader_with_a_late_echo_is_silent) {
  Cluster cluster(3, config(), 1);
  cluster.elect(kA);
  ASSERT_TRUE(cluster.read(kA).ok());
  for (size_t i = cluster.network.size(); i-- > 0;) {
    cluster.network[i].message.to == kB ? cluster.deliver(i) : cluster.drop(i);
  }
  const Packet late = cluster.network.at(0);
  ASSERT_EQ(late.message.type, MessageType::kHeartbeatResp);
  cluster.network.clear();
  cluster.isolate(kA);
  for (const MemberId id : {kB, kC}) tick(cluster, id, 10);
  cluster.network.clear();
  ask_everybody(cluster, kB);
  cluster.settle();
  ASSERT_EQ(cluster.leader(), kB);
  put(cluster, kB, "newer");
  cluster.settle();
  const uint64_t before = cluster.checker.reads_answered();
  ASSERT_TRUE(cluster.read(kA).ok());  // has to see "newer", which A does not know
  cluster.network.push_back(late);
  cluster.deliver(cluster.network.size() - 1);
  EXPECT_EQ(cluster.checker.reads_answered(), before + 1);  // the first read, which began before
}

}  // namespace
}  // namespace keelson::raft::test
