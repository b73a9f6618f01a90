// Log files: appending, rotation, pruning.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/log_output.h"
#include "support/fake_clock.h"

namespace keelson {
namespace {

namespace fs = std::filesystem;
using test::FakeClock;

class LogFileTest : public ::testing::Test {
 protected:
  LogFileTest() {
    std::string pattern = (fs::temp_directory_path() / "keelson-log-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LogFileTest() override { fs::remove_all(folder_); }

  std::string path() const { return (folder_ / "etcd.log").string(); }
  std::unique_ptr<LogOutput> open(LogRotation rotation = {}) {
    auto output = make_file_output(path(), rotation, clock_);
    EXPECT_TRUE(output.ok());
    return std::move(*output);
  }
  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_)) out.insert(entry.path().filename());
    return out;
  }
  static std::string content(const fs::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // Fills the file so that the next line starts a new one.
  static void fill(LogOutput& output) {
    output.write(LogLevel::kInfo, std::string((1 << 20) - 1, 'x') + "\n");
  }

  FakeClock clock_{std::chrono::seconds(1704164645)};  // 2024-01-02T03:04:05Z
  fs::path folder_;
};

// A restart must not wipe the log that tells why it happened.
TEST_F(LogFileTest, opening_again_appends) {
  open()->write(LogLevel::kInfo, "one\n");
  open()->write(LogLevel::kInfo, "two\n");
  EXPECT_EQ(content(path()), "one\ntwo\n");
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(LogFileTest, folder_that_cannot_be_made_is_an_error) {
  const auto output = make_file_output("/proc/nothing/etcd.log", {}, clock_);
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.status().text(), "open /proc/nothing/etcd.log: No such file or directory");
}

TEST_F(LogFileTest, full_file_is_renamed_with_its_time) {
  auto output = open({.enabled = true, .max_size_mb = 1});
  fill(*output);
  output->write(LogLevel::kInfo, "new\n");
  EXPECT_EQ(names(), (std::set<std::string>{"etcd.log", "etcd-2024-01-02T03-04-05.000.log"}));
  EXPECT_EQ(content(path()), "new\n");
}

TEST_F(LogFileTest, without_rotation_the_file_grows) {
  auto output = open({.enabled = false, .max_size_mb = 1});
  fill(*output);
  fill(*output);
  EXPECT_EQ(names(), std::set<std::string>{"etcd.log"});
}

TEST_F(LogFileTest, only_so_many_old_files_are_kept) {
  std::ofstream(folder_ / "etcd-notes.log") << "not ours";
  auto output = open({.enabled = true, .max_size_mb = 1, .max_backups = 2});
  for (int i = 0; i < 5; ++i) {
    fill(*output);
    clock_.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(names(),
            (std::set<std::string>{"etcd.log", "etcd-notes.log", "etcd-2024-01-02T03-04-08.000.log",
                                   "etcd-2024-01-02T03-04-09.000.log"}));
}

TEST_F(LogFileTest, old_files_go_by_age) {
  auto output = open({.enabled = true, .max_size_mb = 1, .max_age_days = 1});
  fill(*output);
  fill(*output);
  clock_.advance(std::chrono::hours(25));
  fill(*output);
  EXPECT_EQ(names(), (std::set<std::string>{"etcd.log", "etcd-2024-01-03T04-04-05.000.log"}));
}

TEST_F(LogFileTest, compressed_file_holds_the_same_bytes) {
  auto output = open({.enabled = true, .max_size_mb = 1, .compress = true});
  fill(*output);
  output->write(LogLevel::kInfo, "new\n");
  const fs::path packed = folder_ / "etcd-2024-01-02T03-04-05.000.log.gz";
  EXPECT_EQ(names(), (std::set<std::string>{"etcd.log", packed.filename()}));
  gzFile in = gzopen(packed.c_str(), "rb");
  std::string text(2 << 20, '\0');
  const int n = gzread(in, text.data(), static_cast<unsigned>(text.size()));
  gzclose(in);
  EXPECT_EQ(n, 1 << 20);
  EXPECT_EQ(text[0], 'x');
}

}  // namespace
}  // namespace keelson
