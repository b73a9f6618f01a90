// The crash file system itself: a harness that forgets too little proves nothing.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/crash_fs.h"

namespace keelson::test {
namespace {

using io::OpenMode;

std::unique_ptr<io::File> must_open(CrashFileSystem& fs, const std::string& path) {
  auto file = fs.open(path, OpenMode::kCreate);
  CHECK(file.ok());
  return std::move(*file);
}

// A file whose name is durable and whose content is `text`, synced.
std::unique_ptr<io::File> durable_file(CrashFileSystem& fs, const std::string& path,
                                       const std::string& text) {
  fs.set_content(path, text);
  return must_open(fs, path);
}

// A log that forgets its sync must lose data here.
TEST(CrashFs, unsynced_write_is_lost_at_power_loss_and_kept_at_kill) {
  CrashFileSystem fs;
  SeededRng rng(1);
  auto file = durable_file(fs, "/f", "old");
  ASSERT_TRUE(file->write_at(0, "new").ok());
  EXPECT_EQ(fs.crash_clone(rng, 0)->content("/f"), "old");
  EXPECT_EQ(fs.crash_clone(rng, 1)->content("/f"), "new");
  EXPECT_EQ(fs.kill_clone()->content("/f"), "new");
  EXPECT_EQ(fs.kill_clone()->crash_clone(rng, 0)->content("/f"), "old");  // still unsynced
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(fs.crash_clone(rng, 0)->content("/f"), "new");
}

// Valid data behind a hole is what a torn batch looks like.
TEST(CrashFs, sectors_of_a_batch_survive_in_any_combination) {
  CrashFileSystem fs;
  auto file = durable_file(fs, "/f", std::string(16384, 'o'));
  ASSERT_TRUE(file->write_at(0, std::string(16384, 'n')).ok());
  std::set<std::string> shapes;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SeededRng rng(seed);
    const std::string content = fs.crash_clone(rng, 0.5)->content("/f");
    std::string shape;
    for (size_t at = 0; at < content.size(); at += 4096) shape += content[at];
    shapes.insert(shape);
    for (size_t at = 0; at < content.size(); ++at) {
      ASSERT_EQ(content[at], content[at / 512 * 512]);  // never half a sector
    }
  }
  EXPECT_EQ(shapes.size(), 16u);
}

// Whoever forgets sync_dir loses the file, synced content and all.
TEST(CrashFs, name_is_lost_without_sync_of_its_directory) {
  CrashFileSystem fs;
  SeededRng rng(1);
  ASSERT_TRUE(fs.make_dir("/d").ok());
  ASSERT_TRUE(fs.sync_dir("/").ok());
  auto file = must_open(fs, "/d/f");
  ASSERT_TRUE(file->write_at(0, "x").ok());
  ASSERT_TRUE(file->sync().ok());
  EXPECT_FALSE(*fs.crash_clone(rng, 0)->exists("/d/f"));
  ASSERT_TRUE(fs.sync_dir("/d").ok());
  EXPECT_EQ(fs.crash_clone(rng, 0)->content("/d/f"), "x");
}

// A rename is atomic: old name or new one, never both or none.
TEST(CrashFs, rename_survives_whole_or_not_at_all) {
  CrashFileSystem fs;
  durable_file(fs, "/a", "x");
  durable_file(fs, "/b", "y");
  ASSERT_TRUE(fs.rename("/a", "/b").ok());
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SeededRng rng(seed);
    auto after = fs.crash_clone(rng, 0.5);
    std::string state;
    for (const std::string& path : after->files()) state += path + "=" + after->content(path) + " ";
    seen.insert(state);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"/a=x /b=y ", "/b=x "}));
}

// Of two changes the later one may be the survivor.
TEST(CrashFs, later_name_change_may_survive_an_earlier_one) {
  CrashFileSystem fs;
  durable_file(fs, "/a", "x");
  durable_file(fs, "/b", "y");
  ASSERT_TRUE(fs.remove("/a").ok());
  ASSERT_TRUE(fs.remove("/b").ok());
  bool only_later = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SeededRng rng(seed);
    only_later |= fs.crash_clone(rng, 0.5)->files() == std::vector<std::string>{"/a"};
  }
  EXPECT_TRUE(only_later);
}

