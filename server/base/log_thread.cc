// The logger thread: callers queue records, the thread turns them into text and writes.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <thread>

#include "base/log_format.h"
#include "base/log_output.h"
#include "base/log_sampler.h"
#include "base/mutex.h"

namespace keelson {
namespace {

// Records waiting for the thread; more are dropped and counted. 8192 lines are a few MB and more
// than a disk that stalls for a second lets pile up after sampling.
constexpr size_t kQueueRecordsMax = 8192;
// How long flush() waits for an output that takes nothing before it gives up: a fatal error must
// end the process even when nobody reads its stderr.
constexpr int kFlushPatience = 50;
constexpr std::chrono::milliseconds kFlushPoll{100};

class ThreadLogger final : public Logger {
 public:
  ThreadLogger(const LogOptions& options, const Clock& clock,
               std::vector<std::unique_ptr<LogOutput>> outputs)
      : clock_(clock),
        console_(options.console),
        outputs_(std::move(outputs)),
        level_(options.level) {
    // Signals are the main thread's; this one is often made before anybody has blocked them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread_.native_handle(), "logger");
  }

  ~ThreadLogger() override {
    {
      MutexLock hold(mutex_);
      stopping_ = true;
    }
    work_.notify_one();
    thread_.join();
  }

  bool enabled(LogLevel level) const override {
    return level >= level_.load(std::memory_order_relaxed);
  }
  void set_level(LogLevel level) override { level_.store(level, std::memory_order_relaxed); }
  uint64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }

  void write(LogLevel level, std::string_view msg, std::vector<LogField> fields,
             std::source_location where) override {
    const auto wall = clock_.wall();
    LogRecord record{level, wall, std::string(msg), std::move(fields), where};
    bool wake = false;
    {
      MutexLock hold(mutex_);
      if (!sampler_.admit(level, msg, wall)) return;
      if (queue_.size() >= kQueueRecordsMax) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      wake = queue_.empty();
      queue_.push_back(std::move(record));
      ++queued_;
    }
    if (wake) work_.notify_one();
  }

  void flush() override {
    MutexLock hold(mutex_);
    const uint64_t until = queued_;
    uint64_t seen = written_;
    for (int patience = kFlushPatience; written_ < until && patience > 0;) {
      done_.wait_for(mutex_, kFlushPoll);
      patience = written_ == seen ? patience - 1 : kFlushPatience;
      seen = written_;
    }
  }

 private:
  void run() {
    for (;;) {
      std::deque<LogRecord> batch;
      {
        MutexLock hold(mutex_);
        while (queue_.empty() && !stopping_) work_.wait(mutex_);
        if (queue_.empty()) return;
        batch.swap(queue_);
      }
      for (const LogRecord& record : batch) put_out(record);
      say_dropped();
      {
        MutexLock hold(mutex_);
        written_ += batch.size();
      }
      done_.notify_all();
    }
  }

  void put_out(const LogRecord& record) {
    const int offset = local_utc_offset(record.wall);
    const std::string line =
        console_ ? log_line_console(record, offset) : log_line_json(record, offset);
    for (const auto& output : outputs_) output->write(record.level, line);
  }

  void say_dropped() {
    const uint64_t now = dropped();
    if (now == dropped_said_) return;
    LogRecord record{
        LogLevel::kWarn, clock_.wall(), "dropped log lines", {}, std::source_location::current()};
    record.fields.emplace_back("lines", now - dropped_said_);
    dropped_said_ = now;
    put_out(record);
  }

  const Clock& clock_;
  const bool console_;
  const std::vector<std::unique_ptr<LogOutput>> outputs_;  // the thread's alone
  uint64_t dropped_said_ = 0;                              // the thread's alone
  std::atomic<LogLevel> level_;
  std::atomic<uint64_t> dropped_{0};

  Mutex mutex_;
  CondVar work_;
  CondVar done_;
  std::deque<LogRecord> queue_ GUARDED_BY(mutex_);
  LogSampler sampler_ GUARDED_BY(mutex_);
  uint64_t queued_ GUARDED_BY(mutex_) = 0;
  uint64_t written_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

Result<std::unique_ptr<LogOutput>> open_output(const std::string& name, const LogOptions& options,
                                               const Clock& clock) {
  if (name == "default" || name == "stderr") return make_fd_output(STDERR_FILENO);
  if (name == "stdout") return make_fd_output(STDOUT_FILENO);
  if (name == "systemd/journal") return make_journal_output();
  return make_file_output(name, options.rotation, clock);
}

}  // namespace

std::unique_ptr<Logger> make_log(const LogOptions& options, const Clock& clock,
                                 std::vector<std::unique_ptr<LogOutput>> outputs) {
  return std::make_unique<ThreadLogger>(options, clock, std::move(outputs));
}

Result<std::unique_ptr<Logger>> make_log(const LogOptions& options, const Clock& clock) {
  std::vector<std::unique_ptr<LogOutput>> outputs;
  for (const std::string& name : options.outputs) {
    auto output = open_output(name, options, clock);
    if (!output.ok()) return output.status();
    outputs.push_back(std::move(*output));
  }
  return make_log(options, clock, std::move(outputs));
}

}  // namespace keelson
