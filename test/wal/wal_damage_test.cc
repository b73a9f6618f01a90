// Damage on a disk that lost nothing: refused where something proves that the bytes had been safe,
// cut where nothing does, and never a wrong entry.
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "wal/format.h"
#include "wal/log_driver.h"
#include "wal/records.h"
#include "wal/segment_reader.h"

namespace keelson::wal {
namespace {

using test::CrashFileSystem;

const std::string kFirst = std::string(LogDriver::kDir) + "/0000000000000001.wal";

struct Placed {
  uint64_t offset;
  uint64_t end;
  FrameHeader header;
};

std::vector<Placed> frames_of(CrashFileSystem& fs, const std::string& path, uint64_t sequence) {
  std::vector<Placed> out;
  auto reader = SegmentReader::open(fs, path, sequence);
  CHECK(reader.ok());
  Frame frame;
  uint64_t offset = kHeadBytes;
  for (;;) {
    auto found = reader->frame_at(offset, frame);
    CHECK(found.ok());
    if (*found != SegmentReader::Found::kFrame) return out;
    out.push_back({frame.offset, frame.end, frame.header});
    offset = frame.end;
  }
}

class WalDamage : public ::testing::Test {
 protected:
  WalDamage() : log_(std::make_unique<CrashFileSystem>()) {}

  // Batch k holds entry k; its state is states_[k]. `groups` syncs of `group` appends each.
  void write_small_log(uint64_t groups, uint64_t group, size_t bytes) {
    ASSERT_TRUE(log_.create().ok());
    states_.push_back(log_.state());
    for (uint64_t i = 1; i <= groups * group; ++i) {
      const HardStateRecord hard{Term(1), MemberId(0xb2), Index(i - 1)};
      ASSERT_TRUE(log_.append({make_entry(i, 1, LogDriver::text(i, 1, bytes))}, hard).ok());
      states_.push_back(log_.state());
      if (i % group == 0) log_.sync();
    }
    log_.close();
  }

  Status open(CrashFileSystem& fs, std::optional<Index> applied = std::nullopt) {
    NullLog log;
    got_ = Recovered();
    return Wal::open(fs, LogDriver::kDir, applied, test_options(), log, got_).status();
  }

  // The number of batches that came back; -1 when what came back is no prefix.
  int recovered_batches() const {
    for (size_t k = 0; k < states_.size(); ++k) {
      if (same_log(states_[k], got_)) return static_cast<int>(k);
    }
    return -1;
  }

  // Position up to which intact frames prove the log; `damaged` is not asked.
  static uint64_t proven_by_others(const std::vector<Placed>& frames, size_t damaged) {
    uint64_t proven = 0;
    for (size_t i = 0; i < frames.size(); ++i) {
      if (i != damaged) proven = std::max(proven, frames[i].header.synced_to.offset());
    }
    return proven;
  }

