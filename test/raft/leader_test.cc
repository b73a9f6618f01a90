// What a leader sends, counts and gives up: thesis 3.5, 3.6.2, 3.10, 4, 6.2; peer.md 5.3 - 5.5.
#include <gtest/gtest.h>

#include "raft/machine.h"

namespace keelson::raft::test {
namespace {

using enum MessageType;

std::vector<Message> to(std::vector<Message> messages, uint64_t peer) {
  std::erase_if(messages, [peer](const Message& m) { return m.to != MemberId(peer); });
  return messages;
}

// The term must get an entry of its own before anything older can be committed.
TEST(Leader, new_leader_appends_an_empty_entry_and_probes) {
  Machine m(3, {1, 1});
  m.lead();
  const Output out = m.take();
  ASSERT_EQ(out.entries.size(), 1u);
  EXPECT_EQ(out.entries[0], (Entry{Term(2), Index(3), EntryType::kNormal, nullptr}));
  const auto probes = m.sent_of(kApp);
  ASSERT_EQ(probes.size(), 2u);
  EXPECT_EQ(probes[0].index, Index(2));
  EXPECT_EQ(probes[0].log_term, Term(1));
  EXPECT_EQ(probes[0].entries.size(), 1u);
}

// Its own entry is sent before it is on disk, so that the disks work at the same time.
TEST(Leader, appends_leave_with_the_batch_not_after_it) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  const Output out = m.take();
  EXPECT_TRUE(out.must_sync);
  EXPECT_EQ(m.sent_of(kApp).size(), 2u);
}

// A slow disk of the leader does not hold up the group.
TEST(Leader, others_syncs_commit_before_the_own) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  m.take();
  m.step(m.accept(2, 2));
  EXPECT_EQ(m.raft.commit(), Index(1));
  m.step(m.accept(3, 2));
  EXPECT_EQ(m.raft.commit(), Index(2));
  EXPECT_EQ(m.raft.stable_index(), Index(1));
  EXPECT_EQ(m.take().committed.size(), 1u);
}

// One turn, one append a follower, whatever came in; the payload is shared, not copied.
TEST(Leader, proposals_of_a_turn_leave_together) {
  Machine m(3);
  m.lead_settled();
  const Payload data = std::make_shared<const std::string>("shared");
  ASSERT_TRUE(m.raft.propose({data, data}).ok());
  m.propose("b");
  m.take();
  const auto appends = m.sent_of(kApp);
  ASSERT_EQ(appends.size(), 2u);
  EXPECT_EQ(appends[0].entries.size(), 3u);
  EXPECT_EQ(appends[0].entries[0].data.get(), data.get());
}

// The followers should not wait a heartbeat for the news that their clients wait for.
TEST(Leader, commit_is_told_at_once) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  m.run();
  m.sent.clear();
  m.step(m.accept(2, 2));
  m.take();
  const auto appends = m.sent_of(kApp);
  ASSERT_EQ(appends.size(), 2u);
  EXPECT_EQ(appends[0].commit, Index(2));
  EXPECT_TRUE(appends[0].entries.empty());
  m.step(m.accept(3, 2));
  m.take();
  EXPECT_TRUE(m.sent_of(kApp).empty());
}

// Figure 3.7: an entry of an older term on a majority may still be replaced.
TEST(Leader, older_terms_commit_only_through_the_own) {
  Machine m(5, {1, 2});
  m.lead();
  m.run();
  m.step(m.accept(2, 2));
  m.step(m.accept(3, 2));
  EXPECT_EQ(m.raft.commit(), Index(0));
  m.step(m.accept(2, 3));
  m.step(m.accept(3, 3));
  EXPECT_EQ(m.raft.commit(), Index(3));
}

// While the logs may differ one append is enough to find out.
TEST(Leader, probe_sends_one_append_until_it_is_answered) {
  Machine m(3, {1});
  m.lead();
  m.run();
  EXPECT_EQ(to(m.sent_of(kApp), 2).size(), 1u);
  m.propose("a");
  m.run();
  EXPECT_TRUE(to(m.sent_of(kApp), 2).empty());
  m.step(m.from(2, kHeartbeatResp));
  m.take();
  EXPECT_EQ(to(m.sent_of(kApp), 2).size(), 1u);
}

// A refusal with a term skips all own entries of greater terms at once.
TEST(Leader, refusal_hint_skips_terms) {
  Machine m(3, {1, 1, 3, 3, 3, 3});
  m.lead();
  m.run();
  m.sent.clear();
  m.step(m.refuse(2, 6, 5, 2));
  m.take();
  const auto probe = to(m.sent_of(kApp), 2);
  ASSERT_EQ(probe.size(), 1u);
  EXPECT_EQ(probe[0].index, Index(2));
  EXPECT_EQ(probe[0].log_term, Term(1));
}

