// Values that do not fit together: etcd's texts, and etcd's order when there are several faults.
#include <gtest/gtest.h>

#include "config/stages.h"
#include "config/url.h"
#include "parse_world.h"

namespace keelson::config {
namespace {

using namespace test;
using Args = std::vector<std::string>;

TEST(ValidationTest, refusals_have_etcds_texts) {
  const std::pair<Args, const char*> rows[] = {
      {{"--listen-client-urls=http://foo:1"}, "expected IP in URL for binding (http://foo:1)"},
      {{"--listen-peer-urls=http://example.com:1"},
       "expected IP in URL for binding (http://example.com:1)"},
      {{"--listen-metrics-urls=http://:1"}, "expected IP in URL for binding (http://:1)"},
      {{"--initial-advertise-peer-urls=http://:2380"},
       "--initial-advertise-peer-urls \"http://:2380\" must be \"host:port\" (unexpected empty "
       "host (http://:2380))"},
      {{"--advertise-client-urls=http://:1"},
       "--advertise-client-urls \"http://:1\" must be in the format \"host:port\", "
       "\"unix:/path/to/socket\" or "
       "\"unixs:/path/to/socket\" (unexpected empty host (http://:1))"},
      {{"--listen-client-urls=http://127.0.0.1:1"},
       "--advertise-client-urls is required when --listen-client-urls is set explicitly"},
      {{"--heartbeat-interval=0"}, "--heartbeat-interval must be >0 (set to 0ms)"},
      {{"--election-timeout=0"}, "--election-timeout must be >0 (set to 0ms)"},
      {{"--election-timeout=499"},
       "--election-timeout[499ms] should be at least as 5 times as --heartbeat-interval[100ms]"},
      {{"--election-timeout=50001"},
       "--election-timeout[50001ms] is too long, and should be set less than 50000ms"},
      {{"--auto-compaction-mode=x"}, "unknown auto-compaction-mode \"x\""},
      {{"--discovery-token=x"}, "both --discovery-token and --discovery-endpoints must be set"},
      {{"--discovery-endpoints=a"}, "both --discovery-token and --discovery-endpoints must be set"},
      {{"--discovery-endpoints=a,,b", "--discovery-token=x"},
       "--discovery-endpoints must not contain empty endpoints"},
      {{"--discovery-srv=x", "--initial-cluster=a=http://b:1"},
       "multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", "
       "\"discovery-endpoints\" or "
       "\"discovery-srv\""},
      {{"--discovery-fallback=proxy"},
       "v2 proxy is deprecated, and --discovery-fallback can't be configured as \"proxy\""},
      {{"--compact-hash-check-time=0s"}, "--compact-hash-check-time must be >0 (set to 0s)"},
      {{"--feature-gates=LeaseCheckpointPersist=true"},
       "enabling feature gate LeaseCheckpointPersist requires enabling feature gate "
       "LeaseCheckpoint"},
      {{"--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"},
       "min version (TLS1.3) is greater than max version (TLS1.2)"},
      {{"--tls-min-version=TLS1.3", "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
       "cipher suites cannot be configured when only TLS1.3 is enabled"},
      {{"--tls-min-version=TLS1.1"},
       "unexpected TLS version \"TLS1.1\" (must be one of: TLS1.2, TLS1.3)"},
      {{"--logger=capnslog"}, "--logger=capnslog is removed in v3.5"},
      {{"--logger=x"}, "unknown logger option \"x\""},
      {{"--log-format=x"}, "unknown log format: x, supported values json, console"},
      {{"--log-level=x"}, "unrecognized level: \"x\""},
      {{"--log-outputs=default,stdout"}, "multi logoutput for \"default\" is not supported yet"},
      {{"--enable-log-rotation"},
       "--log-outputs requires a single file path when --log-rotate-config-json is defined"},
      {{"--enable-log-rotation", "--log-outputs=a",
        "--log-rotation-config-json={\"maxsize\":\"x\"}"},
       "invalid log rotation config: json: cannot unmarshal string into Go struct field "
       "logRotationConfig.Logger.maxsize of "
       "type int"},
      {{"--distributed-tracing-sampling-rate=5000000", "--enable-distributed-tracing"},
       "distributed tracing configurition is not valid: (tracing sampling rate must be less than "
       "1000000)"}};
  for (const auto& [args, text] : rows) EXPECT_EQ(refusal(parse(args)), text) << args[0];
}

// What etcd finds only when it starts is a fatal line there.
TEST(ValidationTest, start_failures_are_fatal_lines) {
  const Args listen = {"--advertise-client-urls=http://a:1"};
  const std::pair<const char*, const char*> rows[] = {
      {"--auto-compaction-retention=x",
       "error parsing CompactionRetention: time: invalid duration \"x\""},
      {"--auto-compaction-retention=-1",
       "error parsing CompactionRetention: time: missing unit in duration \"-1\""},
      {"--auto-compaction-retention=5y",
       "error parsing CompactionRetention: time: unknown unit \"y\" in duration \"5y\""},
      {"--cipher-suites=foo", "unexpected TLS cipher suite \"foo\""},
      {"--listen-client-urls=https://127.0.0.1:1",
       "TLS key/cert (--cert-file, --key-file) must be provided for client url https://127.0.0.1:1 "
       "with HTTPS scheme"},
      {"--listen-peer-urls=https://127.0.0.1:19380",
       "cannot listen on TLS for 127.0.0.1:19380: KeyFile and CertFile are not presented"},
      {"--listen-metrics-urls=https://127.0.0.1:1",
       "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url"}};
  for (const auto& [arg, text] : rows) {
    const Outcome outcome = parse({arg, listen[0]});
    EXPECT_EQ(outcome.exit_code, 1) << arg;
    EXPECT_EQ(note_field(outcome, "discovery failed", "error"), text);
    EXPECT_EQ(outcome.notes.back().level, LogLevel::kFatal);
  }
}

// A cluster that discovers nothing would found itself anew: refusing is the safe answer.
TEST(ValidationTest, discovery_is_refused) {
  EXPECT_EQ(refusal(parse({"--discovery-srv=example.com"})),
            "Keelson has no discovery: list the members in --initial-cluster");
}

TEST(ValidationTest, urls_are_checked_as_go_does) {
  const std::pair<const char*, const char*> rows[] = {
      {"foo", "URL scheme must be http, https, unix, or unixs: foo"},
      {"localhost:2379", "URL scheme must be http, https, unix, or unixs: localhost:2379"},
      {"127.0.0.1:2379",
       "parse \"127.0.0.1:2379\": first path segment in URL cannot contain colon"},
      {"://a:1", "parse \"://a:1\": missing protocol scheme"},
      {"http://1.2.3.4", "URL address does not have the form \"host:port\": http://1.2.3.4"},
      {"http://1.2.3.4:1/x", "URL must not contain a path: http://1.2.3.4:1/x"},
      {"http://[::1:1", "parse \"http://[::1:1\": missing ']' in host"},
      {"http://[::1]x:1", "parse \"http://[::1]x:1\": invalid port \"x:1\" after host"},
      {"http://a:x", "parse \"http://a:x\": invalid port \":x\" after host"},
      {"http://a:b:1", "parse \"http://a:b:1\": invalid port \":b:1\" after host"},
      {"http://a:99999", "URL has a port above 65535: http://a:99999"}};
  for (const auto& [text, error] : rows) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.status().text(), error);
  }
}

TEST(ValidationTest, good_urls_fall_into_their_parts) {
  const auto v6 = parse_url(" https://[::1]:2379 ");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 2379);
  EXPECT_TRUE(v6->tls());
  EXPECT_EQ(v6->text, "https://[::1]:2379");
  EXPECT_EQ(parse_url("unix:///run/e.sock")->host, "/run/e.sock");
  EXPECT_EQ(parse_url("unix:/run/e.sock")->host, "/run/e.sock");
  EXPECT_EQ(parse_url("unixs://localhost:1")->host, "localhost:1");
  EXPECT_EQ(parse_url("http://localhost:0")->port, 0);
  EXPECT_EQ(join_urls(*parse_urls("http://b:1,http://a:1,http://b:1")), "http://a:1,http://b:1");
}

