// The bytes on disk, and decoders against what should never be believed.
#include "wal/format.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "wal/log_driver.h"
#include "wal/records.h"

namespace keelson::wal {
namespace {

constexpr uint64_t kGeneration = 0xabcdef0100000002;

std::string header_bytes(const FrameHeader& header, uint64_t offset) {
  std::string out(kFrameHeaderBytes, '\0');
  encode_frame_header(header, kGeneration, offset, out.data());
  return out;
}

FrameHeader sample_header() {
  FrameHeader header;
  header.length = 100;
  header.synced_to = Position(2, 4096);
  header.previous = 0x12345678;
  header.payload_crc = 0x9abcdef0;
  header.kind = FrameKind::kBatch;
  return header;
}

// A change of one byte here makes every existing log unreadable: the version has to go up with it.
TEST(WalFormat, golden_bytes_of_a_small_segment) {
  LogDriver log(std::make_unique<test::CrashFileSystem>());
  ASSERT_TRUE(log.create().ok());
  const HardStateRecord state{Term(2), MemberId(0xb2), Index(1)};
  ASSERT_TRUE(log.append({make_entry(1, 2, "abc")}, state).ok());
  log.sync();
  const std::string content = log.fs().content("/data/wal/0000000000000001.wal");
  EXPECT_EQ(hex_bytes(content.substr(0, 64)),
            "4b45454c57414c0a01000000800b92d701000000000000000100000000000000"
            "c100000000000000b20000000000000000000000000000000000000000000000");
  EXPECT_EQ(hex_bytes(content.substr(4096, 48)),
            "265240b10d0000000000000000000000000000005c0f1e610100000000000000"
            "00000000000000000001000000000000");
  EXPECT_EQ(hex_bytes(content.substr(4144, 48)),
            "d972d78d0d0000003010000001000000265240b1ebde80450200000000000000"
            "01010200046162630202b20101000000");
  EXPECT_EQ(content.substr(4192), std::string(content.size() - 4192, '\0'));
}

TEST(WalFormat, head_round_trip) {
  const SegmentHead head{7, kGeneration, {ClusterId(1), MemberId(~0ull)}};
  auto back = decode_head(encode_head(head), "x.wal");
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, head);
}

// Each kind of bad head has its own line: damaged, cut off, foreign, newer.
TEST(WalFormat, head_that_is_not_ours_says_why) {
  std::string bytes = encode_head({7, kGeneration, {}});
  EXPECT_NE(decode_head(bytes.substr(0, 63), "x").status().text().find("cut off"),
            std::string::npos);
  std::string foreign = bytes;
  foreign[0] = 'S';
  EXPECT_EQ(decode_head(foreign, "x").status().code(), Code::kFailedPrecondition);
  std::string newer = bytes.substr(0, 64);
  newer[8] = 2;
  const uint32_t crc = crc32c(crc32c(0, newer.substr(0, 12)), newer.substr(16));
  std::memcpy(newer.data() + 12, &crc, 4);
  EXPECT_NE(decode_head(newer, "x").status().text().find("has format version 2"),
            std::string::npos);
  for (size_t at = 8; at < 64; ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    EXPECT_EQ(decode_head(flipped, "x").status().code(), Code::kDataLoss) << at;
  }
}

TEST(WalFormat, frame_header_round_trip) {
  const std::string bytes = header_bytes(sample_header(), 8192);
  const auto back = decode_frame_header(bytes.data(), kGeneration, 8192, 1000);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->header.length, 100u);
  EXPECT_EQ(back->header.synced_to, Position(2, 4096));
  EXPECT_EQ(back->header.previous, 0x12345678u);
  EXPECT_EQ(back->header.payload_crc, 0x9abcdef0u);
  EXPECT_EQ(back->header.kind, FrameKind::kBatch);
}

// A header counts only at its own place in its own life of the file.
TEST(WalFormat, frame_header_of_another_place_or_generation_is_none) {
  const std::string bytes = header_bytes(sample_header(), 8192);
  EXPECT_FALSE(decode_frame_header(bytes.data(), kGeneration, 8200, 1000));
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(decode_frame_header(bytes.data(), kGeneration ^ (1ull << bit), 8192, 1000)) << bit;
  }
}

TEST(WalFormat, frame_header_with_any_flipped_bit_is_none) {
  const std::string bytes = header_bytes(sample_header(), 8192);
  for (size_t bit = 0; bit < 8 * kFrameHeaderBytes; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_frame_header(flipped.data(), kGeneration, 8192, 1ull << 40)) << bit;
  }
}

// A length is refused before anything is allocated or read for it, checksum or not.
TEST(WalFormat, frame_longer_than_its_file_or_the_limit_is_none) {
  FrameHeader header = sample_header();
  const std::string bytes = header_bytes(header, 8192);
  EXPECT_TRUE(decode_frame_header(bytes.data(), kGeneration, 8192, 136));
  EXPECT_FALSE(decode_frame_header(bytes.data(), kGeneration, 8192, 135));
  std::string huge = bytes;
  const uint32_t length = 0xffffffff;
  std::memcpy(huge.data() + 4, &length, 4);
  EXPECT_FALSE(decode_frame_header(huge.data(), kGeneration, 8192, 1ull << 40));
}

