// The log's behaviour on a healthy disk: what goes in comes out, segments come and go.
#include "wal/wal.h"

#include <gtest/gtest.h>

#include "wal/log_driver.h"

namespace keelson::wal {
namespace {

using test::CrashFileSystem;

class WalTest : public ::testing::Test {
 protected:
  WalTest() : log_(std::make_unique<CrashFileSystem>()) {}
  void SetUp() override { ASSERT_TRUE(log_.create().ok()); }

  void reopen() {
    log_.close();
    const Status status = log_.open();
    ASSERT_TRUE(status.ok()) << status.text();
  }
  size_t files_like(const std::string& part) {
    size_t n = 0;
    for (const std::string& path : log_.fs().files()) n += path.find(part) != std::string::npos;
    return n;
  }

  LogDriver log_;
};

TEST_F(WalTest, empty_log_reopens_empty) {
  reopen();
  EXPECT_EQ(log_.recovered().last(), Index(0));
  EXPECT_EQ(log_.recovered().generation, 1u);
  EXPECT_EQ(log_.recovered().identity, (Identity{ClusterId(0xc1), MemberId(0xb2)}));
  EXPECT_FALSE(log_.recovered().torn_tail_cut);
}

// An absent payload (a new leader's first entry), an empty one and every byte value come back as
// such.
TEST_F(WalTest, entries_keep_type_and_payload_exactly) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EntryRecord none{Index(1), Term(1), 0, nullptr};
  EntryRecord conf = make_entry(3, 1, all);
  conf.type = 1;
  ASSERT_TRUE(log_.append({none, make_entry(2, 1, ""), conf}).ok());
  log_.sync();
  reopen();
  const auto& entries = log_.recovered().entries;
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].data, nullptr);
  EXPECT_EQ(*entries[1].data, "");
  EXPECT_EQ(*entries[2].data, all);
  EXPECT_EQ(entries[2].type, 1);
}

// A new leader overwrites what the old one had not committed.
TEST_F(WalTest, later_entry_replaces_earlier_and_all_behind_it) {
  ASSERT_TRUE(log_.append_run(1, 10, 1, 50).ok());
  log_.sync();
  ASSERT_TRUE(log_.append_run(6, 2, 2, 50).ok());
  log_.sync();
  reopen();
  ASSERT_EQ(log_.recovered().last(), Index(7));
  EXPECT_EQ(log_.recovered().entries[4].term, Term(1));
  EXPECT_EQ(log_.recovered().entries[5].term, Term(2));
}

// Not synced and the power fails: gone. Appended and synced: there.
TEST_F(WalTest, sync_decides_what_a_power_loss_leaves) {
  SeededRng rng(1);
  ASSERT_TRUE(log_.append_run(1, 3, 1, 50).ok());
  log_.sync();
  ASSERT_TRUE(log_.append_run(4, 3, 1, 50).ok());
  log_.restart_on(log_.fs().crash_clone(rng, 0));
  ASSERT_TRUE(log_.open().ok());
  EXPECT_EQ(log_.recovered().last(), Index(3));
}

// The state of a released segment must live on in the next one's opening.
TEST_F(WalTest, hard_state_and_generation_outlive_their_segment) {
  const HardStateRecord hard{Term(7), MemberId(0xb2), Index(1)};
  ASSERT_TRUE(log_.append({make_entry(1, 7, "x")}, hard).ok());
  ASSERT_TRUE(log_.append_generation(5).ok());
  log_.sync();
  for (uint64_t i = 2; i < 40; ++i) {
    ASSERT_TRUE(log_.append_run(i, 1, 7, 1000).ok());
    log_.sync();
  }
  log_.release(Index(35));
  EXPECT_LE(log_.wal().stats().segments, 2);
  reopen();
  EXPECT_EQ(log_.recovered().hard_state, hard);
  EXPECT_EQ(log_.recovered().generation, 5u);
  EXPECT_GT(log_.recovered().base, Index(1));
}

// An installed snapshot lies beyond the end of the log: the log goes on behind it.
TEST_F(WalTest, generation_with_reset_begins_a_new_log) {
  ASSERT_TRUE(log_.append_run(1, 5, 1, 50).ok());
  ASSERT_TRUE(log_.append_generation(2, Index(1000)).ok());
  log_.sync();
  reopen();
  EXPECT_EQ(log_.recovered().base, Index(1000));
  EXPECT_TRUE(log_.recovered().entries.empty());
  EXPECT_TRUE(log_.recovered().check_applied(Index(1000)).ok());
  ASSERT_TRUE(log_.append_run(1001, 5, 2, 50).ok());
  log_.sync();
  reopen();
  EXPECT_EQ(log_.recovered().last(), Index(1005));
}

