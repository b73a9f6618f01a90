// --config-file: what it takes, what it refuses, and that nothing else counts beside it.
#include <gtest/gtest.h>

#include "config/url.h"
#include "parse_world.h"

namespace keelson::config {
namespace {

using namespace test;

TEST(ConfigFileTest, flags_and_environment_do_not_count) {
  World world;
  world.files["c.yml"] = "initial-cluster-token: t\n";
  world.environment = {"ETCD_WAL_DIR=/w"};
  const Config config = good(world.parse({"--name=flag", "--config-file=c.yml"}));
  EXPECT_EQ(config.initial_cluster_token, "t");
  EXPECT_EQ(config.name, "default");
  EXPECT_EQ(config.wal_dir, "");
}

TEST(ConfigFileTest, environment_can_name_the_file) {
  World world;
  world.files["c.yml"] = "name: x\n";
  world.environment = {"ETCD_CONFIG_FILE=c.yml"};
  EXPECT_EQ(good(world.parse({})).name, "x");
  EXPECT_EQ(good(world.parse({"--config-file=c.yml"})).name, "x");
}

TEST(ConfigFileTest, json_and_any_case_of_keys_are_read) {
  const Config config =
      good(parse_file("{\"name\": \"x\", \"Max-Txn-Ops\": 7, \"pre-vote\": false}"));
  EXPECT_EQ(config.name, "x");
  EXPECT_EQ(config.max_txn_ops, 7u);
  EXPECT_FALSE(config.pre_vote);
}

// Refusals have the words of Go's decoder, so that what is known about etcd's files helps here.
TEST(ConfigFileTest, wrong_types_are_refused) {
  const std::string lead = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ";
  const std::pair<const char*, const char*> rows[] = {
      {"heartbeat-interval: \"x\"",
       "string into Go struct field configYAML.Config.heartbeat-interval of type uint"},
      {"grpc-keepalive-interval: 5s",
       "string into Go struct field configYAML.Config.grpc-keepalive-interval of type "
       "time.Duration"},
      {"name: 5", "number into Go struct field configYAML.Config.name of type string"},
      {"heartbeat-interval: -1",
       "number -1 into Go struct field configYAML.Config.heartbeat-interval of type uint"},
      {"listen-client-urls: [foo]",
       "array into Go struct field configYAML.configJSON.listen-client-urls of type string"},
      {"log-outputs: stderr",
       "string into Go struct field configYAML.Config.log-outputs of type []string"},
      {"pre-vote: \"true\"", "string into Go struct field configYAML.Config.pre-vote of type bool"},
      {"quota-backend-bytes: 1.5",
       "number 1.5 into Go struct field configYAML.Config.quota-backend-bytes of type int64"},
      {"max-concurrent-streams: 5000000000",
       "number 5000000000 into Go struct field configYAML.Config.max-concurrent-streams of type "
       "uint32"},
      {"client-transport-security: {cert-file: 5}",
       "number into Go struct field securityConfig.configJSON.client-transport-security.cert-file "
       "of type string"},
      {"client-transport-security: 5",
       "number into Go struct field configYAML.configJSON.client-transport-security of type "
       "embed.securityConfig"},
      {"socket-options: {reuse-port: 5}",
       "number into Go struct field SocketOpts.Config.socket-options.reuse-port of type bool"},
      {"- a", "array into Go value of type embed.configYAML"}};
  for (const auto& [text, error] : rows) EXPECT_EQ(refusal(parse_file(text)), lead + error) << text;
}

TEST(ConfigFileTest, values_are_judged_like_flags) {
  EXPECT_EQ(refusal(parse_file("initial-cluster-state: foo")), "unexpected clusterState \"foo\"");
  EXPECT_EQ(refusal(parse_file("feature-gates: Foo=true")), "unrecognized feature gate: Foo");
  EXPECT_EQ(refusal(parse_file("heartbeat-interval: 0")),
            "--heartbeat-interval must be >0 (set to 0ms)");
  const Outcome outcome = parse_file("listen-client-urls: foo");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err,
            "unexpected error setting up listen-client-urls: URL scheme must be http, https, unix, "
            "or unixs: foo\n");
}

TEST(ConfigFileTest, missing_and_broken_files_are_refused) {
  EXPECT_EQ(refusal(parse({"--config-file=/nope"})), "open /nope: no such file or directory");
  EXPECT_TRUE(
      refusal(parse_file("name: [a")).starts_with("error converting YAML to JSON: yaml: line "));
  EXPECT_TRUE(
      refusal(parse_file("a: b: c")).starts_with("error converting YAML to JSON: yaml: line "));
}

TEST(ConfigFileTest, unknown_keys_and_nulls_are_skipped) {
  const Outcome outcome =
      parse_file("nmae: x\nsocket-options: {reuse-prot: true}\nname:\nmax-txn-ops: null\n");
  EXPECT_EQ(good(outcome).name, "default");
  EXPECT_EQ(note_field(outcome, "ignored an unknown key of the configuration file", "key"), "nmae");
  good(parse_file(""));
  good(parse_file("# nothing\n"));
}

// Unlike flags, a file may set listen URLs alone.
TEST(ConfigFileTest, listen_urls_need_no_advertised_ones) {
  const Config config = good(parse_file("listen-client-urls: http://127.0.0.1:5\n"));
  EXPECT_EQ(join_urls(config.advertise_client_urls), "http://localhost:2379");
}

TEST(ConfigFileTest, old_keys_are_accepted) {
  const Outcome outcome = parse_file(
      "experimental-snapshot-catch-up-entries: 9\nexperimental-initial-corrupt-check: true\n");
  const Config config = good(outcome);
  EXPECT_EQ(config.snapshot_catchup_entries, 9u);
  EXPECT_TRUE(config.feature("InitialCorruptCheck"));
  EXPECT_TRUE(has_note(outcome, "deprecated flag"));
}

// A list element, an integer of another base, a float without a fraction: as Go's YAML reads them.
TEST(ConfigFileTest, yaml_numbers_are_read_as_go_does) {
  EXPECT_EQ(good(parse_file("max-txn-ops: 0x10")).max_txn_ops, 16u);
  EXPECT_EQ(good(parse_file("grpc-keepalive-timeout: 1e9")).grpc_keepalive_timeout,
            std::chrono::seconds(1));
  EXPECT_EQ(good(parse_file("name: \"5\"")).name, "5");
  EXPECT_FALSE(good(parse_file("pre-vote: no")).pre_vote);
}

}  // namespace
}  // namespace keelson::config