TEST(ValidationTest, compaction_retention_has_three_readings) {
  EXPECT_EQ(good(parse({"--auto-compaction-retention=5"})).auto_compaction_retention,
            std::chrono::hours(5));
  EXPECT_EQ(good(parse({"--auto-compaction-retention=90m"})).auto_compaction_retention,
            std::chrono::minutes(90));
  const Config revision =
      good(parse({"--auto-compaction-retention=1000", "--auto-compaction-mode=revision"}));
  EXPECT_EQ(revision.auto_compaction_revisions, 1000);
  EXPECT_EQ(revision.auto_compaction_retention, Duration(0));
  EXPECT_EQ(note_field(parse({"--auto-compaction-retention=9999999"}), "discovery failed", "error"),
            "error parsing CompactionRetention: time: missing unit in duration \"9999999\"");
}

TEST(ValidationTest, rotation_settings_reach_the_log) {
  const Config config = good(parse(
      {"--enable-log-rotation", "--log-outputs=stderr,/var/log/e.log",
       R"(--log-rotation-config-json={"maxsize": 5, "maxage": 6, "maxbackups": 7, "localtime": true, "compress": true})"}));
  EXPECT_EQ(config.log_rotation.max_size_mb, 5);
  EXPECT_EQ(config.log_rotation.max_age_days, 6);
  EXPECT_EQ(config.log_rotation.max_backups, 7);
  EXPECT_TRUE(config.log_rotation.local_time && config.log_rotation.compress &&
              config.log_rotation.enabled);
  EXPECT_EQ(log_options(config).outputs, (Args{"stderr", "/var/log/e.log"}));
}

TEST(ValidationTest, bulk_gates_leave_named_ones_alone) {
  const Config config =
      good(parse({"--feature-gates=InitialCorruptCheck=false, AllAlpha=true ,AllBeta=0"}));
  EXPECT_FALSE(config.feature("InitialCorruptCheck"));
  EXPECT_TRUE(config.feature("CompactHashCheck"));
  EXPECT_TRUE(config.feature("LeaseCheckpointPersist"));
  EXPECT_FALSE(config.feature("FastLeaseKeepAlive"));
  EXPECT_EQ(config.feature_gates.size(), 11u);
}

}  // namespace
}  // namespace keelson::config
