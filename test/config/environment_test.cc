// ETCD_* variables beside the command line.
#include <gtest/gtest.h>

#include "parse_world.h"

namespace keelson::config {
namespace {

using namespace test;

// Two sources for one value is a mistake in a manifest, even while they agree.
TEST(EnvironmentTest, conflict_with_the_command_line_is_fatal) {
  World world;
  world.environment = {"ETCD_NAME=x"};
  const Outcome outcome = world.parse({"--name=x"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_FALSE(outcome.config.has_value());
  ASSERT_FALSE(outcome.notes.empty());
  EXPECT_EQ(outcome.notes.back().level, LogLevel::kFatal);
  EXPECT_EQ(note_field(outcome,
                       "conflicting environment variable is shadowed by corresponding command-line "
                       "flag (either unset "
                       "environment variable or disable flag))",
                       "environment-variable"),
            "ETCD_NAME");
}

TEST(EnvironmentTest, bad_value_names_the_variable) {
  World world;
  world.environment = {"ETCD_PRE_VOTE=maybe"};
  EXPECT_EQ(refusal(world.parse({})), "invalid value \"maybe\" for ETCD_PRE_VOTE: parse error");
}

// Kubernetes puts ETCD_SERVICE_HOST and the like into pods: no reason not to start.
TEST(EnvironmentTest, unknown_variables_are_mentioned) {
  World world;
  world.environment = {"ETCD_SERVICE_HOST=10.0.0.1", "ETCD_UNSUPPORTED_ARCH=arm", "OTHER=1"};
  const Outcome outcome = world.parse({});
  good(outcome);
  EXPECT_EQ(note_field(outcome, "unrecognized environment variable", "environment-variable"),
            "ETCD_SERVICE_HOST=10.0.0.1");
}

TEST(EnvironmentTest, version_variable_is_dropped) {
  World world;
  world.environment = {"ETCD_VERSION=v3.5.0"};
  const Outcome outcome = world.parse({});
  good(outcome);
  EXPECT_EQ(note_field(outcome, "cannot set special environment variable", "value"), "v3.5.0");
}

TEST(EnvironmentTest, empty_variable_counts_as_unset) {
  World world;
  world.environment = {"ETCD_NAME="};
  EXPECT_EQ(good(world.parse({})).name, "default");
}

TEST(EnvironmentTest, passwords_stay_out_of_the_log) {
  World world;
  world.environment = {"ETCD_DISCOVERY_PASSWORD=secret"};
  EXPECT_EQ(
      note_field(world.parse({}), "recognized and used environment variable", "variable-value"),
      "(hidden)");
}

// The advertise rule counts listen URLs from the environment, too.
TEST(EnvironmentTest, listen_url_asks_for_an_advertised_one) {
  World world;
  world.environment = {"ETCD_LISTEN_CLIENT_URLS=http://127.0.0.1:1"};
  EXPECT_EQ(refusal(world.parse({})),
            "--advertise-client-urls is required when --listen-client-urls is set explicitly");
}

}  // namespace
}  // namespace keelson::config
