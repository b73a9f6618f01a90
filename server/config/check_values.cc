#include "base/duration.h"
#include "config/stages.h"
#include "config/values.h"

namespace keelson::config {
namespace {

constexpr int64_t kElectionMillisecondsMax = 50'000;
constexpr int64_t kSamplingRateMax = 1'000'000;
constexpr size_t kHourDigitsMax = 6;  // 114 years; more would not fit into nanoseconds
constexpr size_t kRevisionDigitsMax = 18;

Status bad(std::string text) { return Status(Code::kInvalidArgument, std::move(text)); }

}  // namespace

Status check_discovery(const Settings& settings) {
  const Raw& raw = settings.raw;
  const bool endpoints = !raw.discovery_endpoints.empty();
  const bool any = endpoints || !raw.discovery_srv.empty();
  const bool listed = settings.given.contains("initial-cluster");
  if (int{listed} + int{endpoints} + int{!raw.discovery_srv.empty()} > 1)
    return bad(
        "multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", "
        "\"discovery-endpoints\" or \"discovery-srv\"");
  if (raw.cluster_state != "new" && raw.cluster_state != "existing")
    return bad("unexpected clusterState " + quote(raw.cluster_state));
  if (raw.discovery_fallback == "proxy")
    return bad("v2 proxy is deprecated, and --discovery-fallback can't be configured as \"proxy\"");
  if (endpoints == raw.discovery_token.empty())
    return bad("both --discovery-token and --discovery-endpoints must be set");
  for (const std::string& endpoint : raw.discovery_endpoints)
    if (endpoint.empty()) return bad("--discovery-endpoints must not contain empty endpoints");
  if (any) return bad("Keelson has no discovery: list the members in --initial-cluster");
  return Status();
}

Status resolve_timers(Settings& settings) {
  const int64_t heartbeat = settings.config.heartbeat_interval.count();
  const int64_t election = settings.config.election_timeout.count();
  const auto ms = [](int64_t n) { return std::to_string(n) + "ms"; };
  if (heartbeat == 0) return bad("--heartbeat-interval must be >0 (set to 0ms)");
  if (election == 0) return bad("--election-timeout must be >0 (set to 0ms)");
  if (5 * heartbeat > election)
    return bad("--election-timeout[" + ms(election) +
               "] should be at least as 5 times as --heartbeat-interval[" + ms(heartbeat) + "]");
  if (election > kElectionMillisecondsMax)
    return bad("--election-timeout[" + ms(election) +
               "] is too long, and should be set less than " + ms(kElectionMillisecondsMax));
  settings.config.initial_cluster_existing = settings.raw.cluster_state == "existing";
  return Status();
}

Status check_features(const Settings& settings) {
  const Config& config = settings.config;
  const std::string& mode = config.auto_compaction_mode;
  if (mode != "periodic" && mode != "revision")
    return bad("unknown auto-compaction-mode " + quote(mode));
  const int64_t rate = settings.raw.tracing_sampling_rate;
  if (settings.raw.tracing && (rate < 0 || rate > kSamplingRateMax))
    return bad(
        "distributed tracing configurition is not valid: (tracing sampling rate must be less "
        "than 1000000)");
  if (config.feature("LeaseCheckpointPersist") && !config.feature("LeaseCheckpoint"))
    return bad(
        "enabling feature gate LeaseCheckpointPersist requires enabling feature gate "
        "LeaseCheckpoint");
  if (config.compact_hash_check_time <= Duration(0))
    return bad("--compact-hash-check-time must be >0 (set to " +
               duration_text(config.compact_hash_check_time) + ")");
  if (config.max_learners < 0) return bad("--max-learners must not be negative");
  return Status();
}

// A whole number is hours or revisions; anything else is a duration, which in revision mode counts
// its nanoseconds (as in etcd, where it is hardly meant).
Status resolve_compaction(Settings& settings) {
  Config& config = settings.config;
  const std::string& text = settings.raw.compaction_retention;
  const bool revisions = config.auto_compaction_mode == "revision";
  Duration value{0};
  const bool whole = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (whole && text.size() <= (revisions ? kRevisionDigitsMax : kHourDigitsMax)) {
    const int64_t count = std::stoll(text);
    value = revisions ? Duration(count) : std::chrono::hours(count);
  } else if (const auto parsed = parse_duration(text)) {
    value = *parsed;
  } else {
    return bad("error parsing CompactionRetention: " + duration_error(text));
  }
  if (revisions) {
    config.auto_compaction_revisions = value.count();
  } else {
    config.auto_compaction_retention = value;
  }
  return Status();
}

}  // namespace keelson::config
