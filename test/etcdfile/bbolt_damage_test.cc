// Files that were cut, flipped or made on purpose: an answer that names the page, never a crash, a
// read outside or an endless walk (the sanitizers watch).
#include <gtest/gtest.h>

#include "base/rng.h"
#include "etcdfile/image_world.h"

namespace keelson::etcdfile {
namespace {

constexpr uint64_t kPage = 1024;  // small pages make a small file with every kind of page

class BboltDamage : public ::testing::Test {
 protected:
  BboltDamage() {
    for (uint64_t i = 0; i < 300; ++i) {
      std::string key;
      put_u64be(key, i);
      buckets_["key"][key + std::string(80, 'k')] = std::string(i == 7 ? 3000 : 60, 'v');
    }
    buckets_["inline"]["a"] = "b";
    auto image = write_buckets(fs_, "/image", buckets_, {.page_bytes = kPage});
    CHECK(image.ok());
    good_ = fs_.content("/image");
  }

  Result<Buckets> read(std::string_view bytes) {
    fs_.set_content("/bad", bytes);
    return read_buckets(fs_, "/bad");
  }
  // With both metas naming `change`d numbers, checksums right.
  std::string with_meta(const std::function<void(Meta&)>& change) {
    Meta meta = *decode_meta_page(good_);
    change(meta);
    std::string out = good_;
    meta.root = std::min(meta.root, meta.pages - 1);  // the encoder insists
    for (uint64_t id = 0; id < 2; ++id) {
      meta.transaction = 2 - id;
      out.replace(id * kPage, kPage, encode_meta_page(meta, id).substr(0, kPage));
    }
    return out;
  }
  void expect_bad(const std::string& bytes, const std::string& text) {
    const Status status = read(bytes).status();
    EXPECT_EQ(status.code(), Code::kDataLoss) << status.text();
    EXPECT_NE(status.text().find("/bad: page "), std::string::npos) << status.text();
    EXPECT_NE(status.text().find(text), std::string::npos) << status.text();
  }
  // The first page of the kind, behind the metas.
  uint64_t page_of(uint16_t flag, uint64_t nth = 0) const {
    for (uint64_t id = 2; id * kPage < good_.size();) {
      const PageHeader header = get_page_header(good_.data() + id * kPage);
      if (header.flags == flag && nth-- == 0) return id;
      id += uint64_t{header.overflow} + 1;
    }
    CHECK(false);
    return 0;
  }
  template <typename T>
  std::string with(uint64_t offset, T value) const {
    std::string out = good_;
    out.replace(offset, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
    return out;
  }

  test::CrashFileSystem fs_;
  Buckets buckets_;
  std::string good_;
};

TEST_F(BboltDamage, the_sample_itself_is_good_and_has_three_levels) {
  auto back = read(good_);
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_TRUE(*back == buckets_);
  EXPECT_NE(page_of(kBranchPage, 1), 0u);
}

TEST_F(BboltDamage, cut_at_every_page_is_refused) {
  for (uint64_t bytes = 0; bytes < good_.size(); bytes += kPage / 2) {
    const Status status = read(good_.substr(0, bytes)).status();
    EXPECT_EQ(status.code(), Code::kDataLoss) << bytes;
    EXPECT_NE(status.text().find("/bad: page "), std::string::npos) << status.text();
    if (bytes >= 2 * kPage) {
      EXPECT_NE(status.text().find("cut off: "), std::string::npos) << status.text();
    }
  }
}

// A live file is longer than its pages, a saved snapshot by 32 bytes.
TEST_F(BboltDamage, bytes_behind_the_last_page_mean_nothing) {
  EXPECT_TRUE(read(good_ + std::string(32, 'x')).ok());
  EXPECT_TRUE(read(good_ + std::string(1'000'000, '\xff')).ok());
}

TEST_F(BboltDamage, one_bad_meta_leaves_the_other) {
  for (const uint64_t at : {uint64_t{16}, kPage + 16, uint64_t{73}, kPage + 40}) {
    std::string bytes = good_;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    auto back = read(bytes);
    ASSERT_TRUE(back.ok()) << back.status().text();
    EXPECT_TRUE(*back == buckets_);
  }
}

TEST_F(BboltDamage, newest_meta_wins_wherever_it_stands) {
  Meta meta = *decode_meta_page(good_);
  meta.transaction = 9;
  std::string bytes = good_;
  bytes.replace(kPage, kPage, encode_meta_page(meta, 1));
  meta.transaction = 8;
  meta.root = 2;  // of the older one: not a leaf, reading it would fail
  bytes.replace(0, kPage, encode_meta_page(meta, 0));
  EXPECT_TRUE(read(bytes).ok());
  bytes[kPage + 20] = 3;  // the newer one is damaged: its version
  EXPECT_FALSE(read(bytes).ok());
}

TEST_F(BboltDamage, both_metas_bad_is_no_database) {
  expect_bad(std::string(good_.size(), '\0'), "no valid meta");
  std::string bytes = good_;
  bytes[16] = bytes[kPage + 16] = 0;
  expect_bad(bytes, "no valid meta");
}

TEST_F(BboltDamage, big_endian_file_is_named_as_such) {
  std::string bytes(4096, '\0');
  bytes.replace(16, 4, "\xed\x0c\xda\xed");
  const Status status = read(bytes).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.text().find("big-endian"), std::string::npos);
}

TEST_F(BboltDamage, meta_with_wild_numbers_is_refused) {
  expect_bad(with_meta([](Meta& m) { m.pages = 1ull << 62; }), "cut off");
  expect_bad(with_meta([](Meta& m) { m.pages = 2; }), "3 is the least");
  expect_bad(with_meta([](Meta& m) { m.root = 1; }), "root page 1 is outside");
  expect_bad(with_meta([](Meta& m) { m.freelist = 1ull << 40; }), "freelist page");
  Meta meta = *decode_meta_page(good_);
  meta.page_bytes = 3000;
  expect_bad(encode_meta_page(meta, 0) + good_, "page size of 3000 bytes");
}

TEST_F(BboltDamage, page_header_with_wild_numbers_is_refused) {
  const uint64_t leaf = page_of(kLeafPage) * kPage;
  expect_bad(with<uint64_t>(leaf, 1), "says it is page 1");
  expect_bad(with<uint16_t>(leaf + 8, kFreelistPage), "its flags are 16");
  expect_bad(with<uint16_t>(leaf + 8, 3), "its flags are 3");
  expect_bad(with<uint16_t>(leaf + 10, 64), "do not fit");
  expect_bad(with<uint16_t>(leaf + 10, 0xffff), "do not fit");
  expect_bad(with<uint32_t>(leaf + 12, 0xffffffff), "reach behind the last page");
  expect_bad(with<uint32_t>(leaf + 12, 1), "in use twice");
  expect_bad(with<uint16_t>(page_of(kBranchPage) * kPage + 10, 0), "0 elements");
}

TEST_F(BboltDamage, elements_with_wild_numbers_are_refused) {
  const uint64_t leaf = page_of(kLeafPage) * kPage + 16;
  expect_bad(with<uint32_t>(leaf + 4, 0xffffffff), "outside the page");
  expect_bad(with<uint32_t>(leaf + 4, 0), "outside the page");
  expect_bad(with<uint32_t>(leaf + 8, 0), "a key of 0 bytes");
  expect_bad(with<uint32_t>(leaf + 8, 32769), "a key of 32769 bytes");
  expect_bad(with<uint32_t>(leaf + 12, 0xffffffff), "too large");
  expect_bad(with<uint32_t>(leaf + 12, 2000), "outside the page");
  const uint64_t branch = page_of(kBranchPage) * kPage + 16;
  expect_bad(with<uint64_t>(branch + 8, 0), "its page 0 is outside");
  expect_bad(with<uint64_t>(branch + 8, ~0ull), "is outside the file");
  expect_bad(with<uint32_t>(branch, 5000), "outside the page");
}

// A branch that leads to itself, to its parent, or twice to one child.
TEST_F(BboltDamage, cycles_and_shared_pages_end_the_walk) {
  const uint64_t inner = page_of(kBranchPage);
  const uint64_t child = inner * kPage + 16 + 8;
  uint64_t root = 0;
  for (uint64_t nth = 0; nth < 3; ++nth) root = std::max(root, page_of(kBranchPage, nth));
  expect_bad(with<uint64_t>(child, inner), "in use twice");
  expect_bad(with<uint64_t>(child, root), "page");
  expect_bad(with<uint64_t>(child, page_of(kLeafPage, 1)), "page");
}

TEST_F(BboltDamage, keys_out_of_order_or_place_are_refused) {
  const uint64_t leaf = page_of(kLeafPage, 4) * kPage;
  const LeafElement first = get_leaf_element(good_.data() + leaf + 16);
  expect_bad(with<char>(leaf + 16 + first.pos, '\x7f'), "belongs to another page");
  const LeafElement second = get_leaf_element(good_.data() + leaf + 32);
  expect_bad(with<char>(leaf + 32 + second.pos + 7, '\0'), "out of order");
  const uint64_t branch = page_of(kBranchPage) * kPage;
  const BranchElement element = get_branch_element(good_.data() + branch + 32);
  expect_bad(with<char>(branch + 32 + element.pos, '\x7f'), "out of order");
}

// Every bit of every header, and random bytes everywhere: whatever comes, it comes in time.
TEST_F(BboltDamage, any_flipped_bit_ends_cleanly) {
  for (uint64_t page = 0; page * kPage < good_.size(); ++page) {
    for (uint64_t bit = 0; bit < 8 * 48; bit += page < 8 ? 1 : 5) {
      std::string bytes = good_;
      const uint64_t at = page * kPage + bit / 8;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (bit % 8)));
      const Status status = read(bytes).status();
      EXPECT_TRUE(status.ok() || status.text().find("/bad") != std::string::npos);
    }
  }
}

TEST_F(BboltDamage, random_rubbish_ends_cleanly) {
  SeededRng rng(3);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good_;
    for (uint64_t n = 1 + rng.below(20); n > 0; --n)
      bytes[2 * kPage + rng.below(bytes.size() - 2 * kPage)] = static_cast<char>(rng.next());
    (void)read(bytes);
  }
}

// An unreadable sector is not taken for the end of the bucket.
TEST_F(BboltDamage, failing_reads_are_the_file_systems_errors) {
  fs_.set_content("/bad", good_);
  bool whole = false;
  for (uint64_t n = 1; !whole; ++n) {
    fs_.fail_call(test::FsCall::kAny, n, test::FsFault::kIoError);
    auto back = read_buckets(fs_, "/bad");
    whole = !fs_.fault_hit();
    EXPECT_EQ(back.ok(), whole) << n;
    ASSERT_LT(n, 1000u);
  }
}

}  // namespace
}  // namespace keelson::etcdfile
