#include "ctl/kv_request.h"

#include <gtest/gtest.h>

#include <sstream>

#include "ctl/rewrite.h"
#include "ctl/tree.h"
#include "string_console.h"

namespace keelson::ctl {
namespace {

const std::string kZero(1, '\0');

class KvRequestTest : public ::testing::Test {
 protected:
  Invocation invoke(const std::vector<std::string>& words) {
    CommandLine line = rewrite(root_, words).line;
    Values values(line.path, line.settings);
    return {line.path, std::move(values), line.arguments, words, console_};
  }
  pb::RangeRequest range(const std::vector<std::string>& words) {
    auto request = range_request(invoke(words));
    EXPECT_TRUE(request.ok());
    return request.ok() ? *request : pb::RangeRequest();
  }
  Failure range_failure(const std::vector<std::string>& words) {
    auto request = range_request(invoke(words));
    return request.ok() ? Failure{kExitOk, ""} : request.failure();
  }

  Command root_ = command_tree();
  StringConsole console_;
};

TEST_F(KvRequestTest, Prefix_EndsBehindItsLastKey) {
  EXPECT_EQ(range({"get", "ab", "--prefix"}).range_end(), "ac");
  EXPECT_EQ(range({"get", "a\xff", "--prefix"}).range_end(), "b");
}

// All keys: the empty key itself is not one, so that the range starts with the first possible.
TEST_F(KvRequestTest, EmptyKey_MeansAllKeys) {
  for (const char* flag : {"--prefix", "--from-key"}) {
    pb::RangeRequest request = range({"get", "", flag});
    EXPECT_EQ(request.key(), kZero);
    EXPECT_EQ(request.range_end(), kZero);
  }
}

// Keys come sorted; asking for it would make the server read all of them before the limit.
TEST_F(KvRequestTest, AscendingByKey_IsNotAskedFor) {
  EXPECT_EQ(range({"get", "a", "--order", "ascend"}).sort_order(), pb::RangeRequest::NONE);
  pb::RangeRequest by_value = range({"get", "a", "--order", "ascend", "--sort-by", "value"});
  EXPECT_EQ(by_value.sort_order(), pb::RangeRequest::ASCEND);
  EXPECT_EQ(by_value.sort_target(), pb::RangeRequest::VALUE);
}

TEST_F(KvRequestTest, NegativeRevisions_AreLeftOut) {
  pb::RangeRequest request = range({"get", "a", "--rev=-1", "--min-mod-rev=-5"});
  EXPECT_EQ(request.revision(), 0);
  EXPECT_EQ(request.min_mod_revision(), 0);
}

TEST_F(KvRequestTest, BadCombinations_AreRefused) {
  EXPECT_EQ(range_failure({"get"}).code, kExitBadArgs);
  EXPECT_EQ(range_failure({"get", "a", "b", "--prefix"}).code, kExitBadArgs);
  EXPECT_EQ(range_failure({"get", "a", "--prefix", "--from-key"}).code, kExitBadArgs);
  EXPECT_EQ(range_failure({"get", "a", "--keys-only", "--count-only"}).code, kExitBadArgs);
  EXPECT_EQ(range_failure({"get", "a", "--order", "x"}).text, "bad sort order x");
  EXPECT_EQ(range_failure({"get", "a", "--consistency", "x"}).text,
            "unknown consistency flag \"x\"");
  EXPECT_EQ(range_failure({"get", "a", "--min-mod-rev=9", "--max-mod-rev=3"}).text,
            "getMinModRev(=9) > getMaxModRev(=3)");
}

TEST_F(KvRequestTest, Put_TakesHexLeases) {
  auto request = put_request(invoke({"put", "k", "v", "--lease", "1f", "--prev-kv"}), nullptr);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->lease(), 31);
  EXPECT_TRUE(request->prev_kv());
  EXPECT_EQ(put_request(invoke({"put", "k", "v", "--lease", "x"}), nullptr).failure().text,
            "bad lease ID (strconv.ParseInt: parsing \"x\": invalid syntax), expecting ID in Hex");
}

TEST_F(KvRequestTest, PutWithoutAValue_ReadsTheInputToItsEnd) {
  std::istringstream input("two\nlines\n");
  auto request = put_request(invoke({"put", "k"}), &input);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->value(), "two\nlines\n");
  EXPECT_FALSE(put_request(invoke({"put", "k"}), &input).ok());
}

// A range that was not meant would be gone at once.
TEST_F(KvRequestTest, DeleteOfARange_NeedsTheFlagToBeQuick) {
  auto request = delete_request(invoke({"del", "a", "c", "--range"}));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->range_end(), "c");
  EXPECT_EQ(console_.errors, "");
  EXPECT_FALSE(delete_request(invoke({"del", "a", "b", "c"})).ok());
}

}  // namespace
}  // namespace keelson::ctl
