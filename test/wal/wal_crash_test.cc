// Random lives of a log with power losses and kills in between, on a disk that forgets. After each
// crash LogDriver::open() demands one of the states since the last sync: nothing lost, torn apart
// or invented.
#include <gtest/gtest.h>

#include "wal/log_driver.h"

namespace keelson::wal {
namespace {

using test::CrashFileSystem;

class RandomLife {
 public:
  explicit RandomLife(uint64_t seed) : rng_(seed), log_(std::make_unique<CrashFileSystem>()) {}

  void run(int crashes, int steps) {
    ASSERT_TRUE(log_.create().ok());
    commit_ = Index();
    for (int i = 0; i < crashes && !::testing::Test::HasFailure(); ++i) {
      const bool fused = rng_.below(2) == 0;
      if (fused) light_fuse();
      try {
        const uint64_t n = rng_.below(static_cast<uint64_t>(steps));
        for (uint64_t step = 0; step < n; ++step) act();
        if (!fused && rng_.below(2) == 0) die_in_sync();
      } catch (const Died&) {
      }
      crash();
    }
  }
  int torn() const { return torn_; }

 private:
  void act() {
    switch (rng_.below(10)) {
      case 0:
      case 1:
      case 2:
        log_.sync();
        synced_last_ = log_.state().last().value;
        return;
      case 3:
        return release();
      case 4:
        return other_records();
      case 5:
        return append(true);
      default:
        return append(false);
    }
  }

  // Continues the log, or replaces a part that is not committed, as a new leader would.
  void append(bool overwrite) {
    const uint64_t last = log_.state().last().value;
    uint64_t from = last + 1;
    if (overwrite && last > commit_.value) from = last - rng_.below(last - commit_.value);
    if (overwrite) ++term_;
    synced_last_ = std::min(synced_last_, from - 1);
    const size_t bytes = rng_.below(20) == 0 ? 20'000 : rng_.below(1200);
    ASSERT_TRUE(log_.append_run(from, 1 + rng_.below(4), term_, bytes).ok());
  }

  void other_records() {
    if (rng_.below(4) == 0) {
      ++generation_;
      std::optional<Index> reset;
      if (rng_.below(2) == 0) reset = Index(log_.state().last().value + rng_.below(50));
      ASSERT_TRUE(log_.append_generation(generation_, reset).ok());
      if (reset) commit_ = *reset;
      return;
    }
    const uint64_t last = log_.state().last().value;
    if (last > commit_.value) commit_ = Index(commit_.value + rng_.below(last - commit_.value + 1));
    const HardStateRecord state{Term(term_), MemberId(rng_.below(3)), commit_};
    ASSERT_TRUE(log_.append({}, state).ok());
  }

  // What the store holds durably: committed and, as it is, in the synced part of the log.
  void release() {
    const uint64_t bound = std::min(commit_.value, synced_last_);
    const uint64_t least = log_.released().value;
    if (bound > least) log_.release(Index(least + rng_.below(bound - least + 1)));
  }

  void crash() {
    if (rng_.below(3) == 0) {
      log_.restart_on(log_.fs().kill_clone());
    } else {
      static constexpr double kChances[] = {0, 0.1, 0.5, 0.9, 1};
      log_.restart_on(log_.fs().crash_clone(rng_, kChances[rng_.below(5)]));
    }
    const Status status = log_.open();
    ASSERT_TRUE(status.ok()) << status.text();
    torn_ += log_.recovered().torn_tail_cut ? 1 : 0;
    // A commit or reset that was lost was never acted on.
    commit_ = std::max(log_.state().hard_state.commit, log_.released());
    commit_ = std::max(commit_, log_.state().base);
    commit_ = std::min(commit_, log_.state().last());
    synced_last_ = log_.state().last().value;
  }

  // The power fails before some later call, whatever it is.
  void light_fuse() {
    log_.fs().on_call([left = 1 + rng_.below(80)](test::FsCall, const std::string&) mutable {
      if (--left == 0) throw Died{"no power"};
    });
  }

  // Between the write of a batch and its sync: the moment that tears.
  void die_in_sync() {
    append(false);
    log_.fs().on_call([](test::FsCall call, const std::string&) {
      if (call == test::FsCall::kSync) throw Died{"no power"};
    });
    EXPECT_THROW(log_.sync(), Died);
  }

  SeededRng rng_;
  LogDriver log_;
  Index commit_;
  uint64_t synced_last_ = 0;  // entries up to here are synced and were not replaced since
  uint64_t term_ = 1;
  uint64_t generation_ = 1;
  int torn_ = 0;
};

// Thousands of seeds; a failing one is named and replays alone.
TEST(WalCrash, random_lives_lose_nothing_synced_and_invent_nothing) {
  int torn = 0;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLife life(seed);
    life.run(6, 40);
    torn += life.torn();
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(torn, 100);  // the interesting branch was really taken
}

// Long lives recycle each file many times: stale frames of every age lie behind the end.
TEST(WalCrash, long_lives_over_recycled_segments) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLife life(seed);
    life.run(20, 400);
    if (::testing::Test::HasFailure()) break;
  }
}

// What a killed process had written but not synced is reported as recovered, so it must be durable
// then: a power loss right after the restart may not take it.
TEST(WalCrash, what_open_reports_survives_the_next_power_loss) {
  SeededRng rng(3);
  LogDriver log(std::make_unique<CrashFileSystem>());
  ASSERT_TRUE(log.create().ok());
  ASSERT_TRUE(log.append_run(1, 3, 1, 700).ok());
  log.fs().on_call([&](test::FsCall call, const std::string&) {
    if (call == test::FsCall::kSync) throw Died{"killed between write and sync"};
  });
  EXPECT_THROW(log.sync(), Died);
  log.restart_on(log.fs().kill_clone());
  ASSERT_TRUE(log.open().ok());
  ASSERT_EQ(log.recovered().last(), Index(3));
  log.restart_on(log.fs().crash_clone(rng, 0));
  ASSERT_TRUE(log.open().ok());
  EXPECT_EQ(log.recovered().last(), Index(3));
}

