// What goes in comes out, over every shape that a tree can take.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "etcdfile/image_world.h"

namespace keelson::etcdfile {
namespace {

class BboltRoundTrip : public ::testing::TestWithParam<uint32_t> {
 protected:
  void expect_round_trip(const Buckets& buckets, bool inline_buckets = true) {
    const WriterOptions options{.page_bytes = GetParam(), .inline_buckets = inline_buckets};
    auto image = write_buckets(fs_, "/image", buckets, options);
    ASSERT_TRUE(image.ok()) << image.status().text();
    EXPECT_EQ(image->file_bytes, image->image_bytes);
    EXPECT_EQ(fs_.content("/image").size(), image->image_bytes);
    expect_wide_branches();
    auto back = read_buckets(fs_, "/image");
    ASSERT_TRUE(back.ok()) << back.status().text();
    EXPECT_TRUE(*back == buckets);
  }
  // bbolt makes no branch with a single child; neither may we, whatever the count.
  void expect_wide_branches() {
    const std::string file = fs_.content("/image");
    for (uint64_t page = 2; page * GetParam() < file.size();) {
      const PageHeader header = get_page_header(file.data() + page * GetParam());
      EXPECT_EQ(header.id, page);
      EXPECT_TRUE(header.flags != kBranchPage || header.count >= 2) << "page " << page;
      page += uint64_t{header.overflow} + 1;
    }
  }