// Two limits: messages under way and the size of each.
TEST(Leader, appends_stop_at_the_window_and_split_by_size) {
  Config config;
  config.append_bytes_max = 250;
  config.inflight_max = 2;
  Machine m(3, {}, {}, config);
  m.lead_settled();
  for (int i = 0; i < 10; ++i) m.propose(std::string(100, 'x'));
  m.take();
  const auto appends = to(m.sent_of(kApp), 2);
  ASSERT_EQ(appends.size(), 2u);
  EXPECT_EQ(appends[0].entries.size(), 2u);
  EXPECT_EQ(appends[1].index, appends[0].entries.back().index);
  m.step(m.accept(2, appends[0].entries.back().index.value));
  m.take();
  EXPECT_EQ(to(m.sent_of(kApp), 2).size(), 1u);
}

// All appends of the window may be lost: the answer to a heartbeat brings one that finds out.
TEST(Leader, heartbeat_answer_probes_a_full_window) {
  Config config;
  config.inflight_max = 1;
  Machine m(3, {}, {}, config);
  m.lead_settled();
  m.propose("a");
  m.take();
  m.propose("b");
  m.run();
  m.sent.clear();
  m.step(m.from(2, kHeartbeatResp));
  m.take();
  const auto probe = to(m.sent_of(kApp), 2);
  ASSERT_EQ(probe.size(), 1u);
  EXPECT_TRUE(probe[0].entries.empty());
  EXPECT_EQ(probe[0].index, Index(2));
  m.step(m.refuse(2, 2, 1, 1));
  m.take();
  EXPECT_EQ(to(m.sent_of(kApp), 2).at(0).entries.size(), 2u);
}

// The follower believes the commit it is told, so it must never be beyond what it has.
TEST(Leader, heartbeat_commit_is_bounded_by_match) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  m.run();
  m.step(m.accept(3, 2));
  m.run();
  m.sent.clear();
  m.tick();
  m.take();
  const auto beats = m.sent_of(kHeartbeat);
  ASSERT_EQ(beats.size(), 2u);
  EXPECT_EQ(beats[0].commit, Index(1));
  EXPECT_EQ(beats[1].commit, Index(2));
}

// A leader that hears no majority serves nobody and must not hold its clients.
TEST(Leader, leader_without_active_quorum_steps_down) {
  Machine m(3);
  m.lead_settled();
  m.tick(9);
  m.step(m.from(2, kHeartbeatResp));
  m.tick(1);
  EXPECT_EQ(m.raft.role(), RoleKind::kLeader);
  m.tick(10);
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  EXPECT_EQ(m.raft.leader(), MemberId());
  EXPECT_EQ(m.raft.term(), Term(1));
}

// --- configuration
// ----------------------------------------------------------------------------------

bool proposes_change(Machine& m) {
  CHECK(m.raft.propose_conf_change(std::make_shared<const std::string>("c")).ok());
  const Entry last = m.take().entries.back();
  CHECK(last.type == EntryType::kConfChange || last.bytes().empty());
  return last.type == EntryType::kConfChange;
}

// Ongaro 2015: a change before the term's first commit may meet another leader's uncommitted one.
TEST(Leader, no_change_before_the_first_commit_of_the_term) {
  Machine m(3, {1});
  m.lead();
  m.run();
  m.raft.applied(m.raft.commit());
  EXPECT_FALSE(proposes_change(m));
  m.step(m.accept(2, 2));
  m.run();
  EXPECT_FALSE(proposes_change(m));
  m.raft.applied(Index(2));
  EXPECT_TRUE(proposes_change(m));
}

// The second of two changes becomes an empty entry until the first is applied.
TEST(Leader, one_change_at_a_time) {
  Machine m(3);
  m.lead_settled();
  EXPECT_TRUE(proposes_change(m));
  EXPECT_FALSE(proposes_change(m));
  m.run();
  m.step(m.accept(2, m.raft.last_index().value));
  m.run();
  EXPECT_FALSE(proposes_change(m));
  m.raft.applied(m.raft.commit());
  EXPECT_TRUE(proposes_change(m));
}

