// Disks that refuse, fill up or lie, and directories that are not what they should be.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/rng.h"
#include "io/sqlite_vfs.h"
#include "mvcc/store_world.h"

namespace keelson::mvcc {
namespace {

using test::CrashFileSystem;
using test::FsCall;
using test::FsFault;
using test::StoreWorld;

constexpr const char* kFile = "/m/state-1/state.db";

void fill(StoreWorld& world, int entries) {
  for (int i = 0; i < entries; ++i) world.put("key" + std::to_string(i), std::string(300, 'v'));
}

TEST(FaultTest, open_nthCallFails_errorAndThenFine) {
  // Any call may fail while opening; the answer is an error, never a crash or a wrong state.
  StoreWorld world;
  world.create();
  fill(world, 20);
  world.persist_all();
  bool hit = true;
  for (uint64_t n = 1; hit; ++n) {
    world.fs().fail_call(FsCall::kAny, n, FsFault::kIoError);
    const auto loaded = world.open();
    hit = world.fs().fault_hit();
    world.fs().fail_nothing();
    if (loaded.ok()) {
      EXPECT_EQ(world.store().current(), Revision(21)) << n;
    } else {
      EXPECT_FALSE(loaded.status().text().empty());
    }
  }
  world.restart();
}

TEST(FaultTest, create_nthCallFails_errorAndNothingElse) {
  bool hit = true;
  for (uint64_t n = 1; hit; ++n) {
    StoreWorld world;
    CHECK(world.fs().make_dir("/m").ok());
    world.fs().fail_call(FsCall::kAny, n, FsFault::kIoError);
    Registry metrics;
    NullLog log;
    const auto made = Store::create(world.fs(), "/m", {}, {}, log, metrics);
    hit = world.fs().fault_hit();
    EXPECT_TRUE(made.ok() || hit);
  }
}

// Ends the process in a child: a failed write or sync is never retried.
void persist_with_failure(FsCall call) {
  StoreWorld world;
  world.create();
  fill(world, 20);
  world.fs().fail_call(call, 1, FsFault::kIoError, true);
  world.persist_all();
}

TEST(FaultDeathTest, persist_writeFails_endsWithOneLine) {
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(persist_with_failure(FsCall::kWrite), testing::ExitedWithCode(1),
              "fatal: cannot write /m/state-1/state.db.*");
}

TEST(FaultDeathTest, persist_syncFails_endsWithOneLine) {
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(persist_with_failure(FsCall::kSync), testing::ExitedWithCode(1),
              "fatal: cannot write /m/state-1/state.db.*");
}

TEST(FaultTest, fullDisk_ballastThenRefusedThenFine) {
  // A full disk must not end the member: deletes and compaction have to get through.
  StoreWorld world;
  world.create();
  fill(world, 20);
  world.persist_all();
  world.fs().set_capacity(world.fs().used_bytes());
  world.put("a", std::string(10'000, 'x'));
  auto job = world.store().make_persist_job(world.index());
  job->run();
  EXPECT_TRUE(job->no_space());  // written, but the ballast is gone
  world.store().persisted(std::move(job));
  EXPECT_EQ(world.store().persisted_index(), world.index());
  world.fs().set_capacity(world.fs().used_bytes());
  world.put("b", std::string(100'000, 'x'));
  job = world.store().make_persist_job(world.index());
  job->run();
  EXPECT_TRUE(job->no_space());
  world.store().persisted(std::move(job));
  EXPECT_LT(world.store().persisted_index(), world.index());
  world.fs().set_capacity(1 << 30);
  job = world.store().make_persist_job(world.index());
  job->run();
  EXPECT_FALSE(job->no_space());
  world.store().persisted(std::move(job));
  world.restart();
  EXPECT_TRUE(world.store().find("b", world.store().current()).has_value());
}

TEST(FaultTest, fullDisk_compactionGetsThroughWithBallast) {
  StoreWorld world;
  world.create();
  for (int i = 0; i < 2000; ++i) world.put("k" + std::to_string(i % 10), std::string(1000, 'v'));
  world.persist_all();
  world.fs().set_capacity(world.fs().used_bytes());
  world.compact(world.store().current().value);
  world.finish_compaction();
  EXPECT_EQ(world.store().finished_compaction(), world.store().current());
}

// --- what is not ours, newer or damaged ---

Status open_error(StoreWorld& world) {
  const auto loaded = world.open();
  return loaded.ok() ? Status() : loaded.status();
}

void run_sql(StoreWorld& world, const char* sql) {
  io::SqliteVfs vfs(world.fs());
  sqlite3* db = nullptr;
  CHECK(sqlite3_open_v2(kFile, &db, SQLITE_OPEN_READWRITE, vfs.name()) == SQLITE_OK);
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

class RefusedTest : public testing::Test {
 protected:
  void SetUp() override {
    world.create();
    fill(world, 50);
    world.persist_all();
    world.stop();
  }
  StoreWorld world;
};

TEST_F(RefusedTest, newerFormat_isNamed) {
  run_sql(world, "PRAGMA user_version=2");
  EXPECT_EQ(open_error(world).text(),
            std::string(kFile) +
                " was written by a newer version (format 2, this one reads up to 1); "
                "start that version");
}

TEST_F(RefusedTest, foreignDatabase_isNamed) {
  run_sql(world, "PRAGMA application_id=77");
  EXPECT_NE(open_error(world).text().find("not a state database of this program"),
            std::string::npos);
}

TEST_F(RefusedTest, otherGeneration_isNamed) {
  run_sql(world, "UPDATE meta SET generation=9");
  EXPECT_NE(open_error(world).text().find("generation 9, not 1"), std::string::npos);
}

TEST_F(RefusedTest, notADatabase_isNamed) {
  world.fs().set_content(kFile, std::string(20'000, 'z'));
  const Status status = open_error(world);
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.text().find(kFile), std::string::npos);
}

TEST_F(RefusedTest, rowsThatContradict_areNamed) {
  // The database is sound, its content is not: a version that does not follow from the one before.
  run_sql(world, "UPDATE history SET main=7 WHERE seq=10");
  const Status status = open_error(world);
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.text().find("row 10 of the history"), std::string::npos);
}

TEST_F(RefusedTest, missingFile_isNamed) {
  CHECK(world.fs().remove(kFile).ok());
  EXPECT_NE(open_error(world).text().find("state.db is missing"), std::string::npos);
}

TEST_F(RefusedTest, anyBitFlipped_errorOrSameState) {
  // Damage anywhere ends in one clear line or does not matter; never in a crash.
  run_sql(world, "PRAGMA wal_checkpoint(TRUNCATE)");
  const std::string good = world.fs().content(kFile);
  SeededRng rng(3);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    world.fs().set_content(kFile, good);
    world.fs().flip(kFile, rng.below(good.size()), static_cast<uint8_t>(1u << rng.below(8)));
    const Status status = open_error(world);
    world.stop();
    if (!status.ok()) ++refused;
    EXPECT_TRUE(status.ok() || status.text().find(kFile) != std::string::npos) << status.text();
  }
  EXPECT_GT(refused, 0);
}

TEST_F(RefusedTest, staleGenerations_areRemoved) {
  // What a crash in the middle of shrinking left behind must not fill the disk.
  CHECK(world.fs().make_dir("/m/state-2").ok());
  world.fs().set_content("/m/state-2/state.db", "half");
  EXPECT_TRUE(open_error(world).ok());
  EXPECT_FALSE(*world.fs().exists("/m/state-2/state.db"));
}

}  // namespace
}  // namespace keelson::mvcc
