// Whole database images: typed contents in, typed contents out, and what stands in the way.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "etcdfile/image_world.h"
#include "etcdfile/rows.h"

namespace keelson::etcdfile {
namespace {

class ImageTest : public ::testing::Test {
 protected:
  WrittenImage write(const Contents& contents, const WriterOptions& options = {}) {
    ContentsSource source(contents);
    auto image = write_image(fs_, "/image", source, options);
    EXPECT_TRUE(image.ok()) << image.status().text();
    return image.ok() ? *image : WrittenImage{};
  }
  // The image's buckets after a change, written again.
  void rewrite(const std::function<void(Buckets&)>& change) {
    auto buckets = read_buckets(fs_, "/image");
    ASSERT_TRUE(buckets.ok());
    change(*buckets);
    ASSERT_TRUE(write_buckets(fs_, "/image", *buckets, {}).ok());
  }
  Status read_status(const ReaderOptions& options = {}) {
    return read_image(fs_, "/image", options).status();
  }

  test::CrashFileSystem fs_;
};

TEST_F(ImageTest, everything_comes_back) {
  const Contents contents = sample_contents();
  write(contents);
  auto back = read_image(fs_, "/image");
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(*back, contents);
}

// Stock tools want all ten buckets; an empty store has them, too.
TEST_F(ImageTest, empty_contents_make_ten_buckets) {
  write({});
  auto buckets = read_buckets(fs_, "/image");
  ASSERT_TRUE(buckets.ok());
  EXPECT_EQ(buckets->size(), 10u);
  auto back = read_image(fs_, "/image");
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(*back, Contents{});
}

TEST_F(ImageTest, many_versions_and_leases_come_back) {
  Contents contents = sample_contents();
  contents.versions.clear();
  for (int64_t i = 2; i < 20'000; ++i)
    contents.versions.push_back(
        {i, 0, false, key_value("key" + std::to_string(i % 100), i, std::string(100, 'v'))});
  contents.leases.clear();
  for (int64_t i = 1; i < 5000; ++i) contents.leases.push_back({LeaseId(i), i, 0});
  write(contents);
  auto back = read_image(fs_, "/image");
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_TRUE(*back == contents);
}

// Raw rows out of one image and into another give the same file, byte for byte.
TEST_F(ImageTest, rows_copied_as_they_are_make_the_same_file) {
  class Copy final : public RowSource {
   public:
    explicit Copy(ImageReader& from) : from_(from) {}
    Result<bool> next_row(TableRow& out) override { return from_.next_row(out); }
    Index consistent_index() const override { return from_.state().consistent_index; }
    Term term() const override { return from_.state().term; }
    Result<bool> next_revision(RevisionRecord& out) override { return from_.next(out); }

   private:
    ImageReader& from_;
  };
  write(sample_contents());
  auto reader = ImageReader::open(fs_, "/image");
  ASSERT_TRUE(reader.ok());
  Copy source(**reader);
  ASSERT_TRUE(write_image(fs_, "/copy", source).ok());
  auto one = read_buckets(fs_, "/image");
  auto other = read_buckets(fs_, "/copy");
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(*one, *other);
}

TEST_F(ImageTest, digest_is_appended_checked_and_can_be_required) {
  const WrittenImage plain = write(sample_contents());
  EXPECT_EQ(read_status({.digest = DigestCheck::kRequired}).code(), Code::kFailedPrecondition);
  const WrittenImage saved = write(sample_contents(), {.digest = DigestMode::kAppend});
  EXPECT_EQ(saved.sha256, plain.sha256);
  EXPECT_EQ(saved.file_bytes, saved.image_bytes + 32);
  auto reader = ImageReader::open(fs_, "/image", {.digest = DigestCheck::kRequired});
  ASSERT_TRUE(reader.ok()) << reader.status().text();
  EXPECT_TRUE((*reader)->has_digest());
  EXPECT_EQ((*reader)->image_bytes(), saved.image_bytes);
  fs_.flip("/image", saved.image_bytes - 1, 1);  // in the zeros behind the last page's data
  EXPECT_EQ(read_status().code(), Code::kDataLoss);
  EXPECT_NE(read_status().text().find("SHA-256"), std::string::npos);
  EXPECT_TRUE(read_status({.digest = DigestCheck::kSkip}).ok());
}

TEST_F(ImageTest, versions_out_of_order_or_damaged_are_not_written) {
  for (const Contents::Version& bad :
       {Contents::Version{4, 0, false, key_value("z", 4, "")},
        Contents::Version{2000, 0, false, key_value("z", 4, "")},
        Contents::Version{2000, 0, false, "\xff"}, Contents::Version{2000, 0, true, ""}}) {
    Contents contents = sample_contents();
    contents.versions.push_back(bad);
    ContentsSource source(contents);
    EXPECT_EQ(write_image(fs_, "/image", source).status().code(), Code::kInvalidArgument);
  }
}

// What would be lost on the way is refused in words; with the option it is passed over.
TEST_F(ImageTest, unknown_buckets_and_rows_are_refused_or_passed_over) {
  const std::vector<std::function<void(Buckets&)>> changes{
      [](Buckets& b) { b["future"]["k"] = "v"; }, [](Buckets& b) { b["meta"]["future"] = "v"; },
      [](Buckets& b) { b["cluster"]["future"] = "v"; }};
  for (const auto& change : changes) {
    write(sample_contents());
    rewrite(change);
    EXPECT_EQ(read_status().code(), Code::kFailedPrecondition);
    auto back = read_image(fs_, "/image", {.allow_unknown = true});
    ASSERT_TRUE(back.ok()) << back.status().text();
    EXPECT_EQ(*back, sample_contents());
  }
}

TEST_F(ImageTest, rows_that_do_not_decode_name_bucket_and_key) {
  const std::string key(17, 'x');
  const std::vector<std::function<void(Buckets&)>> changes{
      [&](Buckets& b) { b["key"][key] = ""; },
      [](Buckets& b) { b["key"][revision_key(Revision(7), 0, false)] = key_value("a", 8, ""); },
      [](Buckets& b) { b["lease"]["short"] = ""; },
      [](Buckets& b) { b["alarm"]["\xff"] = ""; },
      [](Buckets& b) { b["members"]["1"] = "{\"id\":2}"; },
      [](Buckets& b) { b["members"]["xyz"] = "{}"; },
      [](Buckets& b) { b["members_removed"]["xyz"] = "removed"; },
      [](Buckets& b) { b["cluster"]["downgrade"] = "?"; },
      [](Buckets& b) { b["meta"]["term"] = "short"; },
      [](Buckets& b) { b["meta"]["confState"] = "{"; }};
  for (const auto& change : changes) {
    write(sample_contents());
    rewrite(change);
    const Status status = read_status();
    EXPECT_EQ(status.code(), Code::kDataLoss);
    EXPECT_NE(status.text().find("/image: page "), std::string::npos) << status.text();
    EXPECT_NE(status.text().find(": bucket "), std::string::npos) << status.text();
  }
}

// Two tables that share a page would be one table's rows under two names. The fuzzer found that
// walks which did not know of each other let it pass.
TEST_F(ImageTest, buckets_that_share_a_page_are_refused) {
  write(Contents{}, {.inline_buckets = false});
  std::string bytes = fs_.content("/image");
  const uint64_t root = decode_meta_page(bytes)->root * 4096;
  const auto value_of = [&](uint64_t index) {
    const uint64_t at = root + 16 + 16 * index;
    const LeafElement element = get_leaf_element(bytes.data() + at);
    return at + element.pos + element.key_bytes;
  };
  bytes.replace(value_of(6), 8, bytes.substr(value_of(5), 8));  // lease gets key's page
  fs_.set_content("/image", bytes);
  const Status status = read_status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(status.text().find("in use twice"), std::string::npos) << status.text();
}

TEST_F(ImageTest, file_without_key_or_meta_is_no_database) {
  for (const char* name : {"key", "meta"}) {
    write(sample_contents());
    rewrite([&](Buckets& b) { b.erase(name); });
    EXPECT_EQ(read_status().code(), Code::kFailedPrecondition) << name;
  }
}

// The source's error comes through as it is.
TEST_F(ImageTest, failing_source_ends_the_writing) {
  class Failing final : public ImageSource {
   public:
    const ImageState& state() const override { return state_; }
    Result<bool> next(AuthRow&) override { return false; }
    Result<bool> next(LeaseRecord&) override { return false; }
    Result<bool> next(RevisionRecord&) override { return Status(Code::kAborted, "pulled"); }

   private:
    ImageState state_;
  };
  Failing source;
  EXPECT_EQ(write_image(fs_, "/image", source).status(), Status(Code::kAborted, "pulled"));
}

}  // namespace
}  // namespace keelson::etcdfile
