// The search for remains: one missed header would turn refused damage into a silent cut.
#include "wal/segment_reader.h"

#include <gtest/gtest.h>

#include "support/crash_fs.h"

namespace keelson::wal {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

class SegmentReaderTest : public ::testing::Test {
 protected:
  void write_segment(uint64_t size) {
    const SegmentHead head{1, 1, {}};
    std::string bytes = encode_head(head);
    bytes.resize(size, '\0');
    fs_.set_content("/0000000000000001.wal", bytes);
  }
  void put_header(uint64_t offset, Position synced_to) {
    FrameHeader header;
    header.synced_to = synced_to;
    char bytes[kFrameHeaderBytes];
    encode_frame_header(header, 1, offset, bytes);
    auto file = fs_.open("/0000000000000001.wal", io::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->write_at(offset, std::string_view(bytes, sizeof bytes)).ok());
  }
  SegmentReader open() {
    auto reader = SegmentReader::open(fs_, "/0000000000000001.wal", 1);
    CHECK(reader.ok());
    return std::move(*reader);
  }

  test::CrashFileSystem fs_;
};

// The file is read in windows: a header may lie across any border between two of them.
TEST_F(SegmentReaderTest, scan_finds_a_header_at_every_place_around_a_window_border) {
  for (uint64_t from : {kHeadBytes, kHeadBytes + 8}) {
    for (uint64_t at = from + kMiB - 80; at <= from + kMiB + 80; at += 8) {
      write_segment(3 * kMiB);
      put_header(at, Position(1, 77));
      auto remains = open().scan(from);
      ASSERT_TRUE(remains.ok());
      EXPECT_TRUE(remains->any) << at;
      EXPECT_EQ(remains->proven, Position(1, 77));
      EXPECT_EQ(remains->proof_offset, at);
    }
  }
}

TEST_F(SegmentReaderTest, scan_finds_first_and_last_place_and_the_furthest_proof) {
  write_segment(2 * kMiB);
  put_header(kHeadBytes, Position(1, 5));
  put_header(kMiB, Position(1, 9));
  put_header(2 * kMiB - kFrameHeaderBytes, Position(1, 7));
  auto remains = open().scan(kHeadBytes);
  EXPECT_EQ(remains->proven, Position(1, 9));
  EXPECT_EQ(remains->proof_offset, kMiB);
  remains = open().scan(kMiB + 8);
  EXPECT_EQ(remains->proven, Position(1, 7));
  EXPECT_FALSE(open().scan(2 * kMiB - kFrameHeaderBytes + 8)->any);
  EXPECT_FALSE(open().scan(2 * kMiB)->any);
}

}  // namespace
}  // namespace keelson::wal
