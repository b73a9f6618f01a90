#include "node/log_writer.h"

#include <pthread.h>

namespace keelson::node {

LogThread::LogThread(const Environment& env, Synced synced, Duration retry)
    : env_(env),
      synced_(std::move(synced)),
      retry_(retry),
      sync_seconds_(env.metrics.histogram("etcd_disk_wal_fsync_duration_seconds",
                                          "Latency of the log's syncs.", 0.001, 2, 14)),
      write_seconds_(env.metrics.histogram("etcd_disk_wal_write_duration_seconds",
                                           "Time to encode a batch into the log.", 0.001, 2, 14)),
      bytes_(env.metrics.gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the log.")),
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

void LogThread::write(std::span<LogBatch> batches) {
  while (!batches.empty()) {
    const size_t appended = append(batches);
    if (appended > 0) sync(batches.first(appended));
    batches = batches.subspan(appended);
    if (!batches.empty() && !wait_for_space()) return;
  }
}

// How many of them found space.
size_t LogThread::append(std::span<LogBatch> batches) {
  const TimePoint started = env_.clock.now();
  size_t appended = 0;
  while (appended < batches.size() && append_one(batches[appended])) ++appended;
  write_seconds_.observe_seconds((env_.clock.now() - started).count());
  return appended;
}

// False: the disk is full. Once more is safe then, even if the entries were appended and the marker
// was not: the log takes an index again.
bool LogThread::append_one(const LogBatch& batch) {
  // A reset comes first: the hard state of its batch lies beyond the log that was.
  Status status;
  if (batch.reset) status = env_.wal.append_generation(batch.generation, batch.reset);
  if (status.ok()) status = env_.wal.append(batch.entries, batch.state);
  if (status.ok() && batch.generation > 0 && !batch.reset)
    status = env_.wal.append_generation(batch.generation);
  if (io::is_no_space(status)) return false;
  if (!status.ok()) die("append to the log:", status.text().c_str(), 0);
  return true;
}

void LogThread::sync(std::span<LogBatch> appended) {
  uint64_t last = 0;
  bool must_sync = false;
  for (const LogBatch& batch : appended) {
    must_sync = must_sync || batch.must_sync || batch.generation > 0;
    last = std::max(last, batch.number);
  }
  if (must_sync) {
    const TimePoint started = env_.clock.now();
    env_.wal.sync();
    sync_seconds_.observe_seconds((env_.clock.now() - started).count());
  }
  if (full_since_ != TimePoint::max()) {
    env_.log.info("the disk has space again: the log goes on",
                  {{"stood", env_.clock.now() - full_since_}});
    full_since_ = TimePoint::max();
  }
  bytes_.set(static_cast<int64_t>(env_.wal.stats().bytes_written));
  for (LogBatch& batch : appended)
    if (batch.done) batch.done();
  if (last > 0) synced_(last, idle());
}

// False when the process is to end.
bool LogThread::wait_for_space() {
  if (full_since_ == TimePoint::max()) {
    full_since_ = env_.clock.now();
    env_.log.error(
        "the disk of the log is full: nothing is written or acknowledged until there is space",
        {{"retry-interval", retry_}});
  }
  MutexLock lock(mutex_);
  if (!stop_) wake_.wait_for(mutex_, retry_);
  return !stop_;
}

bool LogThread::idle() {
  MutexLock lock(mutex_);
  return queue_.empty();
}

}  // namespace keelson::node
