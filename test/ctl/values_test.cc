#include "ctl/values.h"

#include <gtest/gtest.h>

#include "ctl/tree.h"

namespace keelson::ctl {
namespace {

class ValuesTest : public ::testing::Test {
 protected:
  ValuesTest() : path_{&root_, find("get")} {}
  const Command* find(const std::string& name) {
    for (const Command& child : root_.children) {
      if (child.name == name) return &child;
    }
    return nullptr;
  }

  Command root_ = command_tree();
  CommandPath path_;
};

TEST_F(ValuesTest, Defaults_AreThoseOfTheTree) {
  Values values(path_, {});
  EXPECT_EQ(values.duration("command-timeout"), std::chrono::seconds(5));
  EXPECT_EQ(values.list("endpoints"), std::vector<std::string>{"127.0.0.1:2379"});
  EXPECT_TRUE(values.is_on("insecure-transport"));
  EXPECT_EQ(values.text("write-out"), "simple");
  EXPECT_FALSE(values.is_given("endpoints"));
}

TEST_F(ValuesTest, Settings_ReplaceDefaults) {
  Values values(path_, {{"limit", "-3"}, {"prefix", "true"}, {"insecure-transport", "false"}});
  EXPECT_EQ(values.integer("limit"), -3);
  EXPECT_TRUE(values.is_on("prefix"));
  EXPECT_FALSE(values.is_on("insecure-transport"));
  EXPECT_TRUE(values.is_given("limit"));
}

// CLI11 gives brackets, braces and leading dashes a meaning of their own; values must not care.
TEST_F(ValuesTest, OddTexts_ComeThroughUnchanged) {
  for (const char* text : {"", "[a,b]", "{}", "--prefix", "-", "%%", "a b", "\"q\"", "++"}) {
    Values values(path_, {{"user", text}});
    EXPECT_EQ(values.text("user"), text);
    EXPECT_TRUE(values.is_given("user")) << text;
  }
}

TEST_F(ValuesTest, Set_CountsAsGiven) {
  Values values(path_, {{"limit", "1"}});
  values.set("limit", "2");
  values.set("hex", "true");
  EXPECT_EQ(values.integer("limit"), 2);
  EXPECT_TRUE(values.is_on("hex"));
  EXPECT_TRUE(values.is_given("hex"));
}

TEST_F(ValuesTest, QuotedListMembers_MayHoldCommas) {
  Values values(path_, {{"endpoints", "a,\"b,\"\"c\",,d"}});
  EXPECT_EQ(values.list("endpoints"), (std::vector<std::string>{"a", "b,\"c", "", "d"}));
}

}  // namespace
}  // namespace keelson::ctl
