// etcd's metrics that a store has a true equivalent for; names and buckets as etcd's.
#pragma once

#include "base/clock.h"
#include "base/metrics.h"

namespace keelson::mvcc {

struct Metrics {
  explicit Metrics(Registry& registry);

  Histogram& commit_seconds;     // a persist transaction, begin to durable
  Histogram& spill_seconds;      // of that: changes into pages
  Histogram& write_seconds;      // of that: journal written and synced
  Histogram& rebalance_seconds;  // a checkpoint turn
  Gauge& current_revision;
  Gauge& compact_revision;
  Gauge& keys;
  Gauge& put_bytes;  // key and value bytes of all puts
  Gauge& file_bytes;
  Gauge& in_use_bytes;
  Gauge& open_reads;
  Counter& compacted_keys;
  Gauge& compaction_last;  // Unix seconds
  Histogram& compaction_pause_ms;
  Histogram& compaction_total_ms;
  Histogram& index_pause_ms;
  Histogram& hash_seconds;
  Histogram& hash_rev_seconds;
  Histogram& defrag_seconds;
  Gauge& defrag_inflight;
};

// Time spent, for a histogram; observes nothing without a clock.
class Stopwatch {
 public:
  explicit Stopwatch(const Clock* clock) : clock_(clock) {
    if (clock_ != nullptr) begin_ = clock_->now();
  }
  int64_t nanoseconds() const { return clock_ == nullptr ? 0 : (clock_->now() - begin_).count(); }
  void observe_seconds(Histogram& h) const {
    if (clock_ != nullptr) h.observe_seconds(nanoseconds());
  }
  void observe_milliseconds(Histogram& h) const {
    if (clock_ != nullptr) h.observe(static_cast<double>(nanoseconds()) * 1e-6);
  }

 private:
  const Clock* clock_;
  TimePoint begin_;
};

}  // namespace keelson::mvcc
