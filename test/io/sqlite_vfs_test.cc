// SQLite on the file system that forgets unsynced bytes: does our VFS keep SQLite's promises?
#include "io/sqlite_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "base/rng.h"
#include "support/crash_fs.h"

namespace keelson::io {
namespace {

using test::CrashFileSystem;
using test::FsCall;
using test::FsFault;

constexpr const char* kPath = "/d/a.db";

// One connection; errors are codes.
class Connection {
 public:
  Connection(const SqliteVfs& vfs, int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    opened = sqlite3_open_v2(kPath, &db_, flags | SQLITE_OPEN_NOMUTEX, vfs.name());
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  ~Connection() { sqlite3_close(db_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int exec(const char* sql) { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }
  // -1 when the query fails.
  int number(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    int out = -1;
    if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      out = sqlite3_column_int(statement, 0);
    }
    sqlite3_finalize(statement);
    return out;
  }
  sqlite3* handle() { return db_; }
  int opened = SQLITE_OK;

 private:
  sqlite3* db_ = nullptr;
};

int make_table(Connection& db) {
  int rc = db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0");
  if (rc == SQLITE_OK) rc = db.exec("CREATE TABLE t(i INTEGER PRIMARY KEY, v BLOB)");
  return rc;
}

constexpr const char* kTenRows =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<10)"
    " INSERT INTO t(v) SELECT randomblob(3000) FROM n";

std::unique_ptr<CrashFileSystem> fresh_disk() {
  auto fs = std::make_unique<CrashFileSystem>();
  CHECK(fs->make_dir("/d").ok() && fs->sync_dir("/").ok());
  return fs;
}

TEST(SqliteVfsTest, twoConnections_readerSeesCommittedOnly) {
  // The shared memory of WAL mode lives in the VFS; without it readers would be blocked or wrong.
  const auto fs = fresh_disk();
  SqliteVfs vfs(*fs);
  Connection writer(vfs);
  ASSERT_EQ(make_table(writer), SQLITE_OK);
  EXPECT_EQ(writer.number("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode='wal'"), 1);
  Connection reader(vfs, SQLITE_OPEN_READONLY);
  ASSERT_EQ(writer.exec("BEGIN"), SQLITE_OK);
  ASSERT_EQ(writer.exec(kTenRows), SQLITE_OK);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 0);
  ASSERT_EQ(writer.exec("COMMIT"), SQLITE_OK);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 10);
}

TEST(SqliteVfsTest, secondWriter_isBusy) {
  // Two writers at once would mix their pages.
  const auto fs = fresh_disk();
  SqliteVfs vfs(*fs);
  Connection one(vfs);
  ASSERT_EQ(make_table(one), SQLITE_OK);
  Connection two(vfs);
  ASSERT_EQ(one.exec("BEGIN IMMEDIATE"), SQLITE_OK);
  EXPECT_EQ(two.exec("BEGIN IMMEDIATE"), SQLITE_BUSY);
  ASSERT_EQ(one.exec("COMMIT"), SQLITE_OK);
  EXPECT_EQ(two.exec("BEGIN IMMEDIATE"), SQLITE_OK);
}

TEST(SqliteVfsTest, checkpoint_waitsForReaderInTheJournal) {
  // A checkpoint that overwrites the journal under a reader gives it pages of two states.
  const auto fs = fresh_disk();
  SqliteVfs vfs(*fs);
  Connection writer(vfs);
  ASSERT_EQ(make_table(writer), SQLITE_OK);
  Connection reader(vfs, SQLITE_OPEN_READONLY);
  ASSERT_EQ(reader.exec("BEGIN; SELECT count(*) FROM t"), SQLITE_OK);
  ASSERT_EQ(writer.exec(kTenRows), SQLITE_OK);
  const auto checkpoint = [&] {
    return sqlite3_wal_checkpoint_v2(writer.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr,
                                     nullptr);
  };
  EXPECT_EQ(checkpoint(), SQLITE_BUSY);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 0);
  ASSERT_EQ(reader.exec("COMMIT"), SQLITE_OK);
  EXPECT_EQ(checkpoint(), SQLITE_OK);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 10);
}

TEST(SqliteVfsTest, journalFrames_reachTheFileGathered) {
  // SQLite writes each frame's head and page apart: two system calls where one for many is enough.
  const auto fs = fresh_disk();
  SqliteVfs vfs(*fs);
  Connection db(vfs);
  ASSERT_EQ(make_table(db), SQLITE_OK);
  const uint64_t before = fs->calls(FsCall::kWrite);
  ASSERT_EQ(db.exec(kTenRows), SQLITE_OK);
  EXPECT_LE(fs->calls(FsCall::kWrite) - before, 3u);
}

