// Images and shrinking: copies of the state made while it changes.
#include <gtest/gtest.h>

#include <map>

#include "mvcc/store_world.h"

namespace keelson::mvcc {
namespace {

using test::FsCall;
using test::StoreWorld;

std::map<std::string, std::string> content(Store& store) {
  std::map<std::string, std::string> out;
  const auto view = store.view();
  const std::string_view zero("\0", 1);
  const auto scan = store.scan({.key = zero, .end = zero}, store.current());
  std::vector<Seq> rows;
  std::vector<std::string> keys;
  while (!scan->step(100, [&](const Scan::Item& item) {
    keys.emplace_back(item.key);
    rows.push_back(item.meta.seq);
    return true;
  })) {
  }
  const auto values = Store::read_values(*view, rows);
  CHECK(values.ok());
  for (size_t i = 0; i < keys.size(); ++i) out[keys[i]] = std::string((*values)[i].kv);
  return out;
}

class CopyTest : public testing::Test {
 protected:
  void SetUp() override {
    world.options().cache_bytes = 0;
    world.options().block_bytes = 256;
    world.create();
    for (int i = 0; i < 3000; ++i) {
      world.put("key" + std::to_string(i % 500), std::to_string(i));
      if (i % 7 == 0) world.erase("key" + std::to_string(i % 300));
    }
    world.apply({{test::ModelOp::kRow, "row", "value", 0}});
    world.persist_all();
  }

  // Opens the file of an image as a store of its own.
  void open_image(const std::string& path) {
    CHECK(world.fs().make_dir("/i/state-1").ok());
    world.fs().set_content("/i/state-1/state.db", world.fs().content(path));
    Loaded loaded;
    auto made = Store::open(world.fs(), "/i", world.options(), log, metrics, loaded);
    ASSERT_TRUE(made.ok()) << made.status().text();
    image = std::move(*made);
    image_rows = loaded.rows;
    image_index = loaded.applied;
  }

