#include "node/fleet.h"

namespace keelson::test {
namespace {

using std::chrono::seconds;

constexpr int kWrites = 400;

// A member was away while the leader's log was cut: it gets the state as etcd's image, takes it in
// and goes on with the log.
TEST(PeerSnapshot, member_that_was_away_is_brought_up_by_an_image) {
  Fleet fleet(3, 50);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready() && fleet.leader() < 3; }));
  const size_t leader = fleet.leader();
  const size_t away = (leader + 1) % 3;
  fleet.crash(away);
  std::string grant;
  wire::put_int(grant, 1, 1000);
  wire::put_int(grant, 2, 7);
  ASSERT_TRUE(fleet.call(leader, node::Proposal{.field = 8, .body = grant}).status.ok());
  for (int i = 0; i < kWrites; ++i)
    ASSERT_TRUE(
        fleet.put(leader, "k" + std::to_string(i % 50), std::to_string(i), i % 50 == 3 ? 7 : 0)
            .status.ok());
  fleet.advance(seconds(2));  // persisted, and cut from memory
  fleet.start(away);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.values(away, "k", "l").size() == 50; }));
  EXPECT_EQ(fleet.core(away).facts().revision, fleet.core(leader).facts().revision);
  EXPECT_TRUE(*fleet.machine(away).fs->exists("/data/member/state-2"));  // not by the log
  ASSERT_TRUE(fleet.put(away, "after", "v").status.ok());
  const auto hash = [&](size_t i) {
    std::string body = fleet.call(i, node::HashKv{0}).body;
    wire::Reader reader(body);
    uint64_t out = 0;
    for (wire::Field f; reader.next(f);)
      if (f.number == 2) out = f.number_value;
    return out;
  };
  fleet.advance(seconds(1));
  EXPECT_EQ(hash(away), hash(leader));
  // And once more from its own disk.
  fleet.crash(away);
  fleet.start(away);
  ASSERT_TRUE(fleet.advance_until([&] { return fleet.all_ready(); }));
  EXPECT_EQ(hash(away), hash(leader));
  EXPECT_EQ(fleet.values(away, "after"), std::vector<std::string>{"v"});
}

}  // namespace
}  // namespace keelson::test
