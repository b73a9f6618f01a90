// HashKV against the values recorded from etcd 3.7.1 (reference etcd-data.md section 8).
#include <gtest/gtest.h>

#include "mvcc/store_world.h"

namespace keelson::mvcc {
namespace {

using test::StoreWorld;

class HashTest : public testing::Test {
 protected:
  void SetUp() override {
    world.options().cache_bytes = 0;
    world.options().block_bytes = 64;  // everything that is persisted leaves the window
    world.create();
  }
  uint32_t hash(int64_t rev) {
    const auto result = world.hash_kv(rev);
    CHECK(result.ok());
    return result->hash;
  }
  void first_five() {
    world.put("a", "1");
    world.put("b", "1");
    world.put("a", "2");
    world.erase("b");
    world.put("c", "1");
  }
  StoreWorld world;
};

TEST_F(HashTest, workedExample_sameAsEtcd) {
  // Any difference here raises a CORRUPT alarm in a mixed cluster.
  const uint32_t expected[] = {2587454935, 2143169314, 3086679940, 1416966122, 3076932441};
  first_five();
  for (int64_t rev = 2; rev <= 6; ++rev) EXPECT_EQ(hash(rev), expected[rev - 2]);
  world.persist_all();
  for (int64_t rev = 2; rev <= 6; ++rev) EXPECT_EQ(hash(rev), expected[rev - 2]);
  EXPECT_EQ(hash(0), expected[4]);
}

TEST_F(HashTest, afterCompaction_sameAsEtcdBeforeAndAfterRemoval) {
  // A member that has not removed its rows yet must answer like one that has.
  first_five();
  world.compact(5);
  EXPECT_EQ(hash(6), 709067906u);
  EXPECT_EQ(hash(5), 1336054247u);
  world.finish_compaction();
  EXPECT_EQ(hash(6), 709067906u);
  EXPECT_EQ(hash(5), 1336054247u);
  world.restart();
  EXPECT_EQ(hash(6), 709067906u);
  EXPECT_EQ(world.hash_kv(6)->compacted, Revision(5));
}

TEST_F(HashTest, nothingLives_sameAsEtcd) {
  // With nothing alive etcd skips only the tombstone at the compact revision.
  first_five();
  world.compact(5);
  world.put("a", "3");
  world.erase("a");
  world.erase("c");
  const uint32_t expected[] = {643951048, 1108967486, 2346597004};
  for (int64_t rev = 7; rev <= 9; ++rev) EXPECT_EQ(hash(rev), expected[rev - 7]);
  world.finish_compaction();
  for (int64_t rev = 7; rev <= 9; ++rev) EXPECT_EQ(hash(rev), expected[rev - 7]);
}

TEST_F(HashTest, hashOfCompaction_isOfTheStateBefore) {
  // The node makes the job before the Compaction entry; its answer is remembered for HashKV(5).
  first_five();
  auto job = world.store().make_hash_job(Revision(5));
  ASSERT_TRUE(job.ok());
  world.compact(5);
  world.persist_all();
  EXPECT_FALSE(world.store().compact_step(world.clock(), TimePoint(Duration(INT64_MAX))));
  while (!(*job)->prepare(world.clock(), TimePoint())) {
  }
  const auto result = (*job)->run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->hash, 1416966122u);
  EXPECT_EQ(result->compacted, kNeverCompacted);
  world.store().remember_compaction_hash(*result);
  EXPECT_EQ(world.store().compaction_hash(Revision(5))->hash, 1416966122u);
  job = Status(Code::kUnknown, "dropped");
  world.finish_compaction();
  EXPECT_EQ(world.store().finished_compaction(), Revision(5));
}

TEST_F(HashTest, compactionHashes_newestTenAreKept) {
  for (int64_t rev = 1; rev <= 11; ++rev) {
    world.store().remember_compaction_hash({.hash = 1, .compacted = {}, .revision = Revision(rev)});
  }
  EXPECT_FALSE(world.store().compaction_hash(Revision(1)).has_value());
  EXPECT_TRUE(world.store().compaction_hash(Revision(2)).has_value());
  EXPECT_TRUE(world.store().compaction_hash(Revision(11)).has_value());
}

TEST_F(HashTest, outsideTheHistory_etcdsErrors) {
  first_five();
  world.compact(5);
  EXPECT_EQ(world.hash_kv(7).status().text(),
            "etcdserver: mvcc: required revision is a future revision");
  EXPECT_EQ(world.hash_kv(4).status().text(),
            "etcdserver: mvcc: required revision has been compacted");
}

TEST_F(HashTest, everything_sameFromWindowAndFromDatabase) {
  // Where a row lies must not change the answer; consistent_index and term do not count.
  first_five();
  world.apply({{test::ModelOp::kRow, "alarm-key", "", 0}});
  const auto in_window = Store::hash_everything(*world.store().view());
  const auto old_view = world.store().view();
  world.persist_all();
  const auto in_database = Store::hash_everything(*world.store().view());
  ASSERT_TRUE(in_window.ok() && in_database.ok());
  EXPECT_EQ(*in_window, *in_database);
  EXPECT_EQ(*Store::hash_everything(*old_view), *in_database);
}

}  // namespace
}  // namespace keelson::mvcc
