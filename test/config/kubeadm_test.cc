// The command lines that kubeadm 1.28 to 1.36 write into the static pod, and what becomes of
// defaults.
#include <gtest/gtest.h>

#include "config/bootstrap.h"
#include "config/url.h"
#include "parse_world.h"

namespace keelson::config {
namespace {

using namespace test;
using Args = std::vector<std::string>;

Args kubeadm(Args version_flags, const std::string& ip = "10.0.0.5",
             const std::string& loopback = "127.0.0.1") {
  const std::string pki = "/etc/kubernetes/pki/etcd/";
  Args args = {"--advertise-client-urls=https://" + ip + ":2379",
               "--cert-file=" + pki + "server.crt",
               "--client-cert-auth=true",
               "--data-dir=/var/lib/etcd",
               "--initial-advertise-peer-urls=https://" + ip + ":2380",
               "--initial-cluster=node-1=https://" + ip + ":2380",
               "--key-file=" + pki + "server.key",
               "--listen-client-urls=https://" + loopback + ":2379,https://" + ip + ":2379",
               "--listen-metrics-urls=http://" + loopback + ":2381",
               "--listen-peer-urls=https://" + ip + ":2380",
               "--name=node-1",
               "--peer-cert-file=" + pki + "peer.crt",
               "--peer-client-cert-auth=true",
               "--peer-key-file=" + pki + "peer.key",
               "--peer-trusted-ca-file=" + pki + "ca.crt",
               "--snapshot-count=10000",
               "--trusted-ca-file=" + pki + "ca.crt"};
  args.insert(args.end(), version_flags.begin(), version_flags.end());
  return args;
}

const Args kOldNames = {"--experimental-initial-corrupt-check=true",
                        "--experimental-watch-progress-notify-interval=5s"};
const Args kNewNames = {"--feature-gates=InitialCorruptCheck=true",
                        "--watch-progress-notify-interval=5s"};

// 1.28 to 1.33, and 1.34 and 1.35 with an old tag, write the old names; a control plane must come
// up.
TEST(KubeadmTest, old_and_new_names_give_the_same_member) {
  for (const Args& names : {kOldNames, kNewNames}) {
    const Outcome outcome = parse(kubeadm(names));
    const Config config = good(outcome);
    EXPECT_TRUE(config.feature("InitialCorruptCheck"));
    EXPECT_EQ(config.watch_progress_notify_interval, std::chrono::seconds(5));
    EXPECT_EQ(config.name, "node-1");
    EXPECT_EQ(config.data_dir, "/var/lib/etcd");
    EXPECT_EQ(config.snapshot_count, 10000u);
    EXPECT_EQ(join_urls(config.listen_client_urls), "https://10.0.0.5:2379,https://127.0.0.1:2379");
    EXPECT_EQ(join_urls(config.listen_metrics_urls), "http://127.0.0.1:2381");
    EXPECT_TRUE(config.client_tls.has_pair() && config.client_tls.wants_client_cert());
    EXPECT_EQ(has_note(outcome, "deprecated flag"), names == kOldNames);
    EXPECT_TRUE(check_bootstrap(config, [](const std::string&) { return Args(); }).ok());
  }
}

TEST(KubeadmTest, joining_member_is_told_the_cluster_exists) {
  Args args = kubeadm(kNewNames);
  args[5] = "--initial-cluster=node-0=https://10.0.0.4:2380,node-1=https://10.0.0.5:2380";
  args.push_back("--initial-cluster-state=existing");
  const Config config = good(parse(args));
  EXPECT_TRUE(config.initial_cluster_existing);
  const auto members = initial_members(config);
  ASSERT_TRUE(members.ok());
  ASSERT_EQ(members->size(), 2u);
  EXPECT_EQ((*members)[0].name, "node-0");
  EXPECT_EQ((*members)[1].peer_urls, Args{"https://10.0.0.5:2380"});
}

TEST(KubeadmTest, ipv6_nodes_work) {
  const Config config = good(parse(kubeadm(kNewNames, "[fd00::5]", "[::1]")));
  EXPECT_EQ(config.listen_peer_urls[0].host, "fd00::5");
  EXPECT_EQ(config.listen_metrics_urls[0].host, "::1");
}

// What people add by extraArgs.
TEST(KubeadmTest, usual_extra_arguments_are_taken) {
  good(parse(kubeadm(
      {"--quota-backend-bytes=8589934592", "--auto-compaction-mode=periodic",
       "--auto-compaction-retention=8", "--heartbeat-interval=500", "--election-timeout=5000",
       "--max-request-bytes=1572864", "--max-snapshots=5", "--max-wals=5", "--metrics=extensive",
       "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "--tls-min-version=TLS1.2",
       "--log-level=debug", "--logger=zap", "--unsafe-no-fsync=true",
       "--listen-client-http-urls=https://127.0.0.1:2382", "--initial-cluster-token=t",
       "--enable-pprof=true", "--enable-v2=false", "--proxy=off"})));
}

TEST(KubeadmTest, old_spellings_reach_the_new_fields) {
  const Config config = good(parse(
      {"--experimental-corrupt-check-time=1m", "--experimental-compact-hash-check-enabled",
       "--experimental-compact-hash-check-time=2m", "--experimental-memory-mlock",
       "--experimental-peer-skip-client-san-verification=true",
       "--experimental-snapshot-catchup-entries=3", "--experimental-warning-apply-duration=1s",
       "--experimental-enable-lease-checkpoint=true",
       "--experimental-enable-lease-checkpoint-persist=true", "--debug",
       "--experimental-txn-mode-write-with-shared-buffer=false"}));
  EXPECT_EQ(config.corrupt_check_time, std::chrono::minutes(1));
  EXPECT_EQ(config.compact_hash_check_time, std::chrono::minutes(2));
  EXPECT_TRUE(config.memory_mlock && config.peer_tls.skip_client_san_verification);
  EXPECT_EQ(config.snapshot_catchup_entries, 3u);
  EXPECT_EQ(config.warning_apply_duration, std::chrono::seconds(1));
  EXPECT_TRUE(config.feature("CompactHashCheck") && config.feature("LeaseCheckpointPersist"));
  EXPECT_FALSE(config.feature("TxnModeWriteWithSharedBuffer"));
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
}

// The v2 proxy is another program: starting a member instead would be a surprise.
TEST(KubeadmTest, v2_proxy_is_refused) { EXPECT_EQ(parse({"--proxy=on"}).exit_code, 2); }

TEST(DefaultsTest, name_makes_folder_and_cluster) {
  const Outcome outcome = parse({"--name=n1"});
  const Config config = good(outcome);
  EXPECT_EQ(config.data_dir, "n1.etcd");
  EXPECT_EQ(config.initial_cluster, "n1=http://localhost:2380");
  EXPECT_EQ(note_field(outcome, "'data-dir' was empty; using default", "data-dir"), "n1.etcd");
}

TEST(DefaultsTest, advertised_urls_make_the_cluster) {
  const Config config =
      good(parse({"--name=n", "--initial-advertise-peer-urls=http://b:1,http://a:1"}));
  EXPECT_EQ(config.initial_cluster, "n=http://a:1,n=http://b:1");
}

// Listening everywhere, "localhost" helps nobody else.
TEST(DefaultsTest, wildcard_listeners_advertise_the_hosts_address) {
  World world;
  world.host = "192.0.2.7";
  const Config config = good(world.parse({"--name=x", "--listen-peer-urls=http://0.0.0.0:1",
                                          "--listen-client-urls=http://0.0.0.0:2",
                                          "--advertise-client-urls=http://localhost:2379"}));
  EXPECT_EQ(join_urls(config.initial_advertise_peer_urls), "http://192.0.2.7:1");
  EXPECT_EQ(join_urls(config.advertise_client_urls), "http://192.0.2.7:2");
  EXPECT_EQ(config.initial_cluster, "x=http://192.0.2.7:1");
  world.host = "";
  EXPECT_EQ(
      join_urls(
          good(world.parse({"--listen-peer-urls=http://0.0.0.0:1"})).initial_advertise_peer_urls),
      "http://localhost:2380");
}

TEST(BootstrapTest, member_must_stand_in_the_cluster) {
  const Config config = good(parse({"--initial-cluster=b=http://localhost:2380"}));
  EXPECT_EQ(check_bootstrap(config, [](const std::string&) { return Args(); }).text(),
            "couldn't find local name \"default\" in the initial cluster configuration");
}

TEST(BootstrapTest, peer_urls_must_agree) {
  const Config config = good(parse({"--initial-cluster=default=http://localhost:2380",
                                    "--initial-advertise-peer-urls=http://192.0.2.2:19380"}));
  EXPECT_EQ(check_bootstrap(config, [](const std::string&) { return Args(); }).text(),
            "--initial-cluster has default=http://localhost:2380 but missing from "
            "--initial-advertise-peer-urls=http://192.0.2.2:19380 (resolved urls: "
            "\"http://192.0.2.2:19380\" != "
            "\"http://localhost:2380\")");
}

// A name on one side and its address on the other are the same member.
TEST(BootstrapTest, names_and_addresses_may_mix) {
  const Config config = good(parse({"--initial-cluster=default=http://node:2380",
                                    "--initial-advertise-peer-urls=http://10.0.0.1:2380"}));
  const auto resolve = [](const std::string& host) {
    return host == "node" ? Args{"10.0.0.1"} : Args{};
  };
  EXPECT_TRUE(check_bootstrap(config, resolve).ok());
}

}  // namespace
}  // namespace keelson::config