  test::CrashFileSystem fs_;
};

std::string numbered(uint64_t i) {
  std::string key;
  put_u64be(key, i);
  return key;
}

TEST_P(BboltRoundTrip, no_bucket_at_all) { expect_round_trip({}); }

TEST_P(BboltRoundTrip, empty_buckets_inline_and_in_pages) {
  expect_round_trip({{"a", {}}, {"b", {}}, {"key", {}}});
  expect_round_trip({{"a", {}}, {"b", {}}, {"key", {}}}, false);
}

TEST_P(BboltRoundTrip, one_key_inline_and_in_a_page) {
  expect_round_trip({{"a", {{"k", ""}}}, {"b", {{"k", "v"}}}});
  expect_round_trip({{"a", {{"k", ""}}}, {"b", {{"k", "v"}}}}, false);
}

// The border between inline and not, and between one leaf and two, byte by byte.
TEST_P(BboltRoundTrip, values_around_the_page_borders) {
  for (const size_t around : {size_t{GetParam()} / 4, size_t{GetParam()}, 2 * size_t{GetParam()}})
    for (size_t size = around - 52; size < around + 4; ++size)
      expect_round_trip({{"b", {{"k1", std::string(size, 'x')}, {"k2", "y"}}}});
}

TEST_P(BboltRoundTrip, values_from_nothing_to_one_and_a_half_mib) {
  Rows rows;
  for (const size_t size : {0, 1, 100, 4095, 4096, 4097, 65535, 65536, 1 << 20, 1572864})
    rows[numbered(rows.size())] = std::string(size, static_cast<char>('a' + rows.size()));
  for (int i = 0; i < 3000; ++i) rows[numbered(rows.size())] = "small";
  expect_round_trip({{"key", rows}});
}

// Three levels with small pages; every fan-out on the way, so that no last branch is forgotten.
TEST_P(BboltRoundTrip, every_count_up_to_three_levels) {
  Rows rows;
  for (uint64_t i = 0; i < 700; ++i) {
    rows[numbered(i) + std::string(100, 'k')] = std::string(GetParam() / 4, 'v');
    if (i % (GetParam() > 4096 ? 233 : 23) == 0 || i < 20) expect_round_trip({{"key", rows}});
  }
}

// Keys of the longest kind: branches overflow, and the tree gets deep at once.
TEST_P(BboltRoundTrip, longest_keys_make_a_deep_tree) {
  Rows rows;
  for (uint64_t i = 0; i < 200; ++i) rows[numbered(i) + std::string(kKeyBytesMax - 8, 'k')] = "v";
  expect_round_trip({{"key", rows}});
}

TEST_P(BboltRoundTrip, random_sizes) {
  SeededRng rng(GetParam());
  for (int round = 0; round < 5; ++round) {
    Buckets buckets;
    for (uint64_t b = rng.below(12); b > 0; --b) {
      Rows& rows = buckets["bucket" + std::to_string(rng.below(100))];
      for (uint64_t n = rng.below(500); n > 0; --n)
        rows[numbered(rng.next()) + std::string(rng.below(60), 'x')] =
            std::string(rng.below(rng.below(20) == 0 ? 20000 : 300), 'v');
    }
    expect_round_trip(buckets, rng.below(2) == 0);
  }
}

INSTANTIATE_TEST_SUITE_P(PageSizes, BboltRoundTrip, ::testing::Values(1024, 4096, 16384, 65536));

TEST(BboltWriter, hundred_thousand_keys_come_back) {
  test::CrashFileSystem fs;
  Buckets buckets;
  for (uint64_t i = 0; i < 100'000; ++i) buckets["key"][numbered(i)] = std::string(i % 97, 'v');
  ASSERT_TRUE(write_buckets(fs, "/image", buckets, {}).ok());
  auto back = read_buckets(fs, "/image");
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_TRUE(*back == buckets);
}

// As bbolt decides it: a leaf image of a quarter page is inline, one byte more is not.
TEST(BboltWriter, bucket_is_inline_up_to_a_quarter_page) {
  test::CrashFileSystem fs;
  for (const size_t over : {0, 1}) {
    const std::string value(4096 / 4 - 16 - 16 - 1 + over, 'v');
    ASSERT_TRUE(write_buckets(fs, "/image", {{"b", {{"k", value}}}}, {}).ok());
    auto reader = BboltReader::open(fs, "/image");
    ASSERT_TRUE(reader.ok());
    PageSet reached = (*reader)->page_set();
    auto root = (*reader)->root(reached);
    Cursor::Item item;
    ASSERT_TRUE(root.ok() && *root->next(item));
    EXPECT_EQ(root->bucket_of(item)->root == 0, over == 0);
  }
}

// More buckets than one page holds: the root becomes a tree.
TEST(BboltWriter, thousand_buckets_come_back) {
  test::CrashFileSystem fs;
  Buckets buckets;
  for (uint64_t i = 0; i < 1000; ++i) buckets["bucket" + std::to_string(i)]["k"] = "v";
  ASSERT_TRUE(write_buckets(fs, "/image", buckets, {}).ok());
  auto back = read_buckets(fs, "/image");
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_TRUE(*back == buckets);
}

// A caller whose order is wrong must hear of it before etcd does.
TEST(BboltWriter, keys_out_of_order_or_of_no_size_are_refused) {
  test::CrashFileSystem fs;
  auto writer = BboltWriter::create(fs, "/image");
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->begin_bucket("b").ok());
  ASSERT_TRUE((*writer)->add("m", "").ok());
  for (const std::string& bad : {std::string("m"), std::string("a"), std::string()})
    EXPECT_EQ((*writer)->add(bad, "").code(), Code::kInvalidArgument) << bad;
  EXPECT_EQ((*writer)->add(std::string(kKeyBytesMax + 1, 'z'), "").code(), Code::kInvalidArgument);
  ASSERT_TRUE((*writer)->add("n", "").ok());
  ASSERT_TRUE((*writer)->end_bucket().ok());
  EXPECT_EQ((*writer)->begin_bucket("b").code(), Code::kInvalidArgument);
}

// Every failing call of the file system ends in its error, never in a file that looks whole.
TEST(BboltWriter, any_failing_call_is_reported) {
  Buckets buckets;
  for (uint64_t i = 0; i < 20; ++i) buckets["key"][numbered(i)] = std::string(300'000, 'v');
  const WriterOptions options{.digest = DigestMode::kAppend, .sync = true};
  bool whole = false;
  for (uint64_t n = 1; !whole; ++n) {
    test::CrashFileSystem fs;
    fs.fail_call(test::FsCall::kAny, n, test::FsFault::kNoSpace);
    auto image = write_buckets(fs, "/image", buckets, options);
    whole = !fs.fault_hit();
    EXPECT_EQ(image.ok(), whole) << n;
    ASSERT_LT(n, 100u);
  }
}

TEST(BboltWriter, synced_image_survives_a_power_loss) {
  test::CrashFileSystem fs;
  const Buckets buckets{{"key", {{"a", std::string(10'000, 'x')}}}};
  ASSERT_TRUE(write_buckets(fs, "/image", buckets, {.sync = true}).ok());
  ASSERT_TRUE(fs.sync_dir("/").ok());
  SeededRng rng(1);
  auto after = fs.crash_clone(rng, 0);
  auto back = read_buckets(*after, "/image");
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_TRUE(*back == buckets);
}

// A shorter file over a longer one must not keep the old tail.
TEST(BboltWriter, existing_file_is_replaced) {
  test::CrashFileSystem fs;
  fs.set_content("/image", std::string(1'000'000, 'x'));
  auto image = write_buckets(fs, "/image", {{"key", {}}}, {});
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(fs.content("/image").size(), image->file_bytes);
}

}  // namespace
}  // namespace keelson::etcdfile
