// Shapes that our writer never makes: buckets inside buckets, leaves without elements, free pages,
// a page size found through the second meta. Built by hand.
#include <gtest/gtest.h>

#include "etcdfile/image_world.h"

namespace keelson::etcdfile {
namespace {

constexpr uint64_t kPage = 1024;

struct Row {
  std::string key;
  std::string value;
  bool is_bucket = false;
};

std::string leaf(uint64_t id, const std::vector<Row>& rows, bool whole_page = true) {
  std::string out;
  std::string data;
  put_page_header(out, {.id = id, .flags = kLeafPage, .count = static_cast<uint16_t>(rows.size())});
  for (const Row& row : rows) {
    const size_t from_here = 16 * rows.size() + data.size() - (out.size() - 16);
    put_leaf_element(out, {.flags = row.is_bucket ? 1u : 0u,
                           .pos = static_cast<uint32_t>(from_here),
                           .key_bytes = static_cast<uint32_t>(row.key.size()),
                           .value_bytes = static_cast<uint32_t>(row.value.size())});
    data += row.key + row.value;
  }
  out += data;
  if (whole_page) out.resize(kPage);
  return out;
}

std::string branch(uint64_t id, const std::vector<std::pair<std::string, uint64_t>>& children) {
  std::string out;
  std::string data;
  put_page_header(
      out, {.id = id, .flags = kBranchPage, .count = static_cast<uint16_t>(children.size())});
  for (const auto& [key, page] : children) {
    const size_t from_here = 16 * children.size() + data.size() - (out.size() - 16);
    put_branch_element(out, {.pos = static_cast<uint32_t>(from_here),
                             .key_bytes = static_cast<uint32_t>(key.size()),
                             .child = page});
    data += key;
  }
  out += data;
  out.resize(kPage);
  return out;
}

std::string in_page(uint64_t page) {
  std::string out;
  put_u64le(out, page);
  put_u64le(out, 0);
  return out;
}

std::string in_line(const std::vector<Row>& rows) {
  return in_page(0) + leaf(0, rows, /*whole_page=*/false);
}

// Pages from id 2 on; the last one is the root.
std::string file_of(const std::vector<std::string>& pages) {
  Meta meta{.page_bytes = kPage,
            .root = pages.size() + 1,
            .freelist = kNoFreelist,
            .pages = pages.size() + 2,
            .transaction = 2};
  std::string out = encode_meta_page(meta, 0);
  meta.transaction = 1;
  out += encode_meta_page(meta, 1);
  for (const std::string& page : pages) out += page;
  return out;
}

TEST(BboltShapes, bucket_in_a_bucket_is_walked_on_request) {
  test::CrashFileSystem fs;
  const std::string inner = in_line({{"deep", "value"}});
  fs.set_content("/f", file_of({leaf(2, {{"sub", inner, true}, {"x", "y"}}),
                                leaf(3, {{"top", in_page(2), true}})}));
  auto reader = BboltReader::open(fs, "/f");
  ASSERT_TRUE(reader.ok()) << reader.status().text();
  PageSet reached = (*reader)->page_set();
  auto root = (*reader)->root(reached);
  Cursor::Item item;
  ASSERT_TRUE(root.ok() && *root->next(item));
  auto top = (*reader)->bucket(*root->bucket_of(item), reached);
  ASSERT_TRUE(top.ok() && *top->next(item));
  EXPECT_TRUE(item.is_bucket);
  Rows rows;
  ASSERT_TRUE(read_bucket(**reader, *top->bucket_of(item), reached, rows).ok());
  EXPECT_EQ(rows, (Rows{{"deep", "value"}}));
  ASSERT_TRUE(*top->next(item));
  EXPECT_EQ(item.key, "x");
}

// etcd's trees have them after deletes; pages 5 and 6 are free and hold rubbish.
TEST(BboltShapes, empty_leaves_and_free_pages_are_passed_over) {
  test::CrashFileSystem fs;
  fs.set_content("/f",
                 file_of({leaf(2, {}), leaf(3, {{"b", "1"}}), leaf(4, {}), std::string(kPage, 'x'),
                          std::string(kPage, '\0'), branch(7, {{"a", 2}, {"b", 3}, {"c", 4}}),
                          leaf(8, {{"key", in_page(7), true}})}));
  auto back = read_buckets(fs, "/f");
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(*back, (Buckets{{"key", {{"b", "1"}}}}));
}

// Two buckets with one page, and a bucket that is the root itself.
TEST(BboltShapes, buckets_that_share_a_page_are_refused) {
  test::CrashFileSystem fs;
  for (const uint64_t second : {2, 3}) {
    fs.set_content("/f", file_of({leaf(2, {{"k", "v"}}), leaf(3, {{"a", in_page(2), true},
                                                                  {"b", in_page(second), true}})}));
    EXPECT_EQ(read_buckets(fs, "/f").status().code(), Code::kDataLoss) << second;
  }
}

TEST(BboltShapes, bad_inline_buckets_are_refused) {
  test::CrashFileSystem fs;
  std::string wrong_flags = in_line({{"k", "v"}});
  wrong_flags[24] = kBranchPage;
  std::string count = in_line({{"k", "v"}});
  count[26] = 9;
  const std::string good = in_line({{"k", "v"}});
  for (const std::string& value :
       {std::string(), std::string(15, '\0'), std::string(16, '\0'), std::string(31, '\0'),
        good.substr(0, good.size() - 1), wrong_flags, count, in_page(99), in_page(1)}) {
    fs.set_content("/f", file_of({leaf(2, {{"b", value, true}})}));
    const Status status = read_buckets(fs, "/f").status();
    EXPECT_EQ(status.code(), Code::kDataLoss) << hex_bytes(value);
    EXPECT_NE(status.text().find("/f: page 2: "), std::string::npos) << status.text();
  }
}

// Such a value would be copied; what bbolt keeps inline is a thousandth of that.
TEST(BboltShapes, huge_inline_bucket_is_refused) {
  test::CrashFileSystem fs;
  std::string page = leaf(2, {{"b", in_line({{"k", std::string(17 << 20, 'v')}}), true}}, false);
  const uint32_t overflow = static_cast<uint32_t>(page.size() / kPage);
  std::memcpy(page.data() + 12, &overflow, sizeof overflow);
  page.resize((overflow + 1) * kPage);
  std::string file = file_of({page});
  Meta meta = *decode_meta_page(file);
  meta.pages = overflow + 3;
  file.replace(0, kPage, encode_meta_page(meta, 0));
  fs.set_content("/f", file);
  EXPECT_NE(read_buckets(fs, "/f").status().text().find("too large to be inline"),
            std::string::npos);
}

// A chain of branches with one child each is no cycle, but no tree of bbolt either.
TEST(BboltShapes, endless_depth_is_refused) {
  test::CrashFileSystem fs;
  std::vector<std::string> pages{leaf(2, {{"b", "v"}})};
  for (uint64_t id = 3; id < 60; ++id) pages.push_back(branch(id, {{"a", id - 1}}));
  pages.push_back(leaf(60, {{"key", in_page(59), true}}));
  fs.set_content("/f", file_of(pages));
  const Status status = read_buckets(fs, "/f").status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.text().find("too deep"), std::string::npos) << status.text();
}

TEST(BboltShapes, page_size_is_found_without_the_first_meta) {
  test::CrashFileSystem fs;
  for (uint32_t bytes = kPageBytesMin; bytes <= kPageBytesMax; bytes *= 2) {
    const Buckets buckets{{"key", {{"a", "b"}}}};
    ASSERT_TRUE(write_buckets(fs, "/f", buckets, {.page_bytes = bytes}).ok());
    fs.flip("/f", 30, 1);
    auto back = read_buckets(fs, "/f");
    ASSERT_TRUE(back.ok()) << back.status().text();
    EXPECT_EQ(*back, buckets) << bytes;
  }
}

}  // namespace
}  // namespace keelson::etcdfile
