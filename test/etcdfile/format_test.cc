// The bytes of a bbolt file, against a file that stock etcd restored (etcd-data.md 2.7).
#include "etcdfile/format.h"

#include <gtest/gtest.h>

#include "etcdfile/image_world.h"
#include "etcdfile/rows.h"

namespace keelson::etcdfile {
namespace {

constexpr WriterOptions kAsEtcd{.freelist_page = false};

Buckets tiny() {
  const std::string kv = key_value("a", 2, "1");
  return {{"key", {{revision_key(Revision(2), 0, false), kv}}}, {"meta", {}}};
}

// One byte that differs here is a file that etcd may read differently.
TEST(BboltFormat, golden_bytes_of_a_tiny_image) {
  test::CrashFileSystem fs;
  auto image = write_buckets(fs, "/tiny", tiny(), kAsEtcd);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(hex_bytes({image->sha256.data(), 32}),
            "138dd8f9c0354b07bfb63219a9b3d28ab5f1fe6e80c60a7992056ace2bc36110");
  const std::string file = fs.content("/tiny");
  ASSERT_EQ(file.size(), 3u * 4096);
  EXPECT_EQ(hex_bytes(file.substr(0, 80)),
            "00000000000000000400000000000000edda0ced020000000010000000000000"
            "02000000000000000000000000000000ffffffffffffffff0300000000000000"
            "02000000000000004067af04a0b168e3");
  EXPECT_EQ(hex_bytes(file.substr(4096 + 72, 8)), "a3457d25bb065940");
  EXPECT_EQ(hex_bytes(file.substr(8192, 0xb0)),
            "020000000000000002000200000000000100000020000000030000004d000000"
            "010000006000000004000000200000006b657900000000000000000000000000"
            "000000000000000000000002000100000000000000000010000000110000000c"
            "00000000000000000000025f00000000000000000a01611002180220012a0131"
            "6d65746100000000000000000000000000000000000000000000000002000000"
            "00000000000000000000000000000000");
}

TEST(BboltFormat, page_header_and_elements_round_trip) {
  std::string bytes;
  put_page_header(bytes, {.id = 7, .flags = kLeafPage, .count = 300, .overflow = 70000});
  put_leaf_element(bytes, {.flags = 1, .pos = 16, .key_bytes = 17, .value_bytes = 1 << 20});
  put_branch_element(bytes, {.pos = 32, .key_bytes = 17, .child = 1ull << 40});
  const PageHeader header = get_page_header(bytes.data());
  EXPECT_EQ(header.id, 7u);
  EXPECT_EQ(header.flags, kLeafPage);
  EXPECT_EQ(header.count, 300u);
  EXPECT_EQ(header.overflow, 70000u);
  EXPECT_EQ(get_leaf_element(bytes.data() + 16).value_bytes, 1u << 20);
  EXPECT_EQ(get_branch_element(bytes.data() + 32).child, 1ull << 40);
}

TEST(BboltFormat, meta_with_any_flipped_bit_is_none) {
  const Meta meta{.root = 5, .freelist = 2, .pages = 9, .transaction = 4};
  const std::string page = encode_meta_page(meta, 1);
  ASSERT_EQ(page.size(), 4096u);
  EXPECT_EQ(decode_meta_page(page), meta);
  for (size_t bit = 8 * kPageHeaderBytes; bit < 8 * kMetaEndBytes; ++bit) {
    std::string flipped = page;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_meta_page(flipped)) << bit;
  }
  EXPECT_FALSE(decode_meta_page(page.substr(0, kMetaEndBytes - 1)));
}

TEST(BboltFormat, fnv_of_known_texts) {
  EXPECT_EQ(fnv1a64(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a64("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a64("foobar"), 0x85944171f73967e8u);
}

}  // namespace
}  // namespace keelson::etcdfile
