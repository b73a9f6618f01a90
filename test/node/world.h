// One whole member (log, store, raft, apply) in one thread: virtual time, the crash file system,
// jobs run when the test says so. Used by the node's tests; nothing here sleeps or reads a real
// clock.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/wire.h"
#include "gtest/gtest.h"
#include "node/bootstrap.h"
#include "node/core.h"
#include "support/crash_fs.h"
#include "support/fake_clock.h"

namespace keelson::test {

// Keeps jobs until they are stepped.
class ManualExecutor final : public Executor {
 public:
  bool post(std::function<void()> job) override {
    jobs_.push_back(std::move(job));
    return true;
  }
  bool step() {
    if (jobs_.empty()) return false;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
    return true;
  }

 private:
  std::deque<std::function<void()>> jobs_;
};

// Appends and syncs when stepped: what was submitted before is in the log, not after.
class ManualLog final : public node::LogWriter {
 public:
  void submit(node::LogBatch&& batch) override { queue_.push_back(std::move(batch)); }
  bool step(wal::Wal& wal, node::Core& core) {
    if (queue_.empty()) return false;
    uint64_t last = 0;
    for (node::LogBatch& batch : queue_) {
      if (batch.reset) {
        EXPECT_TRUE(wal.append_generation(batch.generation, batch.reset).ok());
      }
      EXPECT_TRUE(wal.append(batch.entries, batch.state).ok());
      if (batch.generation > 0 && !batch.reset) {
        EXPECT_TRUE(wal.append_generation(batch.generation).ok());
      }
      last = std::max(last, batch.number);
    }
    wal.sync();
    for (node::LogBatch& batch : std::exchange(queue_, {}))
      if (batch.done) batch.done();
    if (last > 0) core.log_synced(last);
    return true;
  }

 private:
  std::vector<node::LogBatch> queue_;
};

class Inbox final : public node::AnswerSink {
 public:
  void deliver(std::vector<node::Answer>&& answers) override {
    for (node::Answer& answer : answers) answers_.push_back(std::move(answer));
  }
  std::vector<node::Answer> take() { return std::exchange(answers_, {}); }

 private:
  std::vector<node::Answer> answers_;
};

// A member without others.
class NoPeers final : public node::Transport {
 public:
  void send(std::vector<raft::Message>&&) override {}
  void send_snapshot(node::OutgoingSnapshot&&) override {}
  void set_peers(std::vector<node::PeerAddress>) override {}
  void set_removed(std::vector<MemberId>) override {}
  void request(node::PeerRequest, std::function<void(node::PeerReply)>) override {}
  TimePoint active_since(MemberId) const override { return TimePoint::max(); }
};

class World {
 public:
  explicit World(std::unique_ptr<CrashFileSystem> fs = std::make_unique<CrashFileSystem>())
      : fs_(std::move(fs)) {
    settings_.data_dir = "/data";
    settings_.name = "m1";
    settings_.client_urls = {"http://127.0.0.1:2379"};
  }
  ~World() { stop(); }

  Status boot() {
    node::BootSettings& boot = boot_settings_;
    boot.data_dir = settings_.data_dir;
    boot.name = settings_.name;
    boot.cluster_token = "tok";
    boot.members = {{"m1", {"http://127.0.0.1:2380"}}};
    boot.segment_bytes = 1 << 20;
    boot.wal_helper_thread = false;
    boot.cache_bytes = cache_bytes_;
    metrics_ = std::make_unique<Registry>();
    auto booted = node::boot(*fs_, boot, log_, *metrics_);
    if (!booted.ok()) return booted.status();
    lock_ = std::move(booted->lock);
    node::Environment env{clock_, rng_, log_, *metrics_, *fs_, pool_, persister_, peers_};
    core_ = std::make_unique<node::Core>(env, settings_, std::move(booted->opened), [] {});
    core_->set_log_writer(&log_writer_);
    return Status();
  }
  void stop() {
    core_.reset();
    lock_.reset();
    log_writer_ = ManualLog();
    pool_ = ManualExecutor();
    persister_ = ManualExecutor();
  }
  // Power loss or kill: the process is gone, the file system is what survived.
  void restart_on(std::unique_ptr<CrashFileSystem> fs) {
    stop();
    fs_ = std::move(fs);
  }

