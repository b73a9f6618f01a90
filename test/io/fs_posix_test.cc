// The real file system against its contract: modes, locks, error texts.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "io/fs.h"

namespace keelson::io {
namespace {

class FsPosix : public ::testing::Test {
 protected:
  FsPosix() : fs_(make_posix_file_system()) {
    char name[] = "/tmp/keelson-fs-XXXXXX";
    CHECK(::mkdtemp(name) != nullptr);
    root_ = name;
  }
  ~FsPosix() override { EXPECT_TRUE(fs_->remove_tree(root_).ok()); }

  std::string at(const std::string& name) const { return root_ + "/" + name; }
  std::unique_ptr<File> make(const std::string& name) {
    auto file = fs_->open(at(name), OpenMode::kCreateNew);
    EXPECT_TRUE(file.ok()) << file.status().text();
    return std::move(*file);
  }
  static mode_t mode_of(const std::string& path) {
    struct stat info{};
    CHECK(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777;
  }

  std::unique_ptr<FileSystem> fs_;
  std::string root_;
};

// Keys would be readable by other users.
TEST_F(FsPosix, created_files_and_directories_belong_to_the_user_alone) {
  ASSERT_TRUE(fs_->make_dir(at("a/b/c")).ok());
  make("a/b/c/f");
  EXPECT_EQ(mode_of(at("a")), 0700u);
  EXPECT_EQ(mode_of(at("a/b/c")), 0700u);
  EXPECT_EQ(mode_of(at("a/b/c/f")), 0600u);
  EXPECT_TRUE(fs_->make_dir(at("a/b/c")).ok());
}

// A read past the end, a write that leaves a hole, a shrink.
TEST_F(FsPosix, read_write_truncate_behave_as_a_sparse_file) {
  auto file = make("f");
  ASSERT_TRUE(file->write_at(10, "hello").ok());
  char out[20];
  auto n = file->read_at(8, out);
  ASSERT_TRUE(n.ok());
  EXPECT_EQ(std::string_view(out, *n), std::string_view("\0\0hello", 7));
  EXPECT_EQ(*file->read_at(100, out), 0u);
  ASSERT_TRUE(file->truncate(12).ok());
  EXPECT_EQ(*file->size(), 12u);
  EXPECT_TRUE(file->sync().ok());
}

// The log counts on the size and on zeros.
TEST_F(FsPosix, allocate_grows_with_zeros_and_keeps_content) {
  auto file = make("f");
  ASSERT_TRUE(file->write_at(0, "abc").ok());
  ASSERT_TRUE(file->allocate(1 << 20).ok());
  EXPECT_EQ(*file->size(), 1u << 20);
  char out[4];
  ASSERT_TRUE(file->read_at(0, out).ok());
  EXPECT_EQ(std::string_view(out, 4), std::string_view("abc\0", 4));
  struct stat info{};
  ASSERT_EQ(::stat(at("f").c_str(), &info), 0);
  EXPECT_GE(info.st_blocks * 512, 1 << 20);  // reserved, not sparse
  ASSERT_TRUE(file->allocate(4096).ok());
  EXPECT_EQ(*file->size(), 1u << 20);
}

// Each mode of open against a file that exists and one that does not.
TEST_F(FsPosix, open_modes_create_or_refuse) {
  EXPECT_EQ(fs_->open(at("f"), OpenMode::kReadOnly).status().code(), Code::kNotFound);
  EXPECT_EQ(fs_->open(at("f"), OpenMode::kReadWrite).status().code(), Code::kNotFound);
  EXPECT_TRUE(fs_->open(at("f"), OpenMode::kCreate).ok());
  EXPECT_TRUE(fs_->open(at("f"), OpenMode::kCreate).ok());
  EXPECT_EQ(fs_->open(at("f"), OpenMode::kCreateNew).status().code(), Code::kAlreadyExists);
  EXPECT_FALSE(*fs_->exists(at("g")));
  EXPECT_TRUE(*fs_->exists(at("f")));
}

// People find the culprit by the text.
TEST_F(FsPosix, errors_name_call_path_and_reason) {
  const Status status = fs_->open(at("no/f"), OpenMode::kReadOnly).status();
  EXPECT_EQ(status.text(), "open " + at("no/f") + ": No such file or directory");
  EXPECT_EQ(fs_->remove(at("x")).text(), "remove " + at("x") + ": No such file or directory");
  const Status rename = fs_->rename(at("x"), at("y"));
  EXPECT_EQ(rename.text(), "rename " + at("x") + " to " + at("y") + ": No such file or directory");
}

// A full disk is told from a broken one. /dev/full answers every write with ENOSPC.
TEST_F(FsPosix, full_disk_is_told_by_is_no_space) {
  auto full = fs_->open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(full.ok());
  const Status status = (*full)->write_at(0, "x");
  EXPECT_TRUE(is_no_space(status));
  EXPECT_EQ(status.text(), "pwrite /dev/full: No space left on device");
  EXPECT_FALSE(is_no_space(Status()));
  EXPECT_FALSE(is_no_space(fs_->remove(at("x"))));
}

// Two members on one data directory would destroy it. Somebody else closing the file must not
// unlock it.
TEST_F(FsPosix, lock_is_exclusive_until_released) {
  auto first = fs_->lock(at("lock"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(fs_->lock(at("lock")).status().code(), Code::kUnavailable);
  {
    auto other = fs_->open(at("lock"), OpenMode::kReadWrite);
  }
  EXPECT_EQ(fs_->lock(at("lock")).status().code(), Code::kUnavailable);
  first->reset();
  EXPECT_TRUE(fs_->lock(at("lock")).ok());
}

TEST_F(FsPosix, rename_list_and_remove_change_names) {
  ASSERT_TRUE(fs_->make_dir(at("d")).ok());
  make("d/b");
  make("d/a");
  ASSERT_TRUE(fs_->rename(at("d/b"), at("d/c")).ok());
  EXPECT_EQ(*fs_->list(at("d")), (std::vector<std::string>{"a", "c"}));
  EXPECT_TRUE(fs_->sync_dir(at("d")).ok());
  EXPECT_FALSE(fs_->remove(at("d")).ok());  // not empty
  ASSERT_TRUE(fs_->remove(at("d/a")).ok());
  ASSERT_TRUE(fs_->remove_tree(at("d")).ok());
  EXPECT_TRUE(fs_->remove_tree(at("d")).ok());  // again: nothing to do
  EXPECT_EQ(fs_->list(at("d")).status().code(), Code::kNotFound);
}

TEST_F(FsPosix, space_is_that_of_the_disk) {
  auto space = fs_->space(root_);
  ASSERT_TRUE(space.ok());
  EXPECT_GT(space->total_bytes, space->free_bytes);
  EXPECT_GT(space->free_bytes, 0u);
}

}  // namespace
}  // namespace keelson::io