TEST(WalFormat, names_parse_back_and_foreign_ones_do_not) {
  EXPECT_EQ(segment_name(255), "00000000000000ff.wal");
  EXPECT_EQ(parse_segment_name("00000000000000ff.wal"), 255u);
  for (const char* bad :
       {"", ".wal", "00000000000000FF.wal", "0000000000000000.wal", "00000000000000ff.wa", "ff.wal",
        "0000000100000000.wal", "00000000000000ff.wal.bak"}) {
    EXPECT_FALSE(parse_segment_name(bad)) << bad;
  }
  EXPECT_EQ(parse_spare_name(spare_name(3)), 3u);
  EXPECT_FALSE(parse_spare_name("spare-"));
  EXPECT_FALSE(parse_spare_name("spare-xyz"));
  EXPECT_TRUE(is_etcd_name("0000000000000000-0000000000000000.wal"));
  EXPECT_FALSE(is_etcd_name("00000000000000ff.wal"));
}

std::string sample_batch() {
  std::string out;
  encode_entry(out, make_entry(1ull << 40, 3, std::string(300, 'x')));
  encode_entry(out, {Index(2), Term(~0ull), 255, nullptr});
  encode_hard_state(out, {Term(5), MemberId(~0ull), Index(9)});
  encode_generation(out, {7, std::nullopt});
  encode_generation(out, {8, Index(77)});
  return out;
}

TEST(WalRecords, batch_round_trip) {
  const std::string bytes = sample_batch();
  BatchReader batch(bytes);
  ASSERT_EQ(batch.next(), BatchReader::Next::kEntry);
  EXPECT_EQ(batch.entry.index, Index(1ull << 40));
  EXPECT_EQ(batch.entry.data, std::string(300, 'x'));
  ASSERT_EQ(batch.next(), BatchReader::Next::kEntry);
  EXPECT_EQ(batch.entry.type, 255);
  EXPECT_FALSE(batch.entry.has_data);
  ASSERT_EQ(batch.next(), BatchReader::Next::kHardState);
  EXPECT_EQ(batch.hard_state, (HardStateRecord{Term(5), MemberId(~0ull), Index(9)}));
  ASSERT_EQ(batch.next(), BatchReader::Next::kGeneration);
  EXPECT_EQ(batch.generation.reset, std::nullopt);
  ASSERT_EQ(batch.next(), BatchReader::Next::kGeneration);
  EXPECT_EQ(batch.generation.generation, 8u);
  EXPECT_EQ(batch.generation.reset, Index(77));
  EXPECT_EQ(batch.next(), BatchReader::Next::kEnd);
}

// Every truncation and every flip ends in a clean answer; the sanitizers watch the reads.
TEST(WalRecords, damaged_batches_never_read_outside) {
  const std::string bytes = sample_batch();
  const auto walk = [](std::string_view in) {
    BatchReader batch(in);
    for (size_t records = 0; records <= in.size(); ++records) {
      const auto next = batch.next();
      if (next == BatchReader::Next::kEnd || next == BatchReader::Next::kMalformed) return true;
    }
    return false;
  };
  for (size_t n = 0; n <= bytes.size(); ++n) EXPECT_TRUE(walk(std::string(bytes, 0, n))) << n;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(walk(flipped)) << bit;
  }
}

// The announced length of an entry is compared with what is there before a byte is touched.
TEST(WalRecords, hostile_lengths_are_malformed) {
  for (const uint64_t tag : {uint64_t{2}, uint64_t{1} << 32, ~uint64_t{0}}) {
    std::string bytes("\x01\x01\x01\x00", 4);
    put_varint(bytes, tag);
    BatchReader batch(bytes);
    EXPECT_EQ(batch.next(), BatchReader::Next::kMalformed) << tag;
  }
  std::string endless(1, '\x02');
  endless.append(30, '\xff');  // a varint without end
  BatchReader batch(endless);
  EXPECT_EQ(batch.next(), BatchReader::Next::kMalformed);
}

TEST(WalRecords, opening_and_seal_round_trip_and_reject_more_or_less) {
  const Opening opening{Position(3, 8192), Index(99), 4, {Term(5), MemberId(6), Index(98)}};
  std::string bytes;
  encode_opening(bytes, opening);
  Opening back;
  ASSERT_TRUE(decode_opening(bytes, back));
  EXPECT_EQ(back, opening);
  EXPECT_FALSE(decode_opening(bytes + "x", back));
  EXPECT_FALSE(decode_opening(bytes.substr(0, bytes.size() - 1), back));
  std::string seal;
  encode_seal(seal, 300);
  uint64_t next = 0;
  ASSERT_TRUE(decode_seal(seal, next));
  EXPECT_EQ(next, 300u);
  EXPECT_FALSE(decode_seal(seal + "x", next));
}

// The sum of parts must cover what the encoder writes, or a frame would overrun its segment.
TEST(WalRecords, encoded_bytes_is_an_upper_bound) {
  SeededRng rng(5);
  for (int i = 0; i < 2000; ++i) {
    std::vector<EntryRecord> entries;
    for (uint64_t n = rng.below(4); n > 0; --n) {
      EntryRecord entry = make_entry(rng.next() >> rng.below(64), rng.next() >> rng.below(64),
                                     std::string(rng.below(300), 'x'));
      if (rng.below(5) == 0) entry.data = nullptr;
      entries.push_back(entry);
    }
    const HardStateRecord state{Term(rng.next()), MemberId(rng.next()), Index(rng.next())};
    std::string bytes;
    for (const EntryRecord& entry : entries) encode_entry(bytes, entry);
    EXPECT_EQ(bytes.size(), encoded_bytes(entries, std::nullopt));
    encode_hard_state(bytes, state);
    EXPECT_LE(bytes.size(), encoded_bytes(entries, state));
  }
}

}  // namespace
}  // namespace keelson::wal