// A new member is probed at the end of the log and is given time to appear.
TEST(Leader, new_member_is_probed_and_counts_as_active) {
  Machine m(1);
  m.lead_settled();
  m.raft.apply_conf_change({ConfChangeType::kAddLearner, MemberId(2)});
  m.take();
  const Message probe = m.only(kApp);
  EXPECT_EQ(probe.index, Index(0));
  EXPECT_EQ(probe.entries.size(), 1u);
  const auto progress = m.raft.progress();
  ASSERT_EQ(progress.size(), 1u);
  EXPECT_TRUE(progress[0].learner);
  EXPECT_TRUE(progress[0].recent_active);
}

// A learner's answer helps nobody to a majority.
TEST(Leader, learner_does_not_count) {
  Machine m(2);
  m.lead_settled();
  m.raft.apply_conf_change({ConfChangeType::kAddLearner, MemberId(3)});
  m.propose("a");
  m.run();
  m.step(m.accept(3, 2));
  EXPECT_EQ(m.raft.commit(), Index(1));
  m.step(m.accept(2, 2));
  EXPECT_EQ(m.raft.commit(), Index(2));
}

// The majority may be there already when the missing member leaves.
TEST(Leader, removal_commits_what_the_rest_has) {
  Machine m(2);
  m.lead_settled();
  m.propose("a");
  m.run();
  EXPECT_EQ(m.raft.commit(), Index(1));
  m.raft.apply_conf_change({ConfChangeType::kRemove, MemberId(2)});
  EXPECT_EQ(m.raft.commit(), Index(2));
  EXPECT_TRUE(m.raft.in_lone_group());
  EXPECT_TRUE(m.raft.progress().empty());
}

// A removed leader goes on until it is stopped, but it takes nothing new and does not count itself.
TEST(Leader, removed_leader_refuses_proposals) {
  Machine m(3);
  m.lead_settled();
  m.raft.apply_conf_change({ConfChangeType::kRemove, MemberId(1)});
  EXPECT_EQ(m.raft.role(), RoleKind::kLeader);
  EXPECT_EQ(m.raft.propose({nullptr}).code(), Code::kUnavailable);
}

// --- transfer
// ---------------------------------------------------------------------------------------

TEST(Leader, transfer_to_a_member_that_has_everything_is_immediate) {
  Machine m(3);
  m.lead_settled();
  m.raft.transfer_leader(MemberId(2));
  m.take();
  EXPECT_EQ(m.only(kTimeoutNow).to, MemberId(2));
  EXPECT_EQ(m.raft.transferee(), MemberId(2));
  EXPECT_EQ(m.raft.propose({nullptr}).text(), "raft proposal dropped");
}

// A member that lacks entries could not win: it is brought up first.
TEST(Leader, transfer_waits_until_the_target_has_everything) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  m.run();
  m.raft.transfer_leader(MemberId(2));
  m.take();
  EXPECT_TRUE(m.sent_of(kTimeoutNow).empty());
  m.step(m.accept(2, 2));
  m.take();
  EXPECT_EQ(m.sent_of(kTimeoutNow).size(), 1u);
}

// The target may be gone: writes must come back after an election timeout.
TEST(Leader, transfer_is_given_up_after_an_election_timeout) {
  Machine m(3);
  m.lead_settled();
  m.raft.transfer_leader(MemberId(2));
  for (int i = 0; i < 10; ++i) {
    m.step(m.from(3, kHeartbeatResp));
    m.tick();
  }
  EXPECT_EQ(m.raft.transferee(), MemberId());
  EXPECT_TRUE(m.raft.propose({nullptr}).ok());
}

TEST(Leader, transfer_goes_to_voters_only) {
  Machine m(3);
  m.lead_settled();
  m.raft.apply_conf_change({ConfChangeType::kAddLearner, MemberId(3)});
  for (const uint64_t target : {1, 3, 7, 0}) {
    m.raft.transfer_leader(MemberId(target));
    EXPECT_EQ(m.raft.transferee(), MemberId());
  }
}

TEST(Leader, transfer_ends_when_its_target_is_removed) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  m.raft.transfer_leader(MemberId(2));
  m.raft.apply_conf_change({ConfChangeType::kRemove, MemberId(2)});
  EXPECT_EQ(m.raft.transferee(), MemberId());
}

// --- a disk that hangs
// ------------------------------------------------------------------------------

