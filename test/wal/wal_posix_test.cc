// The log on a real directory, with its helper thread: what the other tests do without either.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include "support/crash_fs.h"
#include "wal/wal.h"

namespace keelson::wal {
namespace {

class WalPosix : public ::testing::Test {
 protected:
  WalPosix() : fs_(io::make_posix_file_system()) {
    char name[] = "/tmp/keelson-wal-XXXXXX";
    CHECK(::mkdtemp(name) != nullptr);
    root_ = name;
    options_.segment_bytes = 64 * 1024;
  }
  ~WalPosix() override { EXPECT_TRUE(fs_->remove_tree(root_).ok()); }

  EntryRecord entry(uint64_t index, size_t bytes) const {
    return {Index(index), Term(3), 0,
            std::make_shared<const std::string>(bytes, static_cast<char>('a' + index % 26))};
  }

  std::unique_ptr<io::FileSystem> fs_;
  std::string root_;
  Options options_;
  NullLog log_;
  const Identity identity_{ClusterId(7), MemberId(9)};
};

// Appends over several segments, reopens and gets the same entries back.
TEST_F(WalPosix, reopen_returns_what_was_synced) {
  const std::string dir = root_ + "/member/wal";
  {
    auto wal = Wal::create(*fs_, dir, identity_, 1, options_, log_);
    ASSERT_TRUE(wal.ok()) << wal.status().text();
    for (uint64_t i = 1; i <= 300; ++i) {
      const HardStateRecord state{Term(3), MemberId(9), Index(i - 1)};
      ASSERT_TRUE((*wal)->append({entry(i, 1000)}, state).ok());
      (*wal)->sync();
    }
    EXPECT_GT((*wal)->stats().segments, 3);
  }
  Recovered out;
  auto wal = Wal::open(*fs_, dir, Index(0), options_, log_, out);
  ASSERT_TRUE(wal.ok()) << wal.status().text();
  ASSERT_EQ(out.entries.size(), 300u);
  for (uint64_t i = 1; i <= 300; ++i) {
    EXPECT_EQ(out.entries[i - 1].index, Index(i));
    EXPECT_EQ(*out.entries[i - 1].data, *entry(i, 1000).data);
  }
  EXPECT_EQ(out.hard_state.commit, Index(299));
  EXPECT_EQ(out.identity, identity_);
  EXPECT_FALSE(out.torn_tail_cut);
}

// Release and stats come from other threads while the log thread cuts and the helper recycles.
TEST_F(WalPosix, threads_share_one_log) {
  test::CrashFileSystem fs;
  ASSERT_TRUE(fs.make_dir("/d").ok());
  auto made = Wal::create(fs, "/d/wal", identity_, 1, options_, log_);
  ASSERT_TRUE(made.ok());
  Wal& wal = **made;
  std::atomic<uint64_t> synced{0};
  std::thread releaser([&] {
    while (synced.load() < 2000) {
      const uint64_t at = synced.load();
      wal.release(Index(at - std::min<uint64_t>(at, 100)));
      EXPECT_GE(wal.stats().segments, 0);
    }
  });
  for (uint64_t i = 1; i <= 2000; ++i) {
    ASSERT_TRUE(wal.append({entry(i, 1000)}, std::nullopt).ok());
    wal.sync();
    synced = i;
  }
  releaser.join();
  made->reset();
  Recovered out;
  auto again = Wal::open(fs, "/d/wal", Index(1900), options_, log_, out);
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(out.last(), Index(2000));
}

}  // namespace
}  // namespace keelson::wal