  LogDriver log_;
  std::vector<LogState> states_;
  Recovered got_;
};

// Every byte of a one-segment log, three damages each. Groups of three appends share a sync, so
// some damage is provable and some is not.
TEST_F(WalDamage, any_flipped_byte_is_refused_or_cuts_only_the_unproven) {
  write_small_log(4, 3, 40);
  const auto frames = frames_of(log_.fs(), kFirst, 1);
  ASSERT_EQ(frames.size(), 13u);  // with the opening
  for (size_t k = 0; k < frames.size(); ++k) {
    for (uint64_t at = frames[k].offset; at < frames[k].end; ++at) {
      for (const uint8_t mask : {uint8_t{0x01}, uint8_t{0x80}, uint8_t{0xff}}) {
        auto fs = log_.fs().kill_clone();
        fs->flip(kFirst, at, mask);
        const Status status = open(*fs);
        const bool padding = at >= frames[k].offset + kFrameHeaderBytes + frames[k].header.length;
        const bool provable = proven_by_others(frames, k) > frames[k].offset;
        ASSERT_EQ(status.ok(), padding || !provable) << at << ": " << status.text();
        if (!status.ok()) {
          ASSERT_EQ(status.code(), Code::kDataLoss);
          ASSERT_NE(status.text().find("offset " + std::to_string(frames[k].offset)),
                    std::string::npos)
              << status.text();
          continue;
        }
        ASSERT_EQ(recovered_batches(), padding ? 12 : static_cast<int>(k) - 1) << at;
        // A last frame without a header cannot be told from what was never written.
        const bool told = k + 1 < frames.size() || at >= frames[k].offset + kFrameHeaderBytes;
        ASSERT_EQ(got_.torn_tail_cut, !padding && told) << at;
      }
    }
  }
}

// The store knows more than the log: then even an unproven cut is damage.
TEST_F(WalDamage, cut_in_front_of_the_applied_index_is_refused) {
  write_small_log(2, 3, 40);
  const auto frames = frames_of(log_.fs(), kFirst, 1);
  auto fs = log_.fs().kill_clone();
  fs->flip(kFirst, frames[5].offset + 40, 1);  // batch 5 of 6, in the last group
  EXPECT_EQ(open(*fs, Index(5)).code(), Code::kDataLoss);
  EXPECT_EQ(open(*fs, Index(4)), Status());
  EXPECT_EQ(got_.last(), Index(4));
}

TEST_F(WalDamage, any_truncation_cuts_at_a_whole_append) {
  write_small_log(4, 3, 40);
  const auto frames = frames_of(log_.fs(), kFirst, 1);
  const std::string content = log_.fs().content(kFirst);
  for (uint64_t size = 0; size <= frames.back().end + 8; ++size) {
    auto fs = log_.fs().kill_clone();
    fs->set_content(kFirst, content.substr(0, size));
    const Status status = open(*fs);
    ASSERT_EQ(status.ok(), size >= frames[0].end) << size << ": " << status.text();
    if (!status.ok()) continue;
    int whole = -1;
    for (const Placed& frame : frames) whole += frame.end <= size ? 1 : 0;
    ASSERT_EQ(recovered_batches(), whole) << size;
  }
}

// A truncated log goes on: the missing room is found in the next segment.
TEST_F(WalDamage, truncated_segment_can_be_written_on) {
  write_small_log(2, 1, 40);
  const std::string content = log_.fs().content(kFirst);
  log_.fs().set_content(kFirst, content.substr(0, frames_of(log_.fs(), kFirst, 1).back().end));
  ASSERT_TRUE(log_.open().ok());
  ASSERT_TRUE(log_.append_run(3, 5, 1, 500).ok());
  log_.sync();
  ASSERT_TRUE(log_.open().ok());
  EXPECT_EQ(log_.recovered().last(), Index(7));
}

// Random bytes of a log of several segments.
TEST_F(WalDamage, flips_over_several_segments_never_give_a_wrong_entry) {
  write_small_log(40, 2, 500);
  std::vector<std::string> segments;
  for (const std::string& path : log_.fs().files()) {
    if (path.ends_with(".wal")) segments.push_back(path);
  }
  ASSERT_GT(segments.size(), 3u);
  SeededRng rng(11);
  int cut = 0;
  int refused = 0;
  for (int i = 0; i < 6000; ++i) {
    auto fs = log_.fs().kill_clone();
    const std::string& path = segments[rng.below(segments.size())];
    const uint64_t at = rng.below(2) == 0 ? rng.below(80) : kHeadBytes + rng.below(12 * 1024);
    fs->flip(path, at, static_cast<uint8_t>(1 + rng.below(255)));
    if (!open(*fs).ok()) {
      ++refused;
      continue;
    }
    // The last group of two is unproven, everything before it is proven.
    ASSERT_GE(recovered_batches(), 78) << path << " " << at;
    cut += got_.torn_tail_cut ? 1 : 0;
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(cut, 0);
}

// The line names the file and the place that are damaged, not those where it was noticed.
TEST_F(WalDamage, damage_in_an_old_segment_is_named_where_it_is) {
  write_small_log(40, 2, 500);
  const std::string second = std::string(LogDriver::kDir) + "/0000000000000002.wal";
  const auto frames = frames_of(log_.fs(), second, 2);
  log_.fs().flip(second, frames[3].offset + 50, 1);
  const Status status = open(log_.fs());
  EXPECT_EQ(status.code(), Code::kDataLoss);
  const std::string where = second + " is damaged at offset " + std::to_string(frames[3].offset);
  EXPECT_NE(status.text().find(where), std::string::npos) << status.text();
}

// After a cut the log goes on in a new segment and the remains behind the cut never count again.
TEST_F(WalDamage, log_goes_on_behind_a_torn_tail) {
  write_small_log(3, 3, 40);
  const auto frames = frames_of(log_.fs(), kFirst, 1);
  log_.fs().flip(kFirst, frames[8].offset + 33, 1);  // batch 8: batch 9 stays whole behind it
  NullLog log;
  for (int round = 0; round < 3; ++round) {  // again and again without a write: the same answer
    ASSERT_EQ(open(log_.fs()), Status());
    EXPECT_EQ(got_.last(), Index(7));
    EXPECT_TRUE(got_.torn_tail_cut);
  }
  auto wal = Wal::open(log_.fs(), LogDriver::kDir, Index(7), test_options(), log, got_);
  ASSERT_TRUE(wal.ok());
  ASSERT_TRUE((*wal)->append({make_entry(8, 2, "new")}, std::nullopt).ok());
  (*wal)->sync();
  wal->reset();
  ASSERT_EQ(open(log_.fs()), Status());
  EXPECT_EQ(got_.last(), Index(8));
  EXPECT_EQ(*got_.entries.back().data, "new");
  EXPECT_FALSE(got_.torn_tail_cut);
}

// A whole segment gone, first, middle or last: told by name, except for one that nothing refers to.
TEST_F(WalDamage, missing_segment_is_told_by_name) {
  write_small_log(40, 2, 500);
  std::vector<std::string> segments;
  for (const std::string& path : log_.fs().files()) {
    if (path.ends_with(".wal")) segments.push_back(path);
  }
  for (size_t i = 0; i + 1 < segments.size(); ++i) {  // the last one is only prepared
    auto fs = log_.fs().kill_clone();
    ASSERT_TRUE(fs->remove(segments[i]).ok());
    const Status status = open(*fs, Index(0));
    ASSERT_EQ(status.code(), Code::kDataLoss) << segments[i];
    if (i == 0) continue;  // looks released: the store's applied index tells
    EXPECT_NE(status.text().find(segments[i].substr(segments[i].rfind('/') + 1)), std::string::npos)
        << status.text();
  }
}

// Files of other origins, one clear line each.
TEST_F(WalDamage, foreign_files_are_told_apart) {
  write_small_log(2, 1, 40);
  const std::string dir = LogDriver::kDir;
  const auto text_with = [&](const std::string& name, const std::string& content) {
    auto fs = log_.fs().kill_clone();
    fs->set_content(dir + "/" + name, content);
    return open(*fs).text();
  };
  EXPECT_NE(text_with("0000000000000000-0000000000000000.wal", "x").find("etcd itself"),
            std::string::npos);
  EXPECT_NE(text_with("0000000000000003.wal", "not a log").find("cut off"), std::string::npos);
  EXPECT_NE(text_with("0000000000000003.wal", std::string(5000, 'x')).find("not a log segment"),
            std::string::npos);
  const std::string renamed = log_.fs().content(kFirst);
  EXPECT_NE(text_with("0000000000000003.wal", renamed).find("renamed or copied"),
            std::string::npos);
  const SegmentHead other{3, 3, {ClusterId(0xc1), MemberId(0xdead)}};
  EXPECT_NE(text_with("0000000000000003.wal", encode_head(other)).find("another cluster or member"),
            std::string::npos);
  EXPECT_EQ(text_with("notes.txt", "left alone"), "");
  EXPECT_EQ(text_with("lost+found", ""), "");
}

TEST_F(WalDamage, empty_or_missing_directory_is_told) {
  CrashFileSystem fs;
  EXPECT_EQ(open(fs).code(), Code::kNotFound);
  ASSERT_TRUE(fs.make_dir(LogDriver::kDir).ok());
  EXPECT_EQ(open(fs).code(), Code::kFailedPrecondition);
}

class WalHostile : public WalDamage {
 protected:
  // A log of one entry with one more frame behind it, whole and with good checksums.
  Status open_with(const std::string& payload, FrameKind kind, uint32_t chain_error = 0) {
    auto fs = log_.fs().kill_clone();
    auto reader = SegmentReader::open(*fs, kFirst, 1);
    const Placed last = frames_of(*fs, kFirst, 1).back();
    Frame frame;
    CHECK(reader->frame_at(last.offset, frame).ok());
    FrameHeader header;
    header.length = static_cast<uint32_t>(payload.size());
    header.synced_to = Position(1, last.end);
    header.previous = frame.crc ^ chain_error;
    header.payload_crc = crc32c(0, payload);
    header.kind = kind;
    std::string bytes(kFrameHeaderBytes, '\0');
    encode_frame_header(header, 1, last.end, bytes.data());
    std::string content = fs->content(kFirst);
    content.replace(last.end, bytes.size() + payload.size(), bytes + payload);
    fs->set_content(kFirst, content);
    return open(*fs);
  }
};

// A well-formed frame around nonsense: a bug or an attacker with the disk in hand, not a torn
// write.
TEST_F(WalHostile, valid_frame_with_nonsense_inside_is_refused) {
  write_small_log(1, 1, 40);
  std::string gap;
  encode_entry(gap, make_entry(1000, 1, "x"));
  const Status status = open_with(gap, FrameKind::kBatch);
  EXPECT_NE(status.text().find("does not follow"), std::string::npos) << status.text();
  std::string zero;
  encode_entry(zero, make_entry(0, 1, "x"));
  EXPECT_EQ(open_with(zero, FrameKind::kBatch).code(), Code::kDataLoss);
  EXPECT_EQ(open_with("\x7f", FrameKind::kBatch).code(), Code::kDataLoss);
  EXPECT_EQ(open_with("\x05", FrameKind::kOpening).code(), Code::kDataLoss);
  EXPECT_EQ(open_with(std::string(1, '\0'), FrameKind::kSeal).code(), Code::kDataLoss);
  const Status seal = open_with("\x09", FrameKind::kSeal);
  EXPECT_NE(seal.text().find("is missing"), std::string::npos) << seal.text();
  EXPECT_EQ(open_with("", FrameKind::kBatch), Status());
}

// A frame that does not continue the one before it is not part of the log, however good it looks.
TEST_F(WalHostile, frame_that_breaks_the_chain_is_cut) {
  write_small_log(1, 1, 40);
  std::string more;
  encode_entry(more, make_entry(2, 1, "x"));
  ASSERT_EQ(open_with(more, FrameKind::kBatch), Status());
  EXPECT_EQ(got_.last(), Index(2));
  ASSERT_EQ(open_with(more, FrameKind::kBatch, 1), Status());
  EXPECT_EQ(got_.last(), Index(1));
  EXPECT_TRUE(got_.torn_tail_cut);
}

// A failing read is not a torn tail: nothing may be cut because of it.
TEST_F(WalDamage, read_error_refuses_and_changes_nothing) {
  write_small_log(10, 2, 500);
  for (uint64_t n = 1;; ++n) {
    auto fs = log_.fs().kill_clone();
    fs->fail_call(test::FsCall::kRead, n, test::FsFault::kIoError);
    const Status status = open(*fs);
    if (!fs->fault_hit()) break;
    ASSERT_FALSE(status.ok()) << n;
    fs->fail_nothing();
    ASSERT_EQ(open(*fs), Status());
    ASSERT_EQ(recovered_batches(), 20);
  }
}

}  // namespace
}  // namespace keelson::wal
