// Names that --help does not show: what etcd 3.7 accepts without effect, and the spellings of 3.4
// to 3.6 that manifests still carry (kubeadm 1.28 to 1.35 write two of them).
#include "config/flag_table.h"
#include "config/values.h"

namespace keelson::config {
namespace {

constexpr std::string_view kIgnored = "etcd 3.7 accepts it without effect, too";
constexpr std::string_view kNoV2 = "the v2 API is gone since etcd 3.6";

template <const char* gate>
void set_gate(Settings& s, bool enabled) {
  for (FeatureGate& one : s.config.feature_gates)
    if (one.name == gate) one.enabled = enabled;
}

constexpr char kInitialCorruptCheck[] = "InitialCorruptCheck";
constexpr char kCompactHashCheck[] = "CompactHashCheck";
constexpr char kLeaseCheckpoint[] = "LeaseCheckpoint";
constexpr char kLeaseCheckpointPersist[] = "LeaseCheckpointPersist";
constexpr char kTxnMode[] = "TxnModeWriteWithSharedBuffer";
constexpr char kStopOnDefrag[] = "StopGRPCServiceOnDefrag";

void set_debug(Settings& s, bool on) {
  if (on) s.raw.log_level = "debug";
}

// "off" is what a member does anyway; anything else would have made it no member at all.
Status set_proxy(Settings&, const std::string& text) {
  if (text == "off") return Status();
  return Status(Code::kInvalidArgument, "the v2 proxy was removed in etcd 3.6");
}

// A switch that takes any value.
Flag ignored(std::string_view name) {
  return {name, "", Group::kHidden, unused<&Unused::text>, "", "-", kIgnored, {}, true};
}
Flag removed(std::string_view name) {
  return {name, "", Group::kHidden, unused<&Unused::text>, "", {}, kNoV2};
}
Flag removed_bool(std::string_view name) {
  return {name, "", Group::kHidden, unused<&Unused::yes>, "", {}, kNoV2};
}
Flag gate(std::string_view name, BoolSetter set, std::string_view new_text) {
  return {name, "", Group::kHidden, set, "", {}, {}, new_text};
}

// The row of the new name under the old one.
Flag renamed(std::string_view name, std::string_view to) {
  for (const auto flags : {member_flags(), clustering_flags(), security_flags(),
                           observation_flags(), feature_flags()}) {
    for (Flag flag : flags) {
      if (flag.name != to) continue;
      flag.name = name;
      flag.group = Group::kHidden;
      flag.file_key = {};
      flag.renamed_to = to;
      return flag;
    }
  }
  CHECK(!"a row of that name exists");
}

std::vector<Flag> make_ignored() {
  std::vector<Flag> flags;
  for (const char* name : {"cluster-active-size", "cluster-remove-delay", "cluster-sync-interval",
                           "config", "force", "max-result-buffer", "max-retry-attempts",
                           "peer-heartbeat-interval", "peer-election-timeout", "retry-interval",
                           "snapshot", "test.coverprofile", "test.outputdir", "v", "vv"})
    flags.push_back(ignored(name));
  for (const char* name :
       {"proxy-failure-wait", "proxy-refresh-interval", "proxy-dial-timeout", "proxy-write-timeout",
        "proxy-read-timeout", "experimental-enable-v2v3", "log-package-levels"})
    flags.push_back(removed(name));
  flags.push_back(removed_bool("enable-v2"));
  flags.push_back({"proxy", "", Group::kHidden, set_proxy, "", {}, kNoV2});
  flags.push_back({"debug", "", Group::kHidden, set_debug, "", {}, {}, "log-level=debug"});
  return flags;
}

void add_gates(std::vector<Flag>& flags) {
  flags.push_back(gate("experimental-initial-corrupt-check", set_gate<kInitialCorruptCheck>,
                       "feature-gates=InitialCorruptCheck=true"));
  flags.push_back(gate("experimental-compact-hash-check-enabled", set_gate<kCompactHashCheck>,
                       "feature-gates=CompactHashCheck=true"));
  flags.push_back(gate("experimental-enable-lease-checkpoint", set_gate<kLeaseCheckpoint>,
                       "feature-gates=LeaseCheckpoint=true"));
  flags.push_back(gate("experimental-enable-lease-checkpoint-persist",
                       set_gate<kLeaseCheckpointPersist>,
                       "feature-gates=LeaseCheckpointPersist=true"));
  flags.push_back(gate("experimental-txn-mode-write-with-shared-buffer", set_gate<kTxnMode>,
                       "feature-gates=TxnModeWriteWithSharedBuffer=true"));
  flags.push_back(gate("experimental-stop-grpc-service-on-defrag", set_gate<kStopOnDefrag>,
                       "feature-gates=StopGRPCServiceOnDefrag=true"));
}

void add_renamed(std::vector<Flag>& flags) {
  constexpr size_t kPrefixSize = sizeof("experimental-") - 1;
  for (const std::string_view name :
       {"experimental-watch-progress-notify-interval", "experimental-corrupt-check-time",
        "experimental-compact-hash-check-time", "experimental-compaction-batch-limit",
        "experimental-compaction-sleep-interval", "experimental-peer-skip-client-san-verification",
        "experimental-memory-mlock", "experimental-bootstrap-defrag-threshold-megabytes",
        "experimental-snapshot-catchup-entries", "experimental-warning-apply-duration",
        "experimental-warning-unary-request-duration", "experimental-downgrade-check-time",
        "experimental-enable-distributed-tracing", "experimental-distributed-tracing-address",
        "experimental-distributed-tracing-service-name",
        "experimental-distributed-tracing-instance-id",
        "experimental-distributed-tracing-sampling-rate",
        "experimental-backend-bbolt-freelist-type", "experimental-max-learners"})
    flags.push_back(renamed(name, name.substr(kPrefixSize)));
  // The file's spelling of it in 3.6.
  flags.push_back(renamed("experimental-snapshot-catch-up-entries", "snapshot-catchup-entries"));
  flags.push_back(renamed("log-output", "log-outputs"));
}

}  // namespace

std::span<const Flag> hidden_flags() {
  static const std::vector<Flag> flags = [] {
    std::vector<Flag> all = make_ignored();
    add_gates(all);
    add_renamed(all);
    return all;
  }();
  return flags;
}

}  // namespace keelson::config
