#include "mvcc/metrics.h"

namespace keelson::mvcc {
namespace {

constexpr double kDiskFirst = 0.001;
constexpr int kDiskBuckets = 14;
constexpr double kHashFirst = 0.01;
constexpr int kHashBuckets = 15;

}  // namespace

Metrics::Metrics(Registry& r)
    : commit_seconds(r.histogram("etcd_disk_backend_commit_duration_seconds",
                                 "The latency distributions of commit called by backend.",
                                 kDiskFirst, 2, kDiskBuckets)),
      spill_seconds(r.histogram("etcd_debugging_disk_backend_commit_spill_duration_seconds",
                                "Part of a commit that puts changes into pages.", kDiskFirst, 2,
                                kDiskBuckets)),
      write_seconds(r.histogram("etcd_debugging_disk_backend_commit_write_duration_seconds",
                                "Part of a commit that writes and syncs the journal.", kDiskFirst,
                                2, kDiskBuckets)),
      rebalance_seconds(r.histogram("etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
                                    "Turns that move the journal into the database file.",
                                    kDiskFirst, 2, kDiskBuckets)),
      current_revision(
          r.gauge("etcd_debugging_mvcc_current_revision", "The current revision of store.")),
      compact_revision(r.gauge("etcd_debugging_mvcc_compact_revision",
                               "The revision of the last compaction in store.")),
      keys(r.gauge("etcd_debugging_mvcc_keys_total", "Total number of keys.")),
      put_bytes(r.gauge("etcd_debugging_mvcc_total_put_size_in_bytes",
                        "The total size of put kv pairs seen by this member.")),
      file_bytes(r.gauge("etcd_mvcc_db_total_size_in_bytes",
                         "Total size of the underlying database physically allocated in bytes.")),
      in_use_bytes(r.gauge("etcd_mvcc_db_total_size_in_use_in_bytes",
                           "Total size of the underlying database logically in use in bytes.")),
      open_reads(r.gauge("etcd_mvcc_db_open_read_transactions",
                         "The number of currently open read transactions")),
      compacted_keys(r.counter("etcd_debugging_mvcc_db_compaction_keys_total",
                               "Total number of db keys compacted.")),
      compaction_last(r.gauge("etcd_debugging_mvcc_db_compaction_last",
                              "The unix time of the last db compaction. Resets to 0 on start.")),
      compaction_pause_ms(
          r.histogram("etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
                      "Bucketed histogram of db compaction pause duration.", 1, 2, 13)),
      compaction_total_ms(
          r.histogram("etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
                      "Bucketed histogram of db compaction total duration.", 100, 2, 14)),
      index_pause_ms(r.histogram("etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
                                 "Bucketed histogram of index compaction pause duration.", 0.5, 2,
                                 14)),
      hash_seconds(r.histogram("etcd_mvcc_hash_duration_seconds",
                               "The latency distribution of storage hash operation.", kHashFirst, 2,
                               kHashBuckets)),
      hash_rev_seconds(
          r.histogram("etcd_mvcc_hash_rev_duration_seconds",
                      "The latency distribution of storage hash by revision operation.", kHashFirst,
                      2, kHashBuckets)),
      defrag_seconds(r.histogram("etcd_disk_backend_defrag_duration_seconds",
                                 "The latency distribution of backend defragmentation.", 0.1, 2,
                                 13)),
      defrag_inflight(r.gauge("etcd_disk_defrag_inflight",
                              "Whether or not defrag is active on the member. 1 means active, 0 "
                              "means not.")) {}

}  // namespace keelson::mvcc
