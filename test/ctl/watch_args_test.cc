#include "ctl/watch_args.h"

#include <gtest/gtest.h>

namespace keelson::ctl {
namespace {

using Words = std::vector<std::string>;

std::string failure_text(const Words& line, const Words& arguments, const std::string& key = "") {
  auto words = split_watch_words(line, arguments, key, "");
  return words.ok() ? "" : words.failure().text;
}

TEST(WatchWords, KeysAndCommand_AreToldApart) {
  auto words = split_watch_words({"k", "--rev", "1", "z", "--", "echo", "k"},
                                 {"k", "z", "echo", "k"}, "", "");
  ASSERT_TRUE(words.ok());
  EXPECT_EQ(words->keys, (Words{"k", "z"}));
  EXPECT_EQ(words->command, (Words{"echo", "k"}));
}

TEST(WatchWords, KeyFromTheEnvironment_IsUsed) {
  auto words = split_watch_words({"--", "echo", "x"}, {"echo", "x"}, "k", "z");
  ASSERT_TRUE(words.ok());
  EXPECT_EQ(words->keys, (Words{"k", "z"}));
  EXPECT_EQ(words->command, (Words{"echo", "x"}));
}

TEST(WatchWords, BadLines_AreRefused) {
  EXPECT_EQ(failure_text({}, {}), "bad number of arguments");
  EXPECT_EQ(failure_text({"k", "--"}, {"k"}),
            "bad number of arguments (found separator --, but no commands)");
  EXPECT_EQ(failure_text({"k"}, {"k"}, "env"),
            "bad number of arguments (found conflicting environment key)");
  EXPECT_EQ(failure_text({"k", "--", "echo"}, {"k", "echo"}, "env"),
            "bad number of arguments (found conflicting environment key)");
}

}  // namespace
}  // namespace keelson::ctl