// The same after a sync that failed: its pages are clean in the cache and on no disk.
TEST(WalCrash, what_open_reports_survives_after_a_failed_sync) {
  SeededRng rng(3);
  LogDriver log(std::make_unique<CrashFileSystem>());
  ASSERT_TRUE(log.create().ok());
  ASSERT_TRUE(log.append_run(1, 3, 1, 700).ok());
  log.fs().fail_call(test::FsCall::kSync, 1, test::FsFault::kIoError);
  EXPECT_THROW(log.sync(), Died);
  log.restart_on(log.fs().kill_clone());
  ASSERT_TRUE(log.open().ok());
  ASSERT_EQ(log.recovered().last(), Index(3));
  log.restart_on(log.fs().crash_clone(rng, 0));
  ASSERT_TRUE(log.open().ok());
  EXPECT_EQ(log.recovered().last(), Index(3));
}

// A segment whose name was not durable when the process was killed is used after the restart. On a
// full disk no other segment is made, so nobody but open() itself makes that name durable.
TEST(WalCrash, name_of_a_prepared_segment_is_durable_after_open) {
  SeededRng rng(3);
  LogDriver log(std::make_unique<CrashFileSystem>());
  ASSERT_TRUE(log.create().ok());
  log.fs().on_call([](test::FsCall call, const std::string&) {
    if (call == test::FsCall::kSyncDir) throw Died{"killed between rename and sync"};
  });
  uint64_t next = 1;
  EXPECT_THROW(
      {
        while (next < 100) {
          EXPECT_TRUE(log.append_run(next, 1, 1, 1000).ok());
          ++next;
          log.sync();
        }
      },
      Died);
  log.restart_on(log.fs().kill_clone());
  log.fs().set_capacity(log.fs().used_bytes());
  ASSERT_TRUE(log.open().ok());
  for (next = log.state().last().value + 1; log.append_run(next, 1, 1, 1000).ok(); ++next) {
    log.sync();
  }
  const Index last = log.state().last();
  log.restart_on(log.fs().crash_clone(rng, 0));
  ASSERT_TRUE(log.open().ok());
  EXPECT_EQ(log.recovered().last(), last);
}

// The first sync of a new segment is torn so that its opening is lost and later frames are not. The
// log must not go on in that file: there the old frames could join a new opening with the same
// bytes.
TEST(WalCrash, segment_with_remains_but_no_opening_is_given_up) {
  Options options = test_options();
  options.spare_segments = 0;  // no newer file to go on in
  LogDriver log(std::make_unique<CrashFileSystem>(), options);
  ASSERT_TRUE(log.create().ok());
  uint64_t next = 1;
  while (log.wal().stats().segments == 1) ASSERT_TRUE(log.append_run(next++, 1, 1, 1000).ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(log.append_run(next++, 1, 1, 1000).ok());
  log.fs().on_call([](test::FsCall call, const std::string&) {
    if (call == test::FsCall::kSync) throw Died{"no power"};
  });
  EXPECT_THROW(log.sync(), Died);
  const std::string torn_file = std::string(LogDriver::kDir) + "/0000000000000002.wal";
  int seen = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRng rng(seed);
    LogDriver after(log.fs().crash_clone(rng, 0.5));
    const std::string before = after.fs().content(torn_file);
    Recovered out;
    NullLog quiet;
    auto wal = Wal::open(after.fs(), LogDriver::kDir, Index(1), options, quiet, out);
    ASSERT_TRUE(wal.ok());
    const bool opening_lost = before.substr(4096, 32) == std::string(32, '\0');
    if (!opening_lost || !out.torn_tail_cut) continue;
    ++seen;
    ASSERT_TRUE((*wal)->append({make_entry(out.last().value + 1, 2, "x")}, std::nullopt).ok());
    (*wal)->sync();
    EXPECT_EQ(after.fs().content(torn_file), before);
  }
  EXPECT_GT(seen, 10);
}

// A crash between any two calls of one life, power loss and kill: creation, cuts, recycling,
// restart.
TEST(WalCrash, crash_before_every_single_call) {
  struct Stop {};
  uint64_t calls = 1;
  for (uint64_t n = 1; n <= calls && !::testing::Test::HasFailure(); ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    SeededRng rng(n);
    LogDriver log(std::make_unique<CrashFileSystem>());
    bool created = false;
    log.fs().on_call([&, left = n](test::FsCall, const std::string&) mutable {
      if (--left == 0) throw Stop{};
    });
    try {
      created = log.create().ok();
      for (uint64_t i = 1; i <= 60; ++i) {
        ASSERT_TRUE(log.append_run(i, 1, 1, 900).ok());
        if (i % 2 == 0) log.sync();
        if (i % 10 == 0) log.release(Index(i - 10));
      }
      log.close();
      ASSERT_TRUE(log.open().ok());
    } catch (const Stop&) {
    }
    calls = std::max(calls, log.fs().calls(test::FsCall::kAny) + 2);
    auto kill = log.fs().kill_clone();
    log.restart_on(n % 2 == 0 ? std::move(kill) : log.fs().crash_clone(rng, 0.5));
    if (!created) continue;  // a first boot that died is thrown away by its caller
    const Status status = log.open();
    ASSERT_TRUE(status.ok()) << status.text();
  }
  EXPECT_GT(calls, 100u);
}

}  // namespace
}  // namespace keelson::wal
