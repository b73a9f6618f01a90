#include "ctl/help.h"

#include <gtest/gtest.h>

#include "ctl/app.h"
#include "ctl/completion.h"
#include "ctl/tree.h"
#include "string_console.h"

namespace keelson::ctl {
namespace {

int run(const std::vector<std::string>& words, StringConsole* console) {
  return run_app(words, *console);
}

TEST(Help, Layout_IsCobras) {
  StringConsole console;
  EXPECT_EQ(run({"alarm", "list", "-h"}, &console), 0);
  EXPECT_EQ(console.written,
            "Lists all alarms\n\nUsage:\n  etcdctl alarm list [flags]\n\nFlags:\n"
            "  -h, --help   help for list\n"
            "Use \"etcdctl options\" for a list of global command-line options (applies to all "
            "commands).\n");
}

TEST(Help, GroupCommand_ListsItsCommandsSorted) {
  StringConsole console;
  EXPECT_EQ(run({"alarm"}, &console), 0);
  EXPECT_NE(console.written.find("Available Commands:\n  disarm      Ends all alarms\n"
                                 "  list        Lists all alarms\n\nFlags:"),
            std::string::npos);
}

// The help's order is not the tree's, from which suggestions come.
TEST(Help, Groups_StandInEtcdctlsOrder) {
  StringConsole console;
  EXPECT_EQ(run({"help"}, &console), 0);
  size_t before = 0;
  for (const char* title :
       {"Key-value commands", "Cluster maintenance commands", "Concurrency commands",
        "Authentication commands", "Utility commands"}) {
    size_t at = console.written.find(title);
    ASSERT_NE(at, std::string::npos) << title;
    EXPECT_GT(at, before) << title;
    before = at;
  }
}

TEST(Help, HelpItself_IsACommand) {
  StringConsole console;
  EXPECT_EQ(run({"help", "help"}, &console), 0);
  EXPECT_NE(console.written.find("Usage:\n  etcdctl help [command] [flags]\n"), std::string::npos);
  StringConsole other;
  EXPECT_EQ(run({"hel"}, &other), 0);
}

TEST(App, Suggestions_LeaveHelpOut) {
  StringConsole console;
  EXPECT_EQ(run({"ep"}, &console), 1);
  EXPECT_NE(console.errors.find("Did you mean this?\n\tget\n\tdel\n\nRun"), std::string::npos);
}

TEST(Help, FlagColumns_AreAlignedWithDefaults) {
  FlagSpec limit = int_flag("limit", "most keys", 3);
  FlagSpec word = string_flag("order", "an order");
  word.shorthand = 'o';
  EXPECT_EQ(flag_usages({&word, &limit}),
            "      --limit int      most keys (default 3)\n  -o, --order string   an order\n");
}

TEST(Help, SharedFlagsOfAParent_AreGlobalFlags) {
  StringConsole console;
  EXPECT_EQ(run({"endpoint", "health", "--help"}, &console), 0);
  EXPECT_NE(console.written.find("\n\nGlobal Flags:\n      --cluster "), std::string::npos);
}

TEST(App, UnknownFlag_ShowsUsageOnStandardError) {
  StringConsole console;
  EXPECT_EQ(run({"version", "--foo"}, &console), 1);
  EXPECT_EQ(console.written, "");
  EXPECT_EQ(console.errors,
            "Error: unknown flag: --foo\nUsage:\n  etcdctl version [flags]\n\nFlags:\n"
            "  -h, --help   help for version\n\n");
}

TEST(App, UnknownCommand_PointsToHelp) {
  StringConsole console;
  EXPECT_EQ(run({"defragg"}, &console), 1);
  EXPECT_EQ(console.errors,
            "Error: unknown command \"defragg\" for \"etcdctl\"\n\nDid you mean this?\n\tdefrag\n\n"
            "Run 'etcdctl --help' for usage.\n");
}

TEST(App, UnknownHelpTopic_ShowsTheRootUsage) {
  StringConsole console;
  EXPECT_EQ(run({"help", "foo"}, &console), 0);
  EXPECT_TRUE(
      console.errors.starts_with("Unknown help topic [`foo`]\nUsage:\n  etcdctl [command]"));
}

TEST(App, BadArguments_ExitWith128) {
  StringConsole console;
  EXPECT_EQ(run({"lease", "grant", "x"}, &console), 128);
  EXPECT_EQ(console.errors, "Error: bad TTL (strconv.ParseInt: parsing \"x\": invalid syntax)\n");
}

TEST(App, Version_IsThatOfEtcd) {
  StringConsole console;
  EXPECT_EQ(run({"version"}, &console), 0);
  EXPECT_EQ(console.written, "etcdctl version: 3.7.1\nAPI version: 3.7\n");
}

// Every flag and command must be offered, or users take them for missing.
TEST(Completion, Scripts_KnowTheTree) {
  Command root = command_tree();
  for (const std::string& script : {bash_completion(root), zsh_completion(root),
                                    fish_completion(root), powershell_completion(root)}) {
    EXPECT_NE(script.find("make-mirror"), std::string::npos);
    EXPECT_NE(script.find("keys-only"), std::string::npos);
    EXPECT_NE(script.find("ASCEND DESCEND"), std::string::npos);
  }
}

}  // namespace
}  // namespace keelson::ctl