  StoreWorld world;
  NullLog log;
  Registry metrics;
  std::unique_ptr<Store> image;
  std::vector<Loaded::Row> image_rows;
  Index image_index;
};

TEST_F(CopyTest, image_holdsTheWholeState) {
  auto job = world.store().make_image_job("/image.db");
  ASSERT_TRUE(job->run().ok());
  EXPECT_EQ(job->index(), world.index());
  EXPECT_FALSE(*world.fs().exists("/image.db-wal"));
  open_image("/image.db");
  EXPECT_EQ(image_index, world.index());
  EXPECT_EQ(content(*image), content(world.store()));
  ASSERT_EQ(image_rows.size(), 1u);
  EXPECT_EQ(image_rows[0].value, "value");
}

TEST_F(CopyTest, image_writesMeanwhile_isStillOneState) {
  // The copy must be the state at index(), with nothing of what came during the copy.
  const auto before = content(world.store());
  const Index index = world.index();
  auto job = world.store().make_image_job("/image.db");
  int calls = 0;
  world.fs().on_call([&](FsCall call, const std::string& path) {
    if (call != FsCall::kWrite || path != "/image.db" || ++calls > 20) return;
    world.put("key1", "later");
    world.put("later" + std::to_string(calls), "later");
    world.persist();
  });
  ASSERT_TRUE(job->run().ok());
  world.fs().on_call(nullptr);
  EXPECT_GT(calls, 1);
  EXPECT_EQ(job->index(), index);
  open_image("/image.db");
  EXPECT_EQ(content(*image), before);
}

TEST_F(CopyTest, image_removalUnderWay_startsOver) {
  // A copy that has the put of a key, but not the tombstone that a removal took meanwhile, would
  // bring the key back to life.
  for (int i = 0; i < 500; ++i) world.erase("key" + std::to_string(i));
  world.put("last", "1");
  world.compact(world.store().current().value);
  world.persist_all();
  while (world.store().compact_step(world.clock(), TimePoint(Duration(INT64_MAX)))) {
  }
  auto removal = world.store().make_persist_job(world.index());
  auto job = world.store().make_image_job("/image.db");
  int writes = 0;
  world.fs().on_call([&](FsCall call, const std::string& path) {
    if (call == FsCall::kWrite && path == "/image.db" && ++writes == 3) removal->run();
  });
  ASSERT_TRUE(job->run().ok());
  world.fs().on_call(nullptr);
  EXPECT_GE(writes, 3);
  world.store().persisted(std::move(removal));
  open_image("/image.db");
  EXPECT_EQ(content(*image).size(), 1u);
  EXPECT_EQ(image->current(), world.store().current());
}

TEST_F(CopyTest, image_heldBack_removalGoesOnAfterwards) {
  // Compaction waits for a copy, not forever.
  world.compact(world.store().current().value);
  auto job = world.store().make_image_job("/image.db");
  world.finish_compaction();
  EXPECT_NE(world.store().finished_compaction(), world.store().compacted());
  job.reset();
  world.finish_compaction();
  EXPECT_EQ(world.store().finished_compaction(), world.store().compacted());
}

TEST_F(CopyTest, image_cancelled_leavesNoFile) {
  auto job = world.store().make_image_job("/image.db");
  job->cancel();
  EXPECT_EQ(job->run().code(), Code::kCanceled);
  EXPECT_FALSE(*world.fs().exists("/image.db"));
}

void shrink(StoreWorld& world) {
  auto job = world.store().make_shrink_job();
  ASSERT_TRUE(job->run().ok());
  world.put("during", "1");
  auto switch_job = world.store().make_switch_job(std::move(job));
  switch_job->run();
  ASSERT_FALSE(switch_job->no_space());
  world.store().persisted(std::move(switch_job));
}

TEST_F(CopyTest, shrink_givesSpaceBackAndGoesOn) {
  world.compact(world.store().current().value);
  world.finish_compaction();
  const uint64_t before = world.store().sizes().file_bytes;
  const auto view = world.store().view();
  shrink(world);
  EXPECT_EQ(world.store().generation(), 2u);
  EXPECT_LT(world.store().sizes().file_bytes, before);
  world.put("after", "1");
  const auto expected = content(world.store());
  world.persist_all();
  world.store().check_invariants();
  // An old view reads the old generation as long as it lives; then its directory goes.
  EXPECT_TRUE(Store::read_values(*view, std::vector<Seq>{Seq(3000)}).ok());
  EXPECT_TRUE(*world.fs().exists("/m/state-1/state.db"));
}

TEST_F(CopyTest, shrink_oldGenerationIsRemoved) {
  shrink(world);
  const auto expected = content(world.store());
  world.persist_all();
  EXPECT_FALSE(*world.fs().exists("/m/state-1/state.db"));
  world.options().generation = 2;
  world.restart();
  EXPECT_EQ(content(world.store()), expected);
}

TEST_F(CopyTest, shrink_crashBeforeSwitch_eitherGenerationAndTheLogAreEnough) {
  // The log's marker may or may not have been written: both generations must lead to the same
  // state.
  auto job = world.store().make_shrink_job();
  world.put("during", "1");
  world.persist_all();
  ASSERT_TRUE(job->run().ok());
  world.put("after", "1");
  const Index kept_log = world.store().persisted_index();  // entries above it are still in the log
  EXPECT_LT(kept_log, world.index());
  const auto expected = content(world.store());
  job.reset();
  SeededRng rng(1);
  for (const uint64_t generation : {1u, 2u}) {
    auto left = world.fs().crash_clone(rng, 0.5);
    Options options = world.options();
    options.generation = generation;
    Loaded loaded;
    auto store = Store::open(*left, "/m", options, log, metrics, loaded);
    ASSERT_TRUE(store.ok()) << store.status().text();
    ASSERT_GE(loaded.applied, kept_log);
    for (Index i = loaded.applied.next(); i <= world.index(); i = i.next()) {
      (*store)->begin_entry(i, Term(1));
      (*store)->put(i.next() > world.index() ? "after" : "during", "1", LeaseId(0), nullptr);
      (*store)->end_entry();
    }
    EXPECT_EQ(content(**store), expected);
  }
}

TEST_F(CopyTest, shrink_fullDisk_leavesTheOldOne) {
  auto job = world.store().make_shrink_job();
  world.fs().set_capacity(world.fs().used_bytes() + 20'000);
  EXPECT_EQ(job->run().code(), Code::kResourceExhausted);
  job.reset();
  EXPECT_FALSE(*world.fs().exists("/m/state-2"));
  world.fs().set_capacity(1 << 30);
  world.put("a", "1");
  world.persist_all();
  EXPECT_EQ(world.store().persisted_index(), world.index());
  EXPECT_EQ(world.store().generation(), 1u);
}

TEST_F(CopyTest, switch_fullDisk_isTriedAgain) {
  auto job = world.store().make_shrink_job();
  ASSERT_TRUE(job->run().ok());
  world.put("big", std::string(200'000, 'x'));
  world.persist_all();
  auto switch_job = world.store().make_switch_job(std::move(job));
  CHECK(world.fs().remove("/m/state-1/ballast").ok());
  CHECK(world.fs().remove("/m/state-2/ballast").ok());
  world.fs().set_capacity(world.fs().used_bytes());
  switch_job->run();
  EXPECT_TRUE(switch_job->no_space());
  world.store().persisted(std::move(switch_job));
  EXPECT_EQ(world.store().generation(), 1u);
  world.fs().set_capacity(1 << 30);
  world.persist_all();
  EXPECT_EQ(world.store().generation(), 2u);
  world.options().generation = 2;
  world.restart();
  EXPECT_TRUE(world.store().find("big", world.store().current()).has_value());
}

}  // namespace
}  // namespace keelson::mvcc
