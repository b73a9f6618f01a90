// A disk that says no: the n-th call of a whole life fails, for every n. Either the caller is told
// and nothing has changed, or the process ends there; a restart then finds everything that was
// synced.
#include <gtest/gtest.h>

#include "wal/log_driver.h"

namespace keelson::wal {
namespace {

using test::CrashFileSystem;
using test::FsCall;
using test::FsFault;

// Ten lives in one: creation, cuts, a large batch, overwriting, release, recycling, restarts. A
// full disk is no end: what was refused is left out and the life goes on.
class Life {
 public:
  explicit Life(LogDriver& log) : log_(log) {}

  void run() {
    if (!log_.create().ok()) return;
    created_ = true;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 30; ++i) step(i);
      log_.close();
      opened_ = false;
      if (!log_.open().ok()) return;
      opened_ = true;
    }
  }
  bool created() const { return created_; }

 private:
  void step(int i) {
    const uint64_t next = log_.state().last().value + 1;
    const size_t bytes = i == 20 ? 30'000 : 700;
    check(log_.append_run(next, 2, 1, bytes));
    if (i % 7 == 0) check(log_.append({}, HardStateRecord{Term(1), MemberId(2), Index(next - 1)}));
    if (i % 11 == 0) check(log_.append_generation(static_cast<uint64_t>(2 + i)));
    if (i % 2 == 0) log_.sync();
    if (i % 5 == 4) log_.release(Index(std::min(next, log_.durable().last().value)));
  }
  static void check(const Status& status) {
    EXPECT_TRUE(status.ok() || io::is_no_space(status)) << status.text();
  }

  LogDriver& log_;
  bool created_ = false;
  bool opened_ = false;
};

void restart_and_judge(LogDriver& log, bool created, uint64_t n) {
  SeededRng rng(n);
  auto power_loss = log.fs().crash_clone(rng, 0.5);
  log.restart_on(n % 2 == 0 ? log.fs().kill_clone() : std::move(power_loss));
  const Status status = log.open();
  if (!created && !status.ok()) return;  // a first boot that failed is thrown away by its caller
  ASSERT_TRUE(status.ok()) << status.text();
  const uint64_t next = log.state().last().value + 1;
  ASSERT_TRUE(log.append_run(next, 3, 9, 700).ok());  // and it goes on working
  log.sync();
  ASSERT_TRUE(log.open().ok());
}

void sweep(FsCall kind, FsFault fault, bool forever) {
  uint64_t n = 1;
  for (;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    LogDriver log(std::make_unique<CrashFileSystem>());
    Life life(log);
    log.fs().fail_call(kind, n, fault, forever);
    try {
      life.run();
    } catch (const Died& died) {
      EXPECT_FALSE(died.why.empty());
    }
    const bool hit = log.fs().fault_hit();
    log.fs().fail_nothing();
    restart_and_judge(log, life.created(), n);
    if (!hit || ::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(n, 3u);
}

TEST(WalFault, io_error_at_every_call_once) { sweep(FsCall::kAny, FsFault::kIoError, false); }
TEST(WalFault, io_error_at_every_call_for_good) { sweep(FsCall::kAny, FsFault::kIoError, true); }
TEST(WalFault, short_write_at_every_write) { sweep(FsCall::kWrite, FsFault::kShort, false); }
TEST(WalFault, full_disk_at_every_allocation_once) {
  sweep(FsCall::kAllocate, FsFault::kNoSpace, false);
}
TEST(WalFault, full_disk_at_every_allocation_for_good) {
  sweep(FsCall::kAllocate, FsFault::kNoSpace, true);
}
TEST(WalFault, full_disk_at_every_open) { sweep(FsCall::kOpen, FsFault::kNoSpace, false); }
TEST(WalFault, full_disk_at_every_rename) { sweep(FsCall::kRename, FsFault::kNoSpace, true); }
TEST(WalFault, full_disk_at_every_call_once) { sweep(FsCall::kAny, FsFault::kNoSpace, false); }

// The planned state of design.md section 4: spares are used up, then appends are refused, nothing
// is lost, and released segments bring the log back to life without a byte of new space.
TEST(WalFault, full_disk_uses_spares_then_refuses_then_recovers_by_release) {
  LogDriver log(std::make_unique<CrashFileSystem>());
  ASSERT_TRUE(log.create().ok());
  EXPECT_FALSE(log.wal().stats().low_space);
  log.fs().set_capacity(log.fs().used_bytes());
  Status status;
  uint64_t next = 1;
  bool low_space_came_first = false;
  while ((status = log.append_run(next, 1, 1, 1000)).ok()) {
    log.sync();
    low_space_came_first = log.wal().stats().low_space;
    ASSERT_LT(++next, 100u);
  }
  EXPECT_TRUE(io::is_no_space(status)) << status.text();
  EXPECT_TRUE(low_space_came_first);
  EXPECT_EQ(log.wal().stats().segments, 1 + log.options().spare_segments);
  EXPECT_FALSE(log.append_run(next, 1, 1, 1000).ok());  // still
  log.release(Index(next - 1));
  ASSERT_TRUE(log.append_run(next, 1, 1, 1000).ok());
  log.sync();
  log.restart_on(log.fs().kill_clone());
  ASSERT_TRUE(log.open().ok());
  EXPECT_EQ(log.recovered().last(), Index(next));
}

// What was appended before the refusal can still be synced.
TEST(WalFault, refused_append_leaves_earlier_ones_intact) {
  LogDriver log(std::make_unique<CrashFileSystem>());
  ASSERT_TRUE(log.create().ok());
  ASSERT_TRUE(log.append_run(1, 1, 1, 1000).ok());
  log.fs().set_capacity(log.fs().used_bytes());
  EXPECT_TRUE(io::is_no_space(log.append_run(2, 1, 1, 500'000)));
  ASSERT_TRUE(log.append_run(2, 1, 1, 1000).ok());
  log.sync();
  log.restart_on(log.fs().kill_clone());
  ASSERT_TRUE(log.open().ok());
  EXPECT_EQ(log.recovered().last(), Index(2));
}

// Space that comes back from outside ends the low-space state without a restart.
TEST(WalFault, low_space_ends_when_spares_can_be_made) {
  LogDriver log(std::make_unique<CrashFileSystem>());
  ASSERT_TRUE(log.create().ok());
  log.fs().set_capacity(log.fs().used_bytes());
  uint64_t next = 1;
  while (log.append_run(next, 1, 1, 1000).ok()) ++next;
  EXPECT_TRUE(log.wal().stats().low_space);
  log.fs().set_capacity(1 << 30);
  ASSERT_TRUE(log.append_run(next, 1, 1, 1000).ok());
  EXPECT_FALSE(log.wal().stats().low_space);
}

// Without a handler the process ends with one line and code 1.
TEST(WalFaultDeathTest, failed_sync_ends_the_process) {
  CrashFileSystem fs;
  NullLog log;
  Options options = test_options();
  options.on_fatal = nullptr;
  auto wal = Wal::create(fs, "/wal", Identity{}, 1, options, log);
  ASSERT_TRUE(wal.ok());
  ASSERT_TRUE((*wal)->append({make_entry(1, 1, "x")}, std::nullopt).ok());
  fs.fail_call(FsCall::kSync, 1, FsFault::kIoError);
  EXPECT_EXIT((*wal)->sync(), ::testing::ExitedWithCode(1),
              "fatal: log: fdatasync /wal/0000000000000001.wal: Input/output error; the process");
}

}  // namespace
}  // namespace keelson::wal
