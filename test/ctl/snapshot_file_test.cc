#include "ctl/snapshot_file.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace keelson::ctl {
namespace {

class SnapshotFileTest : public ::testing::Test {
 protected:
  SnapshotFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "ctl-test-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = folder_ / "s.db";
  }
  ~SnapshotFileTest() override { std::filesystem::remove_all(folder_); }

  // A whole snapshot: 1024 bytes and their sum.
  static std::string snapshot() {
    std::string data(1024, 'd');
    unsigned char sum[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), sum);
    return data + std::string(reinterpret_cast<char*>(sum), sizeof sum);
  }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::unique_ptr<SnapshotFile> create() { return std::move(*SnapshotFile::create(path_)); }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

// The sum may be split over the chunks in any way.
TEST_F(SnapshotFileTest, WholeSnapshot_GetsItsName) {
  auto file = create();
  std::string bytes = snapshot();
  for (size_t at = 0; at < bytes.size(); at += 100) {
    ASSERT_TRUE(file->append(bytes.substr(at, 100)).ok());
  }
  ASSERT_TRUE(file->check_and_sync().ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE(file->publish().ok());
  EXPECT_EQ(content(), bytes);
  EXPECT_FALSE(std::filesystem::exists(file->part_path()));
}

// A stream that was cut must not replace the last good snapshot.
TEST_F(SnapshotFileTest, CutSnapshot_IsRefusedAndRemoved) {
  std::ofstream(path_) << "before";
  auto file = create();
  ASSERT_TRUE(file->append(snapshot().substr(0, 1024)).ok());
  Status status = file->check_and_sync();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().code, kExitInterrupted);
  EXPECT_EQ(status.failure().text, "sha256 checksum not found [bytes: 1024]");
  file.reset();
  EXPECT_EQ(content(), "before");
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".part"));
}

TEST_F(SnapshotFileTest, DamagedSnapshot_IsRefused) {
  auto file = create();
  std::string bytes = snapshot();
  bytes[500] = 'x';
  ASSERT_TRUE(file->append(bytes).ok());
  EXPECT_FALSE(file->check_and_sync().ok());
}

TEST_F(SnapshotFileTest, MissingFolder_IsToldAsGoTellsIt) {
  auto file = SnapshotFile::create("/nonexistent-folder/s.db");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.failure().text,
            "could not open /nonexistent-folder/s.db.part (open /nonexistent-folder/s.db.part: no "
            "such file or directory)");
}

}  // namespace
}  // namespace keelson::ctl
