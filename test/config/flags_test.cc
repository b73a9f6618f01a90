// Every flag: that it reaches its field by each of the three ways, and that help and defaults
// agree.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/duration.h"
#include "config/flag_table.h"
#include "config/stages.h"
#include "config/url.h"
#include "parse_world.h"

namespace keelson::config {
namespace {

using namespace test;

struct Row {
  std::string flag;
  std::string value;
  std::string file;  // the same in a configuration file; empty: only on the command line
  std::function<bool(const Config&)> reached;
};

std::string texts(const std::vector<Url>& urls) { return join_urls(urls); }
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

// Flags whose value the server uses. Some need a partner to be valid; see partners().
std::vector<Row> member_rows() {
  return {
      {"name", "x", "name: x", [](auto& c) { return c.name == "x"; }},
      {"data-dir", "/d", "data-dir: /d", [](auto& c) { return c.data_dir == "/d"; }},
      {"wal-dir", "/w", "wal-dir: /w", [](auto& c) { return c.wal_dir == "/w"; }},
      {"snapshot-count", "7", "snapshot-count: 7", [](auto& c) { return c.snapshot_count == 7; }},
      {"heartbeat-interval", "50", "heartbeat-interval: 50",
       [](auto& c) { return c.heartbeat_interval == milliseconds(50); }},
      {"election-timeout", "2000", "election-timeout: 2000",
       [](auto& c) { return c.election_timeout == milliseconds(2000); }},
      {"initial-election-tick-advance", "false", "initial-election-tick-advance: false",
       [](auto& c) { return !c.initial_election_tick_advance; }},
      {"listen-peer-urls", "http://1.1.1.1:1", "listen-peer-urls: http://1.1.1.1:1",
       [](auto& c) { return texts(c.listen_peer_urls) == "http://1.1.1.1:1"; }},
      {"listen-client-urls", "http://1.1.1.1:2,http://1.1.1.1:1",
       "listen-client-urls: http://1.1.1.1:2,http://1.1.1.1:1",
       [](auto& c) { return texts(c.listen_client_urls) == "http://1.1.1.1:1,http://1.1.1.1:2"; }},
      {"listen-client-http-urls", "http://1.1.1.1:3", "listen-client-http-urls: http://1.1.1.1:3",
       [](auto& c) { return texts(c.listen_client_http_urls) == "http://1.1.1.1:3"; }},
      {"memory-mlock", "true", "memory-mlock: true", [](auto& c) { return c.memory_mlock; }},
      {"quota-backend-bytes", "-1", "quota-backend-bytes: -1",
       [](auto& c) { return c.quota_backend_bytes == -1 && c.effective_quota() == INT64_MAX; }},
      {"max-txn-ops", "0x10", "max-txn-ops: 16", [](auto& c) { return c.max_txn_ops == 16; }},
      {"max-request-bytes", "99", "max-request-bytes: 99",
       [](auto& c) { return c.max_request_bytes == 99; }},
      {"max-concurrent-streams", "9", "max-concurrent-streams: 9",
       [](auto& c) { return c.max_concurrent_streams == 9; }},
      {"grpc-keepalive-min-time", "1s", "grpc-keepalive-min-time: 1000000000",
       [](auto& c) { return c.grpc_keepalive_min_time == seconds(1); }},
      {"grpc-keepalive-interval", "1m", "grpc-keepalive-interval: 60000000000",
       [](auto& c) { return c.grpc_keepalive_interval == minutes(1); }},
      {"grpc-keepalive-timeout", "1s", "grpc-keepalive-timeout: 1000000000",
       [](auto& c) { return c.grpc_keepalive_timeout == seconds(1); }},
      {"socket-reuse-port", "true", "socket-options: {reuse-port: true}",
       [](auto& c) { return c.socket_reuse_port; }},
      {"socket-reuse-address", "true", "socket-options: {reuse-address: true}",
       [](auto& c) { return c.socket_reuse_address; }},
      {"enable-grpc-gateway", "false", "enable-grpc-gateway: false",
       [](auto& c) { return !c.enable_grpc_gateway; }},
      {"feature-gates", "CompactHashCheck=true", "feature-gates: CompactHashCheck=true",
       [](auto& c) { return c.feature("CompactHashCheck"); }},
      {"io-threads", "3", "io-threads: 3", [](auto& c) { return c.io_threads == 3; }},
  };
}

std::vector<Row> cluster_rows() {
  return {
      {"initial-advertise-peer-urls", "http://a:1", "initial-advertise-peer-urls: http://a:1",
       [](auto& c) { return texts(c.initial_advertise_peer_urls) == "http://a:1"; }},
      {"initial-cluster", "default=http://b:1", "initial-cluster: default=http://b:1",
       [](auto& c) { return c.initial_cluster == "default=http://b:1"; }},
      {"initial-cluster-state", "existing", "initial-cluster-state: existing",
       [](auto& c) { return c.initial_cluster_existing; }},
      {"initial-cluster-token", "t", "initial-cluster-token: t",
       [](auto& c) { return c.initial_cluster_token == "t"; }},
      {"advertise-client-urls", "http://a:2", "advertise-client-urls: http://a:2",
       [](auto& c) { return texts(c.advertise_client_urls) == "http://a:2"; }},
      {"strict-reconfig-check", "false", "strict-reconfig-check: false",
       [](auto& c) { return !c.strict_reconfig_check; }},
      {"pre-vote", "false", "pre-vote: false", [](auto& c) { return !c.pre_vote; }},
      {"auto-compaction-retention", "3", "auto-compaction-retention: \"3\"",
       [](auto& c) { return c.auto_compaction_retention == std::chrono::hours(3); }},
      {"auto-compaction-mode", "revision", "auto-compaction-mode: revision",
       [](auto& c) { return c.auto_compaction_mode == "revision"; }},
      {"max-learners", "2", "max-learners: 2", [](auto& c) { return c.max_learners == 2; }},
      {"corrupt-check-time", "1m", "corrupt-check-time: 60000000000",
       [](auto& c) { return c.corrupt_check_time == minutes(1); }},
      {"compact-hash-check-time", "2m", "compact-hash-check-time: 120000000000",
       [](auto& c) { return c.compact_hash_check_time == minutes(2); }},
      {"watch-progress-notify-interval", "5s", "watch-progress-notify-interval: 5000000000",
       [](auto& c) { return c.watch_progress_notify_interval == seconds(5); }},
      {"warning-apply-duration", "1s", "warning-apply-duration: 1000000000",
       [](auto& c) { return c.warning_apply_duration == seconds(1); }},
      {"snapshot-catchup-entries", "8", "snapshot-catchup-entries: 8",
       [](auto& c) { return c.snapshot_catchup_entries == 8; }},
      {"force-new-cluster", "true", "force-new-cluster: true",
       [](auto& c) { return c.force_new_cluster; }},
      {"unsafe-no-fsync", "true", "unsafe-no-fsync: true",
       [](auto& c) { return c.unsafe_no_fsync; }},
  };
}

std::vector<Row> security_rows() {
  return {
      {"cert-file", "f", "client-transport-security: {cert-file: f}",
       [](auto& c) { return c.client_tls.cert_file == "f"; }},
      {"key-file", "f", "client-transport-security: {key-file: f}",
       [](auto& c) { return c.client_tls.key_file == "f"; }},
      {"client-cert-auth", "true", "client-transport-security: {client-cert-auth: true}",
       [](auto& c) { return c.client_tls.client_cert_auth && c.client_tls.wants_client_cert(); }},
      {"client-crl-file", "f", "client-transport-security: {client-crl-file: f}",
       [](auto& c) { return c.client_tls.crl_file == "f"; }},
      {"client-cert-allowed-hostname", "a,b",
       "client-transport-security: {allowed-hostname: [a, b]}",
       [](auto& c) { return c.client_tls.allowed_hostname == Strings{"a", "b"}; }},
      {"trusted-ca-file", "f", "client-transport-security: {trusted-ca-file: f}",
       [](auto& c) {
         return c.client_tls.trusted_ca_file == "f" && c.client_tls.wants_client_cert();
       }},
      {"auto-tls", "true", "client-transport-security: {auto-tls: true}",
       [](auto& c) { return c.client_tls.auto_tls; }},
      {"peer-cert-file", "f", "peer-transport-security: {cert-file: f}",
       [](auto& c) { return c.peer_tls.cert_file == "f"; }},
      {"peer-key-file", "f", "peer-transport-security: {key-file: f}",
       [](auto& c) { return c.peer_tls.key_file == "f"; }},
      {"peer-client-cert-auth", "true", "peer-transport-security: {client-cert-auth: true}",
       [](auto& c) { return c.peer_tls.client_cert_auth; }},
      {"peer-client-cert-file", "f", "peer-transport-security: {client-cert-file: f}",
       [](auto& c) { return c.peer_tls.client_cert_file == "f"; }},
      {"peer-client-key-file", "f", "peer-transport-security: {client-key-file: f}",
       [](auto& c) { return c.peer_tls.client_key_file == "f"; }},
      {"peer-trusted-ca-file", "f", "peer-transport-security: {trusted-ca-file: f}",
       [](auto& c) { return c.peer_tls.trusted_ca_file == "f"; }},
      {"peer-cert-allowed-cn", "a", "peer-transport-security: {allowed-cn: [a]}",
       [](auto& c) { return c.peer_tls.allowed_cn == Strings{"a"}; }},
      {"peer-cert-allowed-hostname", "a", "peer-transport-security: {allowed-hostname: [a]}",
       [](auto& c) { return c.peer_tls.allowed_hostname == Strings{"a"}; }},
      {"peer-auto-tls", "true", "peer-transport-security: {auto-tls: true}",
       [](auto& c) { return c.peer_tls.auto_tls; }},
      {"peer-crl-file", "f", "peer-transport-security: {client-crl-file: f}",
       [](auto& c) { return c.peer_tls.crl_file == "f"; }},
      {"peer-skip-client-san-verification", "true",
       "peer-transport-security: {skip-client-san-verification: true}",
       [](auto& c) { return c.peer_tls.skip_client_san_verification; }},
      {"self-signed-cert-validity", "3", "self-signed-cert-validity: 3",
       [](auto& c) { return c.self_signed_cert_validity_years == 3; }},
      {"cipher-suites", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
       "cipher-suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
       [](auto& c) { return c.cipher_suites.size() == 1; }},
      {"cors", "http://b:1,http://a:1", "cors: http://b:1,http://a:1",
       [](auto& c) { return c.cors == Strings{"http://a:1", "http://b:1"}; }},
      {"host-whitelist", "a,b", "host-whitelist: a,b",
       [](auto& c) { return c.host_whitelist == Strings{"a", "b"}; }},
      {"tls-min-version", "TLS1.3", "tls-min-version: TLS1.3",
       [](auto& c) { return c.tls_min_version == "TLS1.3"; }},
      {"tls-max-version", "TLS1.2", "tls-max-version: TLS1.2",
       [](auto& c) { return c.tls_max_version == "TLS1.2"; }},
  };
}

std::vector<Row> observation_rows() {
  return {
      {"enable-pprof", "true", "enable-pprof: true", [](auto& c) { return c.enable_pprof; }},
      {"metrics", "extensive", "metrics: extensive", [](auto& c) { return c.metrics_extensive; }},
      {"listen-metrics-urls", "http://127.0.0.1:2381", "listen-metrics-urls: http://127.0.0.1:2381",
       [](auto& c) { return texts(c.listen_metrics_urls) == "http://127.0.0.1:2381"; }},
      {"log-outputs", "stdout,/a", "log-outputs: [stdout, /a]",
       [](auto& c) { return c.log_outputs == Strings{"stdout", "/a"}; }},
      {"log-level", "WARN", "log-level: warn",
       [](auto& c) { return c.log_level == LogLevel::kWarn; }},
      {"log-format", "console", "log-format: console", [](auto& c) { return c.log_console; }},
      {"warning-unary-request-duration", "1s", "warning-unary-request-duration: 1000000000",
       [](auto& c) { return c.warning_unary_request_duration == seconds(1); }},
  };
}

std::vector<Row> all_rows() {
  std::vector<Row> rows = member_rows();
  for (auto more : {cluster_rows(), security_rows(), observation_rows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

// A flag that reaches the wrong field is found by nothing else.
TEST(FlagsTest, command_line_reaches_every_field) {
  for (const Row& row : all_rows()) {
    EXPECT_FALSE(row.reached(Config())) << row.flag << " tests nothing";
    std::vector<std::string> args = {"--" + row.flag + "=" + row.value};
    if (row.flag == "listen-client-urls") args.push_back("--advertise-client-urls=http://a:1");
    EXPECT_TRUE(row.reached(good(parse(args)))) << row.flag;
  }
}

TEST(FlagsTest, environment_reaches_every_field) {
  for (const Row& row : all_rows()) {
    World world;
    std::string name = "ETCD_" + row.flag;
    for (char& c : name) c = static_cast<char>(c == '-' ? '_' : std::toupper(c));
    world.environment = {"PATH=/bin", name + "=" + row.value};
    if (row.flag == "listen-client-urls")
      world.environment.push_back("ETCD_ADVERTISE_CLIENT_URLS=http://a:1");
    const Outcome outcome = world.parse({});
    EXPECT_TRUE(row.reached(good(outcome))) << row.flag;
    EXPECT_TRUE(has_note(outcome, "recognized and used environment variable"));
  }
}

TEST(FlagsTest, file_reaches_every_field) {
  for (const Row& row : all_rows()) {
    const Outcome outcome = parse_file(row.file + "\n");
    EXPECT_TRUE(row.reached(good(outcome))) << row.flag;
    EXPECT_FALSE(has_note(outcome, "ignored an unknown key of the configuration file")) << row.file;
  }
}

// Every shown flag is either in the tables above, says why it does nothing, or is judged later.
TEST(FlagsTest, no_flag_is_forgotten) {
  std::set<std::string> used;
  for (const Row& row : all_rows()) used.insert(row.flag);
  for (const char* judged :
       {"config-file", "version", "discovery-token", "discovery-endpoints", "discovery-srv",
        "logger", "enable-log-rotation", "log-rotation-config-json"})
    used.insert(judged);
  for (const Flag* flag : all_flags()) {
    if (flag->group == Group::kHidden) continue;
    EXPECT_TRUE(used.contains(std::string(flag->name)) || !flag->inert.empty()) << flag->name;
  }
}

// --help shows a default in words of its own; it must be the one that counts.
TEST(FlagsTest, shown_defaults_are_the_real_ones) {
  const Config untouched = good(parse_nothing());
  for (const Flag* flag : all_flags()) {
    if (flag->group == Group::kHidden || flag->name == "data-dir" || flag->name == "version")
      continue;
    if (flag->default_text.empty() || flag->name == "listen-client-urls") continue;
    const Config set =
        good(parse({"--" + std::string(flag->name) + "=" + std::string(flag->default_text)}));
    const auto shown = [](const Config& c) {
      std::string out;
      for (const Row& row : all_rows()) out += row.reached(c) ? '1' : '0';
      return out + c.initial_cluster + c.data_dir + std::to_string(c.quota_backend_bytes);
    };
    EXPECT_EQ(shown(set), shown(untouched)) << flag->name;
  }
}

// What does nothing says so, with a reason, once.
TEST(FlagsTest, inert_flags_leave_a_note) {
  for (const Flag* flag : all_flags()) {
    if (flag->inert.empty() || !std::holds_alternative<Place<std::string>>(flag->target)) continue;
    const Outcome outcome = parse({"--" + std::string(flag->name) + "=x"});
    EXPECT_TRUE(outcome.config.has_value()) << flag->name;
    EXPECT_EQ(note_field(outcome, "flag does nothing here", "flag"), flag->name);
    EXPECT_EQ(note_field(outcome, "flag does nothing here", "reason"), flag->inert);
  }
}

TEST(FlagsTest, ignored_flags_take_anything_and_no_value) {
  const Outcome outcome = parse(
      {"--snapshot", "--force=false", "--v", "--vv", "--cluster-active-size=9", "-name", "x"});
  EXPECT_EQ(good(outcome).name, "x");
  EXPECT_EQ(parse({"--cluster-active-size", "9"}).exit_code, 1);
}

}  // namespace
}  // namespace keelson::config
