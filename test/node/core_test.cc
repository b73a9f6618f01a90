#include "node/world.h"

namespace keelson::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A write must be readable at once, with etcd's first revision.
TEST(Core, put_then_get_returns_value_at_revision_two) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  const auto put = world.put("foo", "bar");
  ASSERT_TRUE(put.status.ok()) << put.status.text();
  EXPECT_EQ(World::revision(put.body), 2);
  const auto get = world.get("foo");
  EXPECT_EQ(World::values(get.body), std::vector<std::string>{"bar"});
}

// An acknowledgement before the sync would be lost with the power.
TEST(Core, put_before_log_sync_is_not_answered) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  std::string body;
  wire::put_bytes(body, 1, "k");
  world.send(node::Proposal{.field = 4, .body = body});
  for (int i = 0; i < 5; ++i) world.core().turn();
  EXPECT_TRUE(world.inbox().take().empty());
  world.settle();
  EXPECT_EQ(world.inbox().take().size(), 1u);
}

// What was acknowledged is there after a power loss that keeps only synced bytes.
TEST(Core, power_loss_after_acknowledgement_keeps_the_write) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(world.put("k" + std::to_string(i), "v").status.ok());
  SeededRng rng(1);
  world.restart_on(world.fs().crash_clone(rng, 0.0));
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  const auto all = world.get("k", "l");
  EXPECT_EQ(World::values(all.body).size(), 50u);
  EXPECT_EQ(World::revision(all.body), 51);
}

// Random crash points and partly surviving pages: acknowledged writes stay, revisions never go
// back.
TEST(Core, random_crashes_never_lose_acknowledged_writes) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SeededRng rng(seed);
    World world;
    ASSERT_EQ(world.boot().text(), "");
    world.become_ready();
    int64_t acknowledged = 1;
    int written = 0;
    for (int life = 0; life < 4; ++life) {
      for (uint64_t n = rng.below(60); n > 0; --n) {
        const auto put = world.put("k" + std::to_string(written % 17), std::to_string(written));
        ASSERT_TRUE(put.status.ok());
        acknowledged = World::revision(put.body);
        ++written;
        if (rng.below(8) == 0) world.advance(milliseconds(60));
      }
      world.restart_on(world.fs().crash_clone(rng, 0.5));
      const Status booted = world.boot();
      ASSERT_TRUE(booted.ok()) << "seed " << seed << ": " << booted.text();
      world.become_ready();
      const auto all = world.get("k", "l");
      ASSERT_GE(World::revision(all.body), acknowledged) << "seed " << seed;
      ASSERT_EQ(World::values(all.body).size(), static_cast<size_t>(std::min(written, 17)));
    }
  }
}

// A lease that nobody renews takes its keys along; never early.
TEST(Core, lease_expiry_deletes_attached_keys) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  std::string grant;
  wire::put_int(grant, 1, 5);
  wire::put_int(grant, 2, 77);
  ASSERT_TRUE(world.call(node::Proposal{.field = 8, .body = grant}).status.ok());
  ASSERT_TRUE(world.put("leased", "v", 77).status.ok());
  world.advance(milliseconds(4800));
  world.inbox().take();
  EXPECT_EQ(World::values(world.get("leased").body).size(), 1u);
  world.advance(seconds(2));
  world.inbox().take();
  EXPECT_EQ(World::values(world.get("leased").body).size(), 0u);
}

// After a restart leases must know their keys again, or they outlive their lease.
TEST(Core, restart_keeps_lease_attachments) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  std::string grant;
  wire::put_int(grant, 1, 5);
  wire::put_int(grant, 2, 77);
  ASSERT_TRUE(world.call(node::Proposal{.field = 8, .body = grant}).status.ok());
  ASSERT_TRUE(world.put("leased", "v", 77).status.ok());
  world.advance(milliseconds(200));  // into SQLite, so that the log does not replay it
  world.restart_on(world.fs().kill_clone());
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  world.advance(seconds(8));
  world.inbox().take();
  EXPECT_EQ(World::values(world.get("leased").body).size(), 0u);
}

// Values that only SQLite holds must come back through the pool, in key order.
TEST(Core, range_of_evicted_values_reads_them_from_disk) {
  World world;
  world.set_cache_bytes(1 << 20);
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  const std::string big(20000, 'x');
  for (int i = 100; i < 400; ++i) {
    ASSERT_TRUE(world.put("k" + std::to_string(i), big + std::to_string(i)).status.ok());
    world.advance(milliseconds(60));
  }
  world.inbox().take();
  const auto values = World::values(world.get("k", "l").body);
  ASSERT_EQ(values.size(), 300u);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], big + std::to_string(100 + i));
  EXPECT_EQ(World::values(world.get("k100").body), std::vector<std::string>{big + "100"});
}

