// Where the node's log batches go. Production: one thread that takes all batches waiting, appends
// them and syncs once; the simulator: a step of its own. The number of the last batch made durable
// comes back through `synced`, never an index (entries may have been overwritten meanwhile).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "wal/wal.h"

namespace keelson::node {

struct LogBatch {
  uint64_t number = 0;
  std::vector<wal::EntryRecord> entries;
  std::optional<wal::HardStateRecord> state;
  bool must_sync = true;
  uint64_t generation = 0;  // > 0: a marker; `done` runs on the log thread after its sync
  // With a generation: the state up to here came as a snapshot; the log begins anew behind it.
  std::optional<Index> reset;
  std::function<void()> done;
};

class LogWriter {
 public:
  virtual ~LogWriter() = default;
  virtual void submit(LogBatch&& batch) = 0;
};

// Owns the log thread. A full disk is waited out (design.md section 4): nothing is acknowledged
// meanwhile, the batch is tried again until there is space; the alarm that keeps writers away was
// raised before, when the spare segments could not be refilled. Any other failure ends the process.
class LogThread final : public LogWriter {
 public:
  // Called on the log's thread with the last durable batch; `idle` when no other one waits.
  using Synced = std::function<void(uint64_t batch, bool idle)>;
  struct Environment {
    wal::Wal& wal;
    const Clock& clock;
    Log& log;
    Registry& metrics;
  };
  LogThread(const Environment& env, Synced synced, Duration retry = std::chrono::milliseconds(200));
  ~LogThread() override;  // writes what is queued unless the disk is full, then joins
  void submit(LogBatch&& batch) override;

 private:
  void run();
  void write(std::span<LogBatch> batches);
  size_t append(std::span<LogBatch> batches);
  bool append_one(const LogBatch& batch);
  void sync(std::span<LogBatch> appended);
  bool wait_for_space();
  bool idle();

  const Environment env_;
  const Synced synced_;
  const Duration retry_;
  TimePoint full_since_ = TimePoint::max();
  Histogram& sync_seconds_;
  Histogram& write_seconds_;
  Gauge& bytes_;
  Mutex mutex_;
  CondVar wake_;
  std::vector<LogBatch> queue_ GUARDED_BY(mutex_);
  bool stop_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace keelson::node