// Election timeout without a sync: leadership is offered to the best follower, then given up.
TEST(Leader, stuck_disk_hands_over_then_steps_down) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  m.take();
  m.step(m.accept(3, 2));
  for (int i = 0; i < 10; ++i) {
    m.step(m.from(2, kHeartbeatResp));
    m.tick();
  }
  EXPECT_EQ(m.raft.transferee(), MemberId(3));
  m.take();
  EXPECT_EQ(m.only(kTimeoutNow).to, MemberId(3));
  for (int i = 0; i < 10; ++i) {
    m.step(m.from(2, kHeartbeatResp));
    m.tick();
  }
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  m.tick(40);
  EXPECT_EQ(m.raft.role(), RoleKind::kFollower);
  m.sync();
  m.tick(1);
  EXPECT_EQ(m.raft.role(), RoleKind::kPreCandidate);
}

// A sync that comes late but comes ends the matter.
TEST(Leader, late_sync_keeps_the_leader) {
  Machine m(3);
  m.lead_settled();
  for (int round = 0; round < 5; ++round) {
    m.propose("a");
    m.take();
    for (int i = 0; i < 9; ++i) {
      m.step(m.from(2, kHeartbeatResp));
      m.tick();
    }
    m.sync();
  }
  EXPECT_EQ(m.raft.role(), RoleKind::kLeader);
  EXPECT_EQ(m.raft.transferee(), MemberId());
}

// --- snapshots
// --------------------------------------------------------------------------------------

// A leader whose log begins behind index 5, with a follower that lacks it.
Machine compacted_leader() {
  Machine m(3);
  m.lead_settled();
  for (int i = 0; i < 4; ++i) m.propose("a");
  m.run();
  m.step(m.accept(2, 5));
  m.run();
  m.raft.applied(Index(5));
  m.raft.compact(Index(5));
  m.sent.clear();
  m.step(m.refuse(3, 5, 1, 1));
  return m;
}

// What it needs is gone from the log: the state itself goes, with the configuration.
TEST(Leader, missing_entries_become_a_snapshot) {
  Machine m = compacted_leader();
  m.take();
  const Message snap = m.only(kSnap);
  EXPECT_EQ(snap.to, MemberId(3));
  EXPECT_EQ(snap.snapshot.index, Index(5));
  EXPECT_EQ(snap.snapshot.term, Term(1));
  EXPECT_EQ(snap.snapshot.conf, m.raft.conf());
  m.propose("b");
  m.run();
  EXPECT_TRUE(to(m.sent_of(kApp), 3).empty());
  EXPECT_TRUE(m.raft.progress()[1].snapshot_pending);
}

// The answer to the snapshot resumes the appends behind it.
TEST(Leader, snapshot_answer_resumes_replication) {
  Machine m = compacted_leader();
  m.run();
  m.propose("b");
  m.run();
  m.sent.clear();
  m.step(m.accept(3, 5));
  m.take();
  const auto appends = to(m.sent_of(kApp), 3);
  ASSERT_EQ(appends.size(), 1u);
  EXPECT_EQ(appends[0].index, Index(5));
  EXPECT_EQ(appends[0].entries.size(), 1u);
}

// Its end is known by the transport as well; then the follower has to speak first.
TEST(Leader, snapshot_report_waits_for_the_follower) {
  for (const bool ok : {true, false}) {
    Machine m = compacted_leader();
    m.run();
    m.sent.clear();
    m.raft.report_snapshot(MemberId(3), ok);
    m.run();
    EXPECT_TRUE(m.sent.empty());
    m.step(m.from(3, kHeartbeatResp));
    m.take();
    EXPECT_EQ(to(m.sent_of(ok ? kApp : kSnap), 3).size(), 1u);
  }
}

// A member that is away would only hold up the snapshot.
TEST(Leader, silent_member_gets_no_snapshot) {
  Machine m(3, {1, 1, 1}, {Term(1), MemberId(), Index(3)});
  m.run();
  m.raft.applied(Index(3));
  m.raft.compact(Index(3));
  m.lead();
  m.run();
  m.raft.applied(m.raft.commit());
  m.step(m.refuse(2, 3, 0, 0));
  m.take();
  EXPECT_EQ(m.sent_of(kSnap).size(), 1u);  // it has just spoken
  EXPECT_TRUE(to(m.sent_of(kSnap), 3).empty());
}

// Lost connections mean lost appends: back to one at a time.
TEST(Leader, unreachable_member_is_probed) {
  Machine m(3);
  m.lead_settled();
  m.propose("a");
  m.run();
  m.sent.clear();
  m.raft.report_unreachable(MemberId(2));
  m.propose("b");
  m.propose("c");
  m.run();
  const auto appends = to(m.sent_of(kApp), 2);
  ASSERT_EQ(appends.size(), 1u);
  EXPECT_EQ(appends[0].index, Index(1));
}

}  // namespace
}  // namespace keelson::raft::test
