// Go's flag syntax, its errors, help and version.
#include <gtest/gtest.h>

#include "config/stages.h"
#include "parse_world.h"

namespace keelson::config {
namespace {

using namespace test;

TEST(CommandLineTest, every_spelling_of_a_value_works) {
  const std::vector<std::vector<std::string>> spellings = {
      {"--name=x"}, {"--name", "x"}, {"-name=x"}, {"-name", "x"}};
  for (const auto& args : spellings) EXPECT_EQ(good(parse(args)).name, "x");
  EXPECT_EQ(good(parse({"--name", "--pre-vote"})).name, "--pre-vote");
  EXPECT_EQ(good(parse({"--name=a=b"})).name, "a=b");
  EXPECT_EQ(good(parse({"--name=a", "--name=b"})).name, "b");
}

TEST(CommandLineTest, switches_need_no_value) {
  EXPECT_TRUE(good(parse({"--force-new-cluster"})).force_new_cluster);
  EXPECT_FALSE(good(parse({"--pre-vote=false"})).pre_vote);
  EXPECT_FALSE(good(parse({"--pre-vote=F"})).pre_vote);
}

// The classic slip: the value of a switch behind a blank is a stray argument, not "false".
TEST(CommandLineTest, stray_arguments_are_refused) {
  EXPECT_EQ(refusal(parse({"--pre-vote", "false"})), "\"false\" is not a valid flag");
  EXPECT_EQ(refusal(parse({"-"})), "\"-\" is not a valid flag");
  EXPECT_EQ(refusal(parse({"--", "--name=x"})), "\"--name=x\" is not a valid flag");
}

// Texts are Go's; scripts and people know them.
TEST(CommandLineTest, errors_have_gos_texts_and_exit_2) {
  const std::pair<const char*, const char*> rows[] = {
      {"--snapshot-count=x", "invalid value \"x\" for flag -snapshot-count: parse error"},
      {"--snapshot-count=-1", "invalid value \"-1\" for flag -snapshot-count: parse error"},
      {"--snapshot-count", "flag needs an argument: -snapshot-count"},
      {"--pre-vote=maybe", "invalid boolean value \"maybe\" for -pre-vote: parse error"},
      {"--grpc-keepalive-interval=5",
       "invalid value \"5\" for flag -grpc-keepalive-interval: parse error"},
      {"--quota-backend-bytes=99999999999999999999",
       "invalid value \"99999999999999999999\" for flag -quota-backend-bytes: value out of range"},
      {"--max-concurrent-streams=x",
       "invalid value \"x\" for flag -max-concurrent-streams: strconv.ParseUint: parsing \"x\": "
       "invalid syntax"},
      {"--max-concurrent-streams=5000000000",
       "invalid value \"5000000000\" for flag -max-concurrent-streams: strconv.ParseUint: parsing "
       "\"5000000000\": value out of range"},
      {"--initial-cluster-state=x",
       "invalid value \"x\" for flag -initial-cluster-state: invalid value"},
      {"--feature-gates=Foo=true",
       "invalid value \"Foo=true\" for flag -feature-gates: unrecognized feature gate: Foo"},
      {"--cors=foo",
       "invalid value \"foo\" for flag -cors: URL scheme must be http, https, unix, or unixs: foo"},
      {"---x", "bad flag syntax: ---x"},
      {"--=x", "bad flag syntax: --=x"}};
  for (const auto& [arg, text] : rows) {
    const Outcome outcome = parse({arg});
    EXPECT_EQ(outcome.exit_code, 2) << arg;
    EXPECT_EQ(first_line(outcome.err), text);
    EXPECT_NE(outcome.err.find("\nUsage:\n"), std::string::npos);
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(CommandLineTest, unknown_flag_names_the_nearest) {
  const Outcome near = parse({"--snapshot-cuont=3"});
  EXPECT_EQ(near.exit_code, 2);
  EXPECT_TRUE(near.err.starts_with(
      "flag provided but not defined: -snapshot-cuont\ndid you mean -snapshot-count?\nUsage:"));
  const Outcome far = parse({"--frobnicate"});
  EXPECT_TRUE(far.err.starts_with("flag provided but not defined: -frobnicate\nUsage:"));
  EXPECT_EQ(parse({"--discovery=http://x"}).exit_code, 2);
  EXPECT_EQ(parse({"--experimental-unheard-of=1"}).exit_code, 2);
}

TEST(CommandLineTest, help_goes_to_both_streams) {
  for (const char* arg : {"-h", "--help", "-help"}) {
    const Outcome outcome = parse({"--name=x", arg, "--nope"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_FALSE(outcome.config.has_value());
    EXPECT_EQ(outcome.err, usage_text());
    EXPECT_EQ(outcome.out, help_text());
  }
}

// One place that shows the form of the page; every row is made the same way.
TEST(CommandLineTest, help_text_has_etcds_form) {
  const std::string text = help_text();
  EXPECT_TRUE(text.starts_with("Member:\n  --name 'default'\n    Name of this member."));
  EXPECT_NE(text.find("\nClustering:\n  --initial-advertise-peer-urls 'http://localhost:2380'\n"),
            std::string::npos);
  EXPECT_NE(
      text.find("\n  --max-wals '5'\n    Log files to keep. Accepted for compatibility.\n"
                "    Does nothing here: log segments are recycled as soon as nobody reads them.\n"),
      std::string::npos);
  EXPECT_NE(text.find("\n    InitialCorruptCheck=true|false (ALPHA - default=false)\n"),
            std::string::npos);
  for (const char* heading : {"Security", "Auth", "Profiling and Monitoring", "Logging",
                              "Distributed tracing", "Features", "Unsafe feature"})
    EXPECT_NE(text.find("\n" + std::string(heading) + ":\n"), std::string::npos) << heading;
  EXPECT_EQ(text.find("experimental-"), std::string::npos);
}

// kubeadm's preflight and many scripts read this line.
TEST(CommandLineTest, version_begins_with_etcds_line) {
  const Outcome outcome = parse({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(outcome.out.starts_with("etcd Version: 3.7.1\nGit SHA: "));
  EXPECT_NE(outcome.out.find("\nKeelson Version: "), std::string::npos);
  EXPECT_EQ(parse({"--version", "stray"}).exit_code, 1);
}

TEST(CommandLineTest, sub_commands_say_what_to_use) {
  for (const char* command : {"gateway", "grpc-proxy"}) {
    const Outcome outcome = parse({command, "start"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(
        outcome.err.starts_with("etcd " + std::string(command) + " is not part of Keelson."));
  }
}

}  // namespace
}  // namespace keelson::config
