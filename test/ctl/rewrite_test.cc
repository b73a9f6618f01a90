#include "ctl/rewrite.h"

#include <gtest/gtest.h>

#include "ctl/tree.h"

namespace keelson::ctl {
namespace {

using Words = std::vector<std::string>;

class RewriteTest : public ::testing::Test {
 protected:
  Rewritten line(const Words& words) { return rewrite(root_, words); }
  std::string error(const Words& words) {
    Rewritten out = line(words);
    return out.error ? out.error->text : "";
  }
  std::string setting(const Words& words, const std::string& name) {
    Rewritten out = line(words);
    return out.error ? out.error->text : out.line.settings[name];
  }

  Command root_ = command_tree();
};

// The first word that is no flag names the command; global flags may stand anywhere.
TEST_F(RewriteTest, GlobalFlags_StandAnywhere) {
  Rewritten out = line({"--endpoints", "a:1", "lease", "-w", "json", "grant", "60", "--hex"});
  ASSERT_FALSE(out.error);
  EXPECT_EQ(path_name(out.line.path), "etcdctl lease grant");
  EXPECT_EQ(out.line.arguments, Words{"60"});
  EXPECT_EQ(out.line.settings["endpoints"], "a:1");
  EXPECT_EQ(out.line.settings["write-out"], "json");
  EXPECT_EQ(out.line.settings["hex"], "true");
}

TEST_F(RewriteTest, CommandPrefix_NamesTheOnlyCommand) {
  EXPECT_EQ(path_name(line({"mem", "li"}).line.path), "etcdctl member list");
}

TEST_F(RewriteTest, AmbiguousPrefix_IsUnknownWithSuggestions) {
  Rewritten out = line({"e", "x"});
  ASSERT_TRUE(out.error);
  EXPECT_TRUE(out.error->unknown_command);
  EXPECT_TRUE(out.error->text.starts_with("unknown command \"e\" for \"etcdctl\"\n\nDid you"));
  EXPECT_NE(out.error->text.find("\telect\n"), std::string::npos);
}

TEST_F(RewriteTest, UnknownCommandFarFromAll_HasNoSuggestion) {
  EXPECT_EQ(error({"frobnicate"}), "unknown command \"frobnicate\" for \"etcdctl\"");
}

// cobra shows the parent's help for a bad subcommand: it is an argument of the parent.
TEST_F(RewriteTest, UnknownSubcommand_IsAnArgument) {
  Rewritten out = line({"lease", "foo"});
  ASSERT_FALSE(out.error);
  EXPECT_EQ(path_name(out.line.path), "etcdctl lease");
  EXPECT_EQ(out.line.arguments, Words{"foo"});
}

TEST_F(RewriteTest, OneDashLongFlags_AreTaken) {
  EXPECT_EQ(setting({"get", "/", "-prefix"}, "prefix"), "true");
  EXPECT_EQ(setting({"get", "/", "-keys-only"}, "keys-only"), "true");
  EXPECT_EQ(setting({"get", "/", "-limit", "3"}, "limit"), "3");
  EXPECT_EQ(setting({"-endpoints", "x:1", "get", "/"}, "endpoints"), "x:1");
  EXPECT_EQ(setting({"-write-out=json", "get", "/"}, "write-out"), "json");
}

// A value of a flag is a value even where it looks like a flag or a command.
TEST_F(RewriteTest, Values_AreNotLookedAt) {
  EXPECT_EQ(setting({"--user", "get", "put", "k", "v"}, "user"), "get");
  EXPECT_EQ(setting({"get", "k", "--order", "--prefix"}, "order"), "--prefix");
}

TEST_F(RewriteTest, Shorthands_TakeTheirValueInEachForm) {
  for (const Words& words :
       {Words{"get", "-w", "json"}, Words{"get", "-wjson"}, Words{"get", "-w=json"}}) {
    EXPECT_EQ(setting(words, "write-out"), "json");
  }
}

TEST_F(RewriteTest, BoolFlags_TakeGoForms) {
  EXPECT_EQ(setting({"get", "k", "--prefix=F"}, "prefix"), "false");
  Rewritten apart = line({"get", "k", "--prefix", "false"});
  EXPECT_EQ(apart.line.settings["prefix"], "true");
  EXPECT_EQ(apart.line.arguments, (Words{"k", "false"}));
}

TEST_F(RewriteTest, Numbers_BecomeDecimal) {
  EXPECT_EQ(setting({"get", "k", "--limit=0x10"}, "limit"), "16");
  EXPECT_EQ(setting({"get", "k", "--command-timeout=1.5s"}, "command-timeout"), "1500000000");
}

TEST_F(RewriteTest, RepeatedFlag_LastWinsButListsGrow) {
  EXPECT_EQ(setting({"get", "--rev", "1", "--rev", "2"}, "rev"), "2");
  EXPECT_EQ(setting({"get", "--endpoints", "a", "--endpoints", "b,c"}, "endpoints"), "a,b,c");
}

TEST_F(RewriteTest, TwoDashes_EndTheFlags) {
  Rewritten out = line({"put", "k", "--", "-v", "--prev-kv"});
  ASSERT_FALSE(out.error);
  EXPECT_EQ(out.line.arguments, (Words{"k", "-v", "--prev-kv"}));
  EXPECT_TRUE(out.line.settings.empty());
}

TEST_F(RewriteTest, LoneDashAndEmptyWord_AreArguments) {
  EXPECT_EQ(line({"put", "-", ""}).line.arguments, (Words{"-", ""}));
}

// The texts are pflag's; scripts and people search for them.
TEST_F(RewriteTest, BadFlags_HavePflagTexts) {
  EXPECT_EQ(error({"get", "--foo"}), "unknown flag: --foo");
  EXPECT_EQ(error({"get", "--foo=1"}), "unknown flag: --foo");
  EXPECT_EQ(error({"get", "-zq"}), "unknown shorthand flag: 'z' in -zq");
  EXPECT_EQ(error({"get", "--limit"}), "flag needs an argument: --limit");
  EXPECT_EQ(error({"get", "-w"}), "flag needs an argument: 'w' in -w");
  EXPECT_EQ(error({"get", "--=x"}), "bad flag syntax: --=x");
  EXPECT_EQ(error({"get", "---x"}), "bad flag syntax: ---x");
}

TEST_F(RewriteTest, BadValues_HaveGoTexts) {
  EXPECT_EQ(error({"get", "--limit=x"}),
            "invalid argument \"x\" for \"--limit\" flag: strconv.ParseInt: parsing \"x\": invalid "
            "syntax");
  EXPECT_EQ(error({"elect", "--listen=2"}),
            "invalid argument \"2\" for \"-l, --listen\" flag: strconv.ParseBool: parsing \"2\": "
            "invalid syntax");
  EXPECT_EQ(error({"get", "--endpoints", "\"a"}),
            "invalid argument \"\\\"a\" for \"--endpoints\" flag: parse error on line 1, column 3: "
            "extraneous or missing \" in quoted-field");
}

// Help does not hide an error behind it.
TEST_F(RewriteTest, Help_IsAFlagLikeOthers) {
  EXPECT_TRUE(line({"get", "-h"}).line.help);
  EXPECT_TRUE(line({"--help"}).line.help);
  EXPECT_FALSE(line({"get", "--help=false", "k"}).line.help);
  EXPECT_EQ(error({"get", "-h", "--foo"}), "unknown flag: --foo");
}

TEST_F(RewriteTest, CompletionArguments_AreChecked) {
  EXPECT_EQ(error({"completion"}), "accepts 1 arg(s), received 0");
  EXPECT_EQ(error({"completion", "foo"}), "invalid argument \"foo\" for \"etcdctl completion\"");
  EXPECT_EQ(error({"completion", "zsh"}), "");
}

// A flag before the command is looked up among the global ones, and an unknown one eats a word.
TEST_F(RewriteTest, UnknownFlagBeforeTheCommand_TakesTheNextWord) {
  EXPECT_TRUE(error({"--foo", "get", "a"}).starts_with("unknown command \"a\""));
}

}  // namespace
}  // namespace keelson::ctl