TEST(SqliteVfsTest, powerLoss_committedRowsAreThere) {
  // Whatever unsynced part survives: a commit that returned is whole, one under way is there or
  // not.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRng rng(seed);
    auto fs = fresh_disk();
    int committed = 0;
    std::unique_ptr<CrashFileSystem> left;
    {
      SqliteVfs vfs(*fs);
      Connection db(vfs);
      ASSERT_EQ(make_table(db), SQLITE_OK);
      uint64_t calls = rng.below(25);
      fs->on_call([&](FsCall, const std::string&) {
        if (calls-- == 0) left = fs->crash_clone(rng, static_cast<double>(rng.below(5)) / 4);
      });
      while (!left && committed < 40) {
        ASSERT_EQ(db.exec(kTenRows), SQLITE_OK);
        if (!left) committed += 10;
        if (rng.below(3) != 0) continue;
        ASSERT_EQ(db.exec("PRAGMA wal_checkpoint(RESTART)"), SQLITE_OK);
      }
      fs->on_call(nullptr);
    }
    if (!left) continue;
    SqliteVfs vfs(*left);
    Connection db(vfs);
    const int rows = db.number("SELECT count(*) FROM t");
    EXPECT_TRUE(rows == committed || rows == committed + 10) << "seed " << seed << " " << rows;
    EXPECT_EQ(db.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'"),
              1);
  }
}

TEST(SqliteVfsTest, nthCallFails_stateIsBeforeOrAfter) {
  // Each error path once: no crash, and what a failed transaction leaves is all or nothing.
  bool hit = true;
  for (uint64_t n = 1; hit; ++n) {
    const auto fs = fresh_disk();
    {
      SqliteVfs vfs(*fs);
      Connection db(vfs);
      ASSERT_EQ(make_table(db), SQLITE_OK);
    }
    bool committed = false;
    {
      SqliteVfs vfs(*fs);
      fs->fail_call(FsCall::kAny, n, FsFault::kShort);
      Connection db(vfs);
      committed = db.opened == SQLITE_OK && db.exec(kTenRows) == SQLITE_OK;
      const bool moved = db.exec("PRAGMA wal_checkpoint(RESTART)") == SQLITE_OK;
      hit = fs->fault_hit();
      EXPECT_TRUE(hit || (committed && moved));
      EXPECT_TRUE(!hit || committed || !vfs.last_error().empty());
    }
    fs->fail_nothing();
    SqliteVfs vfs(*fs);
    Connection db(vfs);
    const int rows = db.number("SELECT count(*) FROM t");
    EXPECT_TRUE(rows == 10 || (rows == 0 && !committed)) << "call " << n << " rows " << rows;
  }
}

TEST(SqliteVfsTest, fullDisk_isAPlannedState) {
  // The store goes on after a full disk, so the code must tell it from a broken one.
  const auto fs = fresh_disk();
  SqliteVfs vfs(*fs);
  Connection db(vfs);
  ASSERT_EQ(make_table(db), SQLITE_OK);
  ASSERT_EQ(db.exec(kTenRows), SQLITE_OK);
  fs->set_capacity(fs->used_bytes());
  EXPECT_EQ(db.exec(kTenRows), SQLITE_FULL);
  EXPECT_FALSE(vfs.last_error().empty());
  fs->set_capacity(1 << 30);
  EXPECT_EQ(db.exec(kTenRows), SQLITE_OK);
  EXPECT_EQ(db.number("SELECT count(*) FROM t"), 20);
}

TEST(SqliteVfsTest, noSync_flushesButNeverSyncs) {
  // --unsafe-no-fsync: other connections must still see what was committed.
  const auto fs = fresh_disk();
  SqliteVfs vfs(*fs, true);
  Connection writer(vfs);
  ASSERT_EQ(make_table(writer), SQLITE_OK);
  Connection reader(vfs, SQLITE_OPEN_READONLY);
  ASSERT_EQ(writer.exec(kTenRows), SQLITE_OK);
  EXPECT_EQ(reader.number("SELECT count(*) FROM t"), 10);
  EXPECT_EQ(fs->calls(FsCall::kSync) + fs->calls(FsCall::kSyncDir), 1u);  // the test's own
}

}  // namespace
}  // namespace keelson::io