// Released segments turn into spares and spares into segments: the disk is not written anew.
TEST_F(WalTest, released_segments_are_recycled) {
  const int spares = log_.options().spare_segments;
  for (uint64_t i = 1; i <= 400; ++i) {
    ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
    log_.sync();
    log_.release(Index(i > 20 ? i - 20 : 0));
    EXPECT_LE(log_.wal().stats().segments, 4);
  }
  const uint64_t created = log_.fs().calls(test::FsCall::kAllocate);
  EXPECT_LE(created, 6u);
  EXPECT_LE(files_like("/wal/"), static_cast<size_t>(5 + spares));
  reopen();
  EXPECT_EQ(log_.recovered().last(), Index(400));
}

// Nothing is recycled as long as somebody may need it.
TEST_F(WalTest, release_keeps_segments_with_newer_entries) {
  ASSERT_TRUE(log_.append_run(1, 100, 1, 1000).ok());
  log_.sync();
  for (uint64_t i = 101; i < 160; ++i) ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
  log_.sync();
  log_.release(Index(120));
  log_.release(Index(5));  // a smaller index later has no effect
  reopen();
  EXPECT_LE(log_.recovered().base, Index(120));
  EXPECT_EQ(log_.recovered().last(), Index(159));
}

// One entry may be larger than a segment: apply takes up to 512 MiB.
TEST_F(WalTest, batch_larger_than_a_segment_gets_its_own) {
  ASSERT_TRUE(log_.append_run(1, 1, 1, 100).ok());
  ASSERT_TRUE(log_.append_run(2, 1, 1, 200'000).ok());
  ASSERT_TRUE(log_.append_run(3, 1, 1, 100).ok());
  log_.sync();
  for (uint64_t i = 4; i < 40; ++i) ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
  log_.sync();
  reopen();
  EXPECT_EQ(log_.recovered().last(), Index(39));
  EXPECT_EQ(log_.recovered().entries[1].data->size(), 200'000u);
}

// A large file is no spare, even when one is wanted.
TEST_F(WalTest, large_segment_is_removed_when_released) {
  ASSERT_TRUE(log_.append_run(1, 1, 1, 100).ok());
  ASSERT_TRUE(log_.append_run(2, 1, 1, 200'000).ok());
  log_.sync();
  log_.release(Index(1));  // the small one before it becomes a spare,
  for (uint64_t i = 3; i < 40; ++i) ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
  log_.sync();
  reopen();  // which these cuts have used up: there is room for another
  log_.release(Index(30));
  for (const std::string& path : log_.fs().files()) {
    EXPECT_LE(log_.fs().content(path).size(), 16u * 1024) << path;  // the large one was not kept
  }
}

// Restarts must not use up segments: a clean end is continued in place.
TEST_F(WalTest, clean_restarts_stay_in_the_same_segment) {
  for (uint64_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(log_.append_run(i, 1, 1, 100).ok());
    log_.sync();
    reopen();
  }
  EXPECT_EQ(log_.wal().stats().segments, 1);
}

// A node whose disk is another size than yesterday's configuration: old segments stay readable.
TEST_F(WalTest, segment_size_may_change_between_starts) {
  for (uint64_t i = 1; i < 40; ++i) ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
  log_.sync();
  log_.options().segment_bytes = 32 * 1024;
  reopen();
  for (uint64_t i = 40; i < 140; ++i) ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
  log_.sync();
  log_.release(Index(130));
  reopen();
  EXPECT_EQ(log_.recovered().last(), Index(139));
}

// With syncs switched off nothing may claim to be proven.
TEST_F(WalTest, unsafe_no_sync_survives_a_kill) {
  log_.options().unsafe_no_sync = true;
  reopen();
  const uint64_t syncs = log_.fs().calls(test::FsCall::kSync);
  for (uint64_t i = 1; i < 60; ++i) {
    ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
    log_.sync();
    log_.release(Index(i / 2));
  }
  EXPECT_EQ(log_.fs().calls(test::FsCall::kSync), syncs);
  log_.restart_on(log_.fs().kill_clone());
  ASSERT_TRUE(log_.open().ok());
  EXPECT_EQ(log_.recovered().last(), Index(59));
}

TEST_F(WalTest, create_refuses_a_directory_with_content) {
  NullLog log;
  auto again = Wal::create(log_.fs(), LogDriver::kDir, Identity{}, 1, log_.options(), log);
  EXPECT_EQ(again.status().code(), Code::kAlreadyExists);
}

// The store and the log must join.
TEST_F(WalTest, open_refuses_a_store_that_the_log_does_not_reach) {
  for (uint64_t i = 1; i < 60; ++i) ASSERT_TRUE(log_.append_run(i, 1, 1, 1000).ok());
  log_.sync();
  log_.release(Index(30));
  log_.close();
  NullLog log;
  Recovered out;
  const auto try_open = [&](uint64_t applied) {
    return Wal::open(log_.fs(), LogDriver::kDir, Index(applied), log_.options(), log, out).status();
  };
  EXPECT_EQ(try_open(60).code(), Code::kDataLoss);
  EXPECT_NE(try_open(60).text().find("has applied entry 60"), std::string::npos);
  EXPECT_EQ(try_open(2).code(), Code::kDataLoss);
  EXPECT_TRUE(try_open(59).ok());
  EXPECT_TRUE(try_open(30).ok());
}

}  // namespace
}  // namespace keelson::wal
