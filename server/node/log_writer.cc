#include "node/log_writer.h"

#include <pthread.h>

namespace keelson::node {

LogThread::LogThread(wal::Wal& wal, const Clock& clock, Registry& metrics, Synced synced)
    : wal_(wal),
      clock_(clock),
      synced_(std::move(synced)),
      sync_seconds_(metrics.histogram("etcd_disk_wal_fsync_duration_seconds",
                                      "Latency of the log's syncs.", 0.001, 2, 14)),
      write_seconds_(metrics.histogram("etcd_disk_wal_write_duration_seconds",
                                       "Time to encode a batch into the log.", 0.001, 2, 14)),
      bytes_(metrics.gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the log.")),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "log");
}

LogThread::~LogThread() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogThread::submit(LogBatch&& batch) {
  bool was_empty = false;
  {
    MutexLock lock(mutex_);
    was_empty = queue_.empty();
    queue_.push_back(std::move(batch));
  }
  if (was_empty) wake_.notify_one();
}

void LogThread::run() {
  std::vector<LogBatch> batches;
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stop_) wake_.wait(mutex_);
      if (queue_.empty()) return;
      batches.swap(queue_);
    }
    write(batches);
    batches.clear();
  }
}

void LogThread::write(std::vector<LogBatch>& batches) {
  const TimePoint started = clock_.now();
  uint64_t last = 0;
  bool must_sync = false;
  for (LogBatch& batch : batches) {
    if (Status s = wal_.append(batch.entries, batch.state); !s.ok())
      die("append to the log:", s.text().c_str(), 0);
    if (batch.generation > 0)
      if (Status s = wal_.append_generation(batch.generation); !s.ok())
        die("append to the log:", s.text().c_str(), 0);
    must_sync = must_sync || batch.must_sync || batch.generation > 0;
    last = std::max(last, batch.number);
  }
  const TimePoint appended = clock_.now();
  write_seconds_.observe_seconds((appended - started).count());
  if (must_sync) {
    wal_.sync();
    sync_seconds_.observe_seconds((clock_.now() - appended).count());
  }
  bytes_.set(static_cast<int64_t>(wal_.stats().bytes_written));
  for (LogBatch& batch : batches)
    if (batch.done) batch.done();
  if (last > 0) synced_(last, idle());
}

bool LogThread::idle() {
  MutexLock lock(mutex_);
  return queue_.empty();
}

}  // namespace keelson::node
