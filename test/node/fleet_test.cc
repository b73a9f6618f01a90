#include "node/fleet.h"

namespace keelson::test {
namespace {

using std::chrono::seconds;

// Three founders with nothing but their flags become one cluster that takes writes on every member.
TEST(Fleet, three_founders_agree_and_every_member_serves) {
  Fleet fleet(3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready(); }));
  for (size_t i = 0; i < 3; ++i) {
    const auto put = fleet.put(i, "k" + std::to_string(i), "v");
    ASSERT_TRUE(put.status.ok()) << put.status.text();
  }
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(fleet.values(i, "k", "l").size(), 3u);
  EXPECT_TRUE(
      fleet.advance_until([&] { return fleet.core(0).facts().cluster_version == "3.7.0"; }));
}

// What was acknowledged survives the leader, and the rest goes on without it.
TEST(Fleet, leader_dies_and_nothing_acknowledged_is_lost) {
  Fleet fleet(3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready(); }));
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(fleet.advance_until([&] { return fleet.leader() < 3; }));
    const size_t dead = fleet.leader();
    const std::string key = "k" + std::to_string(round);
    ASSERT_TRUE(fleet.put(dead, key, "v").status.ok());
    fleet.crash(dead);
    const size_t other = (dead + 1) % 3;
    ASSERT_TRUE(fleet.advance_until([&] { return fleet.leader() < 3; }));
    EXPECT_EQ(fleet.values(other, "k", "l").size(), static_cast<size_t>(round) + 1);
    fleet.start(dead);
    ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready(); }));
    EXPECT_EQ(fleet.values(dead, "k", "l").size(), static_cast<size_t>(round) + 1);
  }
}

// A leader cut off from the others answers no linearizable read from its old state.
TEST(Fleet, isolated_leader_serves_no_stale_read) {
  Fleet fleet(3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready() && fleet.leader() < 3; }));
  const size_t old = fleet.leader();
  ASSERT_TRUE(fleet.put(old, "k", "before").status.ok());
  fleet.isolate(old);
  const size_t other = (old + 1) % 3;
  // What is forwarded to a leader that is cut off is lost, so the others elect theirs first.
  const auto elected = [&] {
    const MemberId leader = fleet.core(other).facts().leader;
    return leader != fleet.id(old) && leader != MemberId();
  };
  ASSERT_TRUE(fleet.advance_until(elected));
  ASSERT_TRUE(fleet.put(other, "k", "after").status.ok());
  const auto read = fleet.call(old, node::RangeQuery{.key = "k", .end = {}});
  EXPECT_FALSE(read.status.ok());
  fleet.heal();
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.leader() < 3; }));
  EXPECT_EQ(fleet.values(old, "k"), std::vector<std::string>{"after"});
}

// A leader that is to stop hands over first: the next write waits for no election timeout.
TEST(Fleet, hand_over_moves_the_leader_at_once) {
  Fleet fleet(3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready() && fleet.leader() < 3; }));
  const size_t old = fleet.leader();
  fleet.core(old).hand_over();
  fleet.settle();
  ASSERT_LT(fleet.leader(), 3u);
  EXPECT_NE(fleet.leader(), old);
  EXPECT_TRUE(fleet.put(old, "k", "v").status.ok());
}

// A write without a majority fails with its time over, and is not acknowledged.
TEST(Fleet, no_majority_no_acknowledgement) {
  Fleet fleet(3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready() && fleet.leader() < 3; }));
  const size_t alone = fleet.leader();
  fleet.isolate(alone);
  const auto put = fleet.put(alone, "k", "v");
  EXPECT_EQ(put.status.code(), Code::kUnavailable);
  EXPECT_NE(put.status.text().find("timed out"), std::string::npos) << put.status.text();
}

size_t add_learner(Fleet& fleet, size_t through) {
  std::vector<node::BootstrapMember> members;
  for (size_t i = 0; i < 4; ++i) members.push_back({Fleet::name(i), {Fleet::url(i)}});
  const auto added = fleet.call(through, node::MemberAdd{{Fleet::url(3)}, true});
  EXPECT_TRUE(added.status.ok()) << added.status.text();
  MemberId id;
  wire::Reader reader(added.body);
  for (wire::Field f; reader.next(f);) {
    if (f.number != 2) continue;
    wire::Reader member(f.bytes);
    for (wire::Field g; member.next(g);)
      if (g.number == 1) id = MemberId(g.number_value);
  }
  const size_t fourth = fleet.add_machine(members);
  node::RunningCluster running{fleet.core(0).facts().cluster, id, {}};
  for (size_t i = 0; i < 3; ++i) running.others.push_back({fleet.id(i), {Fleet::url(i)}});
  fleet.machine(fourth).boot.join_existing = true;
  fleet.machine(fourth).boot.find_cluster = [running] { return running; };
  fleet.start(fourth);
  return fourth;
}

// A fourth member joins as learner, catches up, is promoted by a follower's hand and removed again.
TEST(Fleet, learner_joins_is_promoted_and_removed) {
  Fleet fleet(3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready() && fleet.leader() < 3; }));
  fleet.advance(seconds(6));  // connected long enough to count as healthy
  ASSERT_TRUE(fleet.put(0, "k", "v").status.ok());
  const size_t leader = fleet.leader();
  const size_t fourth = add_learner(fleet, (leader + 1) % 3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready(); }));
  EXPECT_TRUE(fleet.core(fourth).facts().learner);
  const auto promoted = fleet.call(leader, node::MemberPromote{fleet.id(fourth)});
  ASSERT_TRUE(promoted.status.ok()) << promoted.status.text();
  fleet.settle();
  EXPECT_FALSE(fleet.core(fourth).facts().learner);
  EXPECT_EQ(fleet.values(fourth, "k"), std::vector<std::string>{"v"});
  const auto removed = fleet.call(leader, node::MemberRemove{fleet.id(fourth)});
  ASSERT_TRUE(removed.status.ok()) << removed.status.text();
  EXPECT_TRUE(fleet.advance_until([&] { return fleet.machine(fourth).removed; }));
}

// The last voters must not be removed while that costs the quorum.
TEST(Fleet, removal_that_costs_the_quorum_is_refused) {
  Fleet fleet(3);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready() && fleet.leader() < 3; }));
  const size_t leader = fleet.leader();
  fleet.crash((leader + 1) % 3);
  fleet.advance(seconds(1));
  const auto removed = fleet.call(leader, node::MemberRemove{fleet.id((leader + 2) % 3)});
  EXPECT_EQ(removed.status.text(), "etcdserver: unhealthy cluster");
}

}  // namespace
}  // namespace keelson::test