  // Runs everything that can run now, without moving time.
  void settle() {
    for (int quiet = 0; quiet < 2;) {
      bool moved = core_->turn();
      moved = log_writer_.step(core_->log_file(), *core_) || moved;
      while (pool_.step()) moved = true;
      while (persister_.step()) moved = true;
      quiet = moved ? 0 : quiet + 1;
      core_->check_invariants();
    }
  }
  void advance(Duration by) {
    for (const TimePoint until = clock_.now() + by; clock_.now() < until;) {
      clock_.advance(std::min<Duration>(std::chrono::milliseconds(50), until - clock_.now()));
      settle();
    }
  }
  void become_ready() {
    for (int i = 0; i < 100 && !core_->ready(); ++i) advance(std::chrono::milliseconds(100));
    ASSERT_TRUE(core_->ready());
  }

  template <typename What>
  uint64_t send(What what) {
    node::Request request;
    request.to = {&inbox_, ++last_call_};
    request.started = clock_.now();
    request.what = std::move(what);
    std::vector<node::Request> batch;
    batch.push_back(std::move(request));
    core_->submit(std::move(batch));
    return last_call_;
  }
  // Sends and waits; the one answer.
  template <typename What>
  node::Answer call(What what) {
    send(std::move(what));
    settle();
    auto answers = inbox_.take();
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? node::Answer{} : std::move(answers.front());
  }

  node::Answer put(std::string_view key, std::string_view value, int64_t lease = 0) {
    std::string body;
    wire::put_bytes(body, 1, key);
    wire::put_bytes(body, 2, value);
    wire::put_int(body, 3, lease);
    return call(node::Proposal{.field = 4, .body = body});
  }
  node::Answer get(std::string_view key, std::string_view end = {}) {
    return call(node::RangeQuery{.key = std::string(key), .end = std::string(end)});
  }
  // The values in a RangeResponse, in order.
  static std::vector<std::string> values(const std::string& body) {
    std::vector<std::string> out;
    wire::Reader reader(body);
    for (wire::Field f; reader.next(f);) {
      if (f.number != 2) continue;
      mvcc::KeyValueView kv;
      EXPECT_TRUE(mvcc::decode_key_value(f.bytes, kv));
      out.emplace_back(kv.value);
    }
    return out;
  }
  static int64_t revision(const std::string& body) {
    wire::Reader reader(body);
    for (wire::Field f; reader.next(f);) {
      if (f.number != 1) continue;
      wire::Reader header(f.bytes);
      for (wire::Field h; header.next(h);)
        if (h.number == 3) return h.as_int64();
    }
    return 0;
  }

  node::Core& core() { return *core_; }
  CrashFileSystem& fs() { return *fs_; }
  FakeClock& clock() { return clock_; }
  Inbox& inbox() { return inbox_; }
  node::Settings& settings() { return settings_; }
  node::BootSettings& boot_settings() { return boot_settings_; }
  ManualLog& log_writer() { return log_writer_; }
  ManualExecutor& pool() { return pool_; }
  ManualExecutor& persister() { return persister_; }
  void set_cache_bytes(size_t bytes) { cache_bytes_ = bytes; }

 private:
  std::unique_ptr<CrashFileSystem> fs_;
  FakeClock clock_;
  SeededRng rng_{7};
  NullLog log_;
  node::Settings settings_;
  node::BootSettings boot_settings_;
  size_t cache_bytes_ = 8 << 20;
  std::unique_ptr<Registry> metrics_;
  ManualExecutor pool_, persister_;
  ManualLog log_writer_;
  NoPeers peers_;
  Inbox inbox_;
  uint64_t last_call_ = 0;
  std::unique_ptr<io::File> lock_;
  std::unique_ptr<node::Core> core_;
};

}  // namespace keelson::test
