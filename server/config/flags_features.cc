#include "config/flag_table.h"

namespace keelson::config {
namespace {

constexpr std::string_view kOwnSlices = "compaction works in slices of at most 2 ms of its own";

const Flag kFlags[] = {
    {"corrupt-check-time",
     "0s",
     Group::kFeatures,
     in_config<&Config::corrupt_check_time>,
     "How often the leader compares the members' data (0 = never).",
     {},
     kNotYet},
    {"compact-hash-check-time",
     "1m",
     Group::kFeatures,
     in_config<&Config::compact_hash_check_time>,
     "How often the leader compares hashes taken at compactions (feature gate CompactHashCheck).",
     {},
     kNotYet},
    {"compaction-batch-limit",
     "0",
     Group::kFeatures,
     unused<&Unused::integer>,
     "Accepted for compatibility.",
     {},
     kOwnSlices},
    {"compaction-sleep-interval",
     "0s",
     Group::kFeatures,
     unused<&Unused::duration>,
     "Accepted for compatibility.",
     {},
     kOwnSlices},
    {"watch-progress-notify-interval", "10m", Group::kFeatures,
     in_config<&Config::watch_progress_notify_interval>,
     "How often quiet watchers that asked for it are told the current revision."},
    {"warning-apply-duration", "100ms", Group::kFeatures,
     in_config<&Config::warning_apply_duration>, "Entries that take longer to apply are logged."},
    {"downgrade-check-time",
     "5s",
     Group::kFeatures,
     unused<&Unused::duration>,
     "Accepted for compatibility.",
     {},
     "the end of a downgrade is seen when it happens"},
    {"bootstrap-defrag-threshold-megabytes",
     "0",
     Group::kFeatures,
     unused<&Unused::number>,
     "Accepted for compatibility.",
     {},
     "the store shrinks beside its work, not at the start"},
    {"snapshot-catchup-entries", "5000", Group::kFeatures,
     in_config<&Config::snapshot_catchup_entries>,
     "Entries of the raft log that are kept for members that are behind."},
    {"force-new-cluster",
     "false",
     Group::kUnsafe,
     in_config<&Config::force_new_cluster>,
     "Make this member the only one of its cluster. The others must be gone for good.",
     {},
     kNotYet},
    {"unsafe-no-fsync", "false", Group::kUnsafe, in_config<&Config::unsafe_no_fsync>,
     "Do not sync files. Data that was acknowledged is lost when the machine stops."},
};

}  // namespace

std::span<const Flag> feature_flags() { return kFlags; }

}  // namespace keelson::config