// The fsync trap: after a failed sync a successful one proves nothing about the old pages.
TEST(CrashFs, failed_sync_leaves_pages_that_no_later_sync_writes) {
  CrashFileSystem fs;
  SeededRng rng(1);
  auto file = durable_file(fs, "/f", "old");
  ASSERT_TRUE(file->write_at(0, "new").ok());
  fs.fail_call(FsCall::kSync, 1, FsFault::kIoError);
  EXPECT_FALSE(file->sync().ok());
  EXPECT_TRUE(fs.fault_hit());
  EXPECT_TRUE(file->sync().ok());
  EXPECT_EQ(fs.kill_clone()->content("/f"), "new");
  EXPECT_EQ(fs.crash_clone(rng, 1)->content("/f"), "old");
}

// Sweeps count on the n-th call of a kind, once or from then on.
TEST(CrashFs, fail_call_strikes_the_nth_call) {
  CrashFileSystem fs;
  auto file = durable_file(fs, "/f", "");
  fs.fail_call(FsCall::kWrite, 2, FsFault::kShort);
  EXPECT_TRUE(file->write_at(0, "ab").ok());
  EXPECT_EQ(file->write_at(2, "cdef").text(), "pwrite /f: Input/output error");
  EXPECT_EQ(fs.content("/f"), "abcd");
  EXPECT_TRUE(file->write_at(2, "cdef").ok());
  fs.fail_call(FsCall::kAny, 1, FsFault::kNoSpace, true);
  EXPECT_TRUE(io::is_no_space(file->sync()));
  EXPECT_TRUE(io::is_no_space(fs.make_dir("/d")));
  fs.fail_nothing();
  EXPECT_TRUE(fs.make_dir("/d").ok());
  EXPECT_EQ(fs.calls(FsCall::kWrite), 3u);
}

// A full disk: growth fails, overwriting and allocated space work.
TEST(CrashFs, capacity_limits_growth_but_not_allocated_space) {
  CrashFileSystem fs;
  auto file = must_open(fs, "/f");
  fs.set_capacity(8192);
  ASSERT_TRUE(file->allocate(8192).ok());
  EXPECT_TRUE(file->write_at(4096, std::string(4096, 'x')).ok());
  EXPECT_TRUE(io::is_no_space(file->write_at(8192, "x")));
  auto other = must_open(fs, "/g");
  EXPECT_TRUE(io::is_no_space(other->write_at(0, "x")));
  EXPECT_EQ(fs.space("/")->free_bytes, 0u);
  ASSERT_TRUE(fs.remove("/f").ok());
  EXPECT_TRUE(other->write_at(0, "x").ok());
}

// A truncation that was not synced may come back, content and all.
TEST(CrashFs, truncate_is_durable_only_after_sync) {
  CrashFileSystem fs;
  SeededRng rng(1);
  auto file = durable_file(fs, "/f", std::string(9000, 'x'));
  ASSERT_TRUE(file->truncate(5000).ok());
  ASSERT_TRUE(file->truncate(6000).ok());
  EXPECT_EQ(fs.content("/f"), std::string(5000, 'x') + std::string(1000, '\0'));
  EXPECT_EQ(fs.crash_clone(rng, 0)->content("/f"), std::string(9000, 'x'));
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ(fs.crash_clone(rng, 0)->content("/f"), fs.content("/f"));
}

// Directories move with what is in them, as a first boot's member.tmp does.
TEST(CrashFs, directory_rename_carries_its_files) {
  CrashFileSystem fs;
  SeededRng rng(1);
  ASSERT_TRUE(fs.make_dir("/m.tmp/wal").ok());
  auto file = must_open(fs, "/m.tmp/wal/f");
  ASSERT_TRUE(fs.sync_dir("/m.tmp/wal").ok());
  ASSERT_TRUE(fs.sync_dir("/m.tmp").ok());
  ASSERT_TRUE(fs.rename("/m.tmp", "/m").ok());
  EXPECT_TRUE(fs.crash_clone(rng, 0)->files().empty());
  ASSERT_TRUE(fs.sync_dir("/").ok());
  EXPECT_EQ(fs.crash_clone(rng, 0)->files(), (std::vector<std::string>{"/m/wal/f"}));
}

TEST(CrashFs, lock_is_exclusive_and_gone_in_a_clone) {
  CrashFileSystem fs;
  auto lock = fs.lock("/lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(fs.lock("/lock").status().code(), Code::kUnavailable);
  EXPECT_TRUE(fs.kill_clone()->lock("/lock").ok());
  lock->reset();
  EXPECT_TRUE(fs.lock("/lock").ok());
}

}  // namespace
}  // namespace keelson::test
