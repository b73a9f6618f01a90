#include <gtest/gtest.h>

#include "base/mutex.h"
#include "node/log_writer.h"
#include "support/crash_fs.h"
#include "support/fake_clock.h"

namespace keelson::test {
namespace {

constexpr wal::Identity kSelf{ClusterId(1), MemberId(2)};
constexpr uint64_t kSegmentBytes = 64 * 1024;

wal::Options small_log() {
  wal::Options options;
  options.segment_bytes = kSegmentBytes;
  options.spare_segments = 0;
  options.helper_thread = false;
  return options;
}

// The numbers of durable batches, as the log's thread tells them.
class Told {
 public:
  void tell(uint64_t batch) {
    MutexLock lock(mutex_);
    last_ = batch;
    changed_.notify_all();
  }
  void wait_for(uint64_t batch) {
    MutexLock lock(mutex_);
    while (last_ < batch) changed_.wait(mutex_);
  }
  uint64_t last() {
    MutexLock lock(mutex_);
    return last_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  uint64_t last_ GUARDED_BY(mutex_) = 0;
};

// Tells when something was logged: the thread says once that the disk is full.
class LoudLog final : public Log {
 public:
  explicit LoudLog(Told& told) : told_(told) {}
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view, std::vector<LogField>,
             std::source_location) override {
    if (level == LogLevel::kError) told_.tell(1);
  }
  void flush() override {}

 private:
  Told& told_;
};

node::LogBatch batch_of(uint64_t number) {
  node::LogBatch batch;
  batch.number = number;
  batch.entries.push_back(
      {Index(number), Term(1), 0, std::make_shared<const std::string>(kSegmentBytes / 4, 'x')});
  return batch;
}

// A full disk stops acknowledgements, not the process; what waited is written when there is space.
TEST(LogThread, full_disk_is_waited_out_and_nothing_is_lost) {
  CrashFileSystem fs;
  FakeClock clock;
  Registry metrics;
  Told errors, synced;
  LoudLog log(errors);
  ASSERT_TRUE(fs.make_dir("/d").ok());
  auto wal = wal::Wal::create(fs, "/d/wal", kSelf, 1, small_log(), log);
  ASSERT_TRUE(wal.ok()) << wal.status().text();
  fs.set_capacity(fs.used_bytes());
  {
    node::LogThread thread(
        {**wal, clock, log, metrics}, [&](uint64_t batch, bool) { synced.tell(batch); },
        std::chrono::milliseconds(1));
    for (uint64_t i = 1; i <= 8; ++i) thread.submit(batch_of(i));
    errors.wait_for(1);
    EXPECT_LT(synced.last(), 8u);
    fs.set_capacity(UINT64_MAX);
    synced.wait_for(8);
  }
  wal->reset();
  wal::Recovered out;
  auto again = wal::Wal::open(fs, "/d/wal", Index(0), small_log(), log, out);
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(out.entries.size(), 8u);
}

// An end that is asked for while the disk is full must not hang.
TEST(LogThread, stops_while_the_disk_is_full) {
  CrashFileSystem fs;
  FakeClock clock;
  Registry metrics;
  Told errors;
  LoudLog log(errors);
  ASSERT_TRUE(fs.make_dir("/d").ok());
  auto wal = wal::Wal::create(fs, "/d/wal", kSelf, 1, small_log(), log);
  ASSERT_TRUE(wal.ok());
  fs.set_capacity(fs.used_bytes());
  node::LogThread thread(
      {**wal, clock, log, metrics}, [](uint64_t, bool) {}, std::chrono::hours(1));
  for (uint64_t i = 1; i <= 8; ++i) thread.submit(batch_of(i));
  errors.wait_for(1);
}

}  // namespace
}  // namespace keelson::test