// physical=true promises that the rows are gone when the answer comes.
TEST(Core, physical_compaction_answers_after_removal) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(world.put("k", std::to_string(i)).status.ok());
  std::string body;
  wire::put_int(body, 1, 21);
  world.send(node::Proposal{.field = 7, .body = body, .physical = true});
  world.advance(seconds(1));
  const auto answers = world.inbox().take();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].status.ok()) << answers[0].status.text();
  const auto old = world.call(node::RangeQuery{.key = "k", .end = {}, .revision = 20});
  EXPECT_EQ(old.status.code(), Code::kOutOfRange);
  EXPECT_EQ(World::values(world.get("k").body), std::vector<std::string>{"19"});
}

// A refusal must name the reason: an operator who mistypes an id is not helped by "not enough
// started members".
TEST(Core, promote_of_no_learner_says_what_is_wrong) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  const auto unknown = world.call(node::MemberPromote{MemberId(1)});
  EXPECT_EQ(unknown.status.code(), Code::kNotFound);
  EXPECT_EQ(unknown.status.text(), "etcdserver: member not found");
  const auto voter = world.call(node::MemberPromote{world.core().facts().member});
  EXPECT_EQ(voter.status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(voter.status.text(), "etcdserver: can only promote a learner member");
}

// What HashKV says at a compaction's revision is taken from the state before it. While that is
// under way, the state after it would give another answer, and members are compared by these.
TEST(Core, hash_at_compaction_waits_for_the_compactions_own) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(world.put("k", std::to_string(i)).status.ok());
  const auto numbers = [](const node::Answer& answer) {
    std::vector<int64_t> out;  // hash, compact revision, revision
    wire::Reader reader(answer.body);
    for (wire::Field f; reader.next(f);)
      if (f.number != 1) out.push_back(f.as_int64());
    return out;
  };
  const auto before = numbers(world.call(node::HashKv{21}));
  ASSERT_EQ(before.size(), 3u);
  std::string body;
  wire::put_int(body, 1, 21);
  world.send(node::Proposal{.field = 7, .body = body});
  std::vector<node::Answer> answers;
  while (answers.empty()) {  // compacted, but the pool has done nothing yet
    world.core().turn();
    world.log_writer().step(world.core().log_file(), world.core());
    answers = world.inbox().take();
  }
  ASSERT_TRUE(answers[0].status.ok());
  EXPECT_EQ(numbers(world.call(node::HashKv{21})), before);
  EXPECT_EQ(numbers(world.call(node::HashKv{21})), before);
}

// The write that crosses the quota is applied, answered with no-space, and the alarm stands.
TEST(Core, quota_crossed_raises_alarm_and_refuses_puts) {
  World world;
  world.settings().quota_bytes = 1 << 20;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  Status status;
  for (int i = 0; i < 200 && status.ok(); ++i) {
    std::string body;
    wire::put_bytes(body, 1, "k" + std::to_string(i));
    wire::put_bytes(body, 2, std::string(16384, 'v'));
    status = world.call(node::Proposal{.field = 4, .body = body, .quota_cost = 16640}).status;
    world.advance(milliseconds(60));
  }
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_TRUE(world.core().facts().alarm_nospace);
  EXPECT_EQ(world.put("tiny", "v").status.code(), Code::kResourceExhausted);
}

// Shrinking swaps the database under readers and writers; nothing may be missing after it or a
// restart.
TEST(Core, defragment_keeps_everything_over_restart) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(world.put("k" + std::to_string(i), std::string(1000, 'v')).status.ok());
  world.send(node::Defragment{});
  world.advance(seconds(1));
  const auto answers = world.inbox().take();
  ASSERT_EQ(answers.size(), 1u);
  ASSERT_TRUE(answers[0].status.ok()) << answers[0].status.text();
  ASSERT_TRUE(world.put("after", "v").status.ok());
  SeededRng rng(3);
  world.restart_on(world.fs().crash_clone(rng, 0.5));
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  EXPECT_EQ(World::values(world.get("k", "l").body).size(), 200u);
  EXPECT_EQ(World::values(world.get("after").body).size(), 1u);
}

// An empty directory that is told to join must not become a second cluster beside a living one.
TEST(Boot, existing_with_empty_directory_is_refused) {
  World world;
  world.boot_settings().join_existing = true;
  EXPECT_NE(world.boot().text().find("--initial-cluster-state=existing"), std::string::npos);
  EXPECT_FALSE(*world.fs().exists("/data/member"));
}

// etcd's own files must not be taken for an empty directory.
TEST(Boot, directory_of_etcd_is_refused_and_left_alone) {
  World world;
  ASSERT_TRUE(world.fs().make_dir("/data/member/snap").ok());
  world.fs().set_content("/data/member/snap/db", "bolt");
  EXPECT_NE(world.boot().text().find("written by etcd"), std::string::npos);
  EXPECT_EQ(world.fs().content("/data/member/snap/db"), "bolt");
}

// Two processes on one directory would overwrite each other's log.
TEST(Boot, directory_in_use_is_refused) {
  World world;
  ASSERT_TRUE(world.fs().make_dir("/data").ok());
  const auto held = world.fs().lock("/data/LOCK");
  ASSERT_TRUE(held.ok());
  EXPECT_NE(world.boot().text().find("in use by another process"), std::string::npos);
}

}  // namespace
}  // namespace keelson::test
