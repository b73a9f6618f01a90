// Where the node's log batches go. Production: one thread that takes all batches waiting, appends
// them and syncs once; the simulator: a step of its own. The number of the last batch made durable
// comes back through `synced`, never an index (entries may have been overwritten meanwhile).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

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
  std::function<void()> done;
};

class LogWriter {
 public:
  virtual ~LogWriter() = default;
  virtual void submit(LogBatch&& batch) = 0;
};

// Owns the log thread.
class LogThread final : public LogWriter {
 public:
  // Called on the log's thread with the last durable batch; `idle` when no other one waits.
  using Synced = std::function<void(uint64_t batch, bool idle)>;
  LogThread(wal::Wal& wal, const Clock& clock, Registry& metrics, Synced synced);
  ~LogThread() override;  // writes what is queued, then joins
  void submit(LogBatch&& batch) override;

 private:
  void run();
  void write(std::vector<LogBatch>& batches);
  bool idle();

  wal::Wal& wal_;
  const Clock& clock_;
  const Synced synced_;
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
