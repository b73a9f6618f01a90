// Compaction: what stays readable, when rows go, and how it survives a restart.
#include <gtest/gtest.h>

#include "mvcc/store_world.h"

namespace keelson::mvcc {
namespace {

using test::StoreWorld;

class CompactionTest : public testing::Test {
 protected:
  void SetUp() override {
    world.options().cache_bytes = 0;
    world.options().block_bytes = 64;
    world.create();
  }
  bool step() { return world.store().compact_step(world.clock(), TimePoint(Duration(INT64_MAX))); }
  std::vector<int64_t> rows() {
    world.persist_all();
    HistoryQuery query{
        .from = Revision(1), .to = world.store().current(), .bytes_max = 1 << 20, .wanted = {}};
    const auto chunk = Store::read_history(*world.store().view(), query);
    CHECK(chunk.ok());
    std::vector<int64_t> out;
    for (const Event& event : chunk->events) out.push_back(event.main.value);
    return out;
  }
  StoreWorld world;
};

TEST_F(CompactionTest, rowsThatStay_areEtcds) {
  world.put("a", "1");  // 2
  world.put("b", "1");  // 3
  world.put("a", "2");  // 4
  world.erase("b");     // 5
  world.put("c", "1");  // 6
  world.compact(5);
  world.finish_compaction();
  EXPECT_EQ(rows(), (std::vector<int64_t>{4, 5, 6}));
  world.compact(6);
  world.finish_compaction();
  EXPECT_EQ(rows(), (std::vector<int64_t>{4, 6}));
}

TEST_F(CompactionTest, removal_waitsForTheEntryToBeDurable) {
  // Rows must not be gone while a crash could still forget that they were compacted.
  world.put("a", "1");
  world.put("a", "2");
  world.persist_all();
  world.compact(3);
  EXPECT_EQ(world.store().compacted(), Revision(3));
  EXPECT_FALSE(step());
  EXPECT_EQ(world.store().find("a", Revision(2)).has_value(), true);
  world.persist_all();
  EXPECT_FALSE(step() && step());
  EXPECT_FALSE(world.store().find("a", Revision(2)).has_value());
}

TEST_F(CompactionTest, removal_waitsForPins) {
  world.put("a", "1");
  world.put("a", "2");
  auto old_pin = world.store().pin();
  world.compact(3);
  world.persist_all();
  auto new_pin = world.store().pin();
  EXPECT_EQ(new_pin->compacted(), Revision(3));
  EXPECT_FALSE(step());
  EXPECT_TRUE(world.store().find("a", Revision(2)).has_value());
  old_pin.reset();
  world.finish_compaction();
  EXPECT_EQ(world.store().finished_compaction(), Revision(3));
}

TEST_F(CompactionTest, finished_onlyWhenItsRowIsDurable) {
  // physical=true is answered on this.
  world.put("a", "1");
  world.put("a", "2");
  world.compact(3);
  world.persist_all();
  while (step()) {
  }
  EXPECT_EQ(world.store().finished_compaction(), kNeverCompacted);
  world.persist();  // rows
  step();           // writes the finished row
  EXPECT_EQ(world.store().finished_compaction(), kNeverCompacted);
  world.persist();
  EXPECT_EQ(world.store().finished_compaction(), Revision(3));
}

TEST_F(CompactionTest, restart_resumesAnUnfinishedOne) {
  world.put("a", "1");
  world.put("a", "2");
  world.compact(3);
  world.persist_all();
  world.restart();
  EXPECT_EQ(world.store().compacted(), Revision(3));
  EXPECT_EQ(world.store().finished_compaction(), kNeverCompacted);
  world.finish_compaction();
  EXPECT_EQ(world.store().finished_compaction(), Revision(3));
  EXPECT_EQ(rows(), (std::vector<int64_t>{3}));
  world.restart();
  EXPECT_EQ(world.store().finished_compaction(), Revision(3));
}

TEST_F(CompactionTest, everythingRemoved_revisionAndRowNumbersGoOn) {
  // A revision that went back would be handed out twice; so would a row.
  world.put("a", "1");
  world.erase("a");
  world.put("b", "1");
  world.erase("b");
  const Revision last = world.store().current();
  world.compact(last.value);
  world.finish_compaction();
  world.restart();
  EXPECT_EQ(world.store().current(), last);
  const KeyMeta meta = world.put("c", "1");
  EXPECT_EQ(meta.mod, last.next());
  EXPECT_EQ(meta.seq, Seq(5));
}

TEST_F(CompactionTest, secondCompaction_whileTheFirstIsBeingRemoved) {
  for (int i = 0; i < 500; ++i) world.put("k" + std::to_string(i % 100), "v");
  world.compact(200);
  world.persist_all();
  world.store().compact_step(world.clock(), TimePoint());
  world.compact(400);
  world.finish_compaction();
  EXPECT_EQ(world.store().finished_compaction(), Revision(400));
  EXPECT_EQ(rows().front(), 301);  // k99: its next version is revision 401
  world.store().check_invariants();
}

TEST_F(CompactionTest, compactToCurrent_insideAnEntryWithChanges) {
  // A transaction cannot hold a compaction, but nothing may depend on that.
  world.put("a", "1");
  world.begin();
  world.store().put("a", "2", LeaseId(0), nullptr);
  world.store().compact(Revision(2));
  world.end();
  world.finish_compaction();
  EXPECT_TRUE(world.store().find("a", Revision(2)).has_value());
  EXPECT_TRUE(world.store().find("a", Revision(3)).has_value());
}

}  // namespace
}  // namespace keelson::mvcc
