// Flags, environment and file become one immutable Config, validated once.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"

namespace keelson::config {

// scheme "http", "https", "unix" or "unixs".
struct Url {
  std::string text;  // as given, trimmed
  std::string scheme;
  std::string host;  // or the socket's path
  uint16_t port = 0;
  bool tls() const { return scheme == "https" || scheme == "unixs"; }
  bool is_unix() const { return scheme == "unix" || scheme == "unixs"; }
};

struct Tls {
  std::string cert_file, key_file, client_cert_file, client_key_file, trusted_ca_file, crl_file;
  bool client_cert_auth = false;
  bool auto_tls = false;
  bool skip_client_san_verification = false;
  std::vector<std::string> allowed_cn, allowed_hostname;
  bool has_pair() const { return !cert_file.empty() && !key_file.empty(); }
  // A CA file alone is enough for etcd to ask for certificates, too.
  bool wants_client_cert() const { return client_cert_auth || !trusted_ca_file.empty(); }
};

struct FeatureGate {
  std::string name;
  std::string stage;  // "ALPHA", "BETA"
  bool enabled = false;
};

using keelson::LogRotation;

struct Config {
  // member
  std::string name = "default";
  std::string data_dir;  // default ${name}.etcd
  std::string wal_dir;
  uint64_t snapshot_count = 10000;
  uint64_t snapshot_catchup_entries = 5000;
  std::chrono::milliseconds heartbeat_interval{100};
  std::chrono::milliseconds election_timeout{1000};
  bool initial_election_tick_advance = true;
  std::vector<Url> listen_peer_urls, listen_client_urls, listen_client_http_urls,
      listen_metrics_urls;
  int64_t quota_backend_bytes = 0;  // as given; effective_quota() applies the rules
  uint64_t max_txn_ops = 128;
  uint64_t max_request_bytes = 1572864;
  uint32_t max_concurrent_streams = 4294967295u;
  Duration grpc_keepalive_min_time = std::chrono::seconds(5);
  Duration grpc_keepalive_interval = std::chrono::hours(2);
  Duration grpc_keepalive_timeout = std::chrono::seconds(20);
  bool socket_reuse_port = false, socket_reuse_address = false;
  bool enable_grpc_gateway = true;
  bool memory_mlock = false;
  int io_threads = 0;  // Keelson's own; 0 = cores - 1, at least 1, at most 8
  // clustering
  std::vector<Url> initial_advertise_peer_urls, advertise_client_urls;
  std::string initial_cluster;  // as given or made from name and peer URLs
  bool initial_cluster_existing = false;
  std::string initial_cluster_token = "etcd-cluster";
  bool strict_reconfig_check = true;
  bool pre_vote = true;
  int max_learners = 1;
  bool force_new_cluster = false;
  // compaction, checks
  std::string auto_compaction_mode = "periodic";
  Duration auto_compaction_retention{0};  // periodic
  int64_t auto_compaction_revisions = 0;  // revision mode
  Duration watch_progress_notify_interval = std::chrono::minutes(10);
  Duration corrupt_check_time{0};
  Duration compact_hash_check_time = std::chrono::minutes(1);
  Duration warning_apply_duration = std::chrono::milliseconds(100);
  Duration warning_unary_request_duration = std::chrono::milliseconds(300);
  bool unsafe_no_fsync = false;
  // security
  Tls client_tls, peer_tls;
  std::vector<std::string> cipher_suites;
  std::string tls_min_version = "TLS1.2", tls_max_version;
  uint64_t self_signed_cert_validity_years = 1;
  std::vector<std::string> cors{"*"}, host_whitelist{"*"};
  // observation
  bool enable_pprof = false;
  bool metrics_extensive = false;
  std::vector<std::string> log_outputs{"default"};
  LogLevel log_level = LogLevel::kInfo;
  bool log_console = false;
  LogRotation log_rotation;
  std::vector<FeatureGate> feature_gates;  // every known gate

  bool feature(const std::string& gate_name) const {
    for (const FeatureGate& gate : feature_gates)
      if (gate.name == gate_name) return gate.enabled;
    return false;
  }
  // 0 -> 2 GiB, negative -> none (INT64_MAX).
  int64_t effective_quota() const {
    if (quota_backend_bytes < 0) return INT64_MAX;
    return quota_backend_bytes == 0 ? int64_t{2} << 30 : quota_backend_bytes;
  }
};

}  // namespace keelson::config
