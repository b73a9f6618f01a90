// A store on a file system in memory, with the short spellings that tests want.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"
#include "mvcc/model.h"
#include "mvcc/store.h"
#include "support/crash_fs.h"
#include "support/fake_clock.h"

namespace keelson::test {

class StoreWorld {
 public:
  StoreWorld() : fs_(std::make_unique<CrashFileSystem>()) { options_.clock = &clock_; }

  mvcc::Store& store() { return *store_; }
  CrashFileSystem& fs() { return *fs_; }
  FakeClock& clock() { return clock_; }
  Registry& metrics() { return *metrics_; }
  mvcc::Options& options() { return options_; }

  void create() {
    CHECK(fs_->make_dir("/m").ok() && fs_->sync_dir("/").ok());
    metrics_ = std::make_unique<Registry>();
    auto made = mvcc::Store::create(*fs_, "/m", {.cluster = ClusterId(7), .member = MemberId(8)},
                                    options_, log_, *metrics_);
    CHECK(made.ok());
    store_ = std::move(*made);
  }

  Result<mvcc::Loaded> open() {
    store_.reset();
    metrics_ = std::make_unique<Registry>();
    mvcc::Loaded loaded;
    auto made = mvcc::Store::open(*fs_, "/m", options_, log_, *metrics_, loaded);
    if (!made.ok()) return made.status();
    store_ = std::move(*made);
    index_ = loaded.applied;
    return loaded;
  }
  mvcc::Loaded restart() {
    auto loaded = open();
    if (!loaded.ok()) std::fprintf(stderr, "%s\n", loaded.status().text().c_str());
    CHECK(loaded.ok());
    return *loaded;
  }
  void stop() { store_.reset(); }
  // Goes on with another file system, as after a crash.
  void replace_fs(std::unique_ptr<CrashFileSystem> fs) {
    store_.reset();
    fs_ = std::move(fs);
  }

  void begin() {
    index_ = index_.next();
    store_->begin_entry(index_, Term(1));
  }
  void end() { store_->end_entry(); }
  mvcc::KeyMeta put(std::string_view key, std::string_view value, int64_t lease = 0) {
    begin();
    const mvcc::KeyMeta meta = store_->put(key, value, LeaseId(lease), nullptr);
    end();
    return meta;
  }
  bool erase(std::string_view key) {
    begin();
    const bool there = store_->erase(key, nullptr);
    end();
    return there;
  }
  void compact(int64_t rev) {
    begin();
    store_->compact(Revision(rev));
    end();
  }
  void apply(const ModelEntry& entry) {
    begin();
    for (const ModelOp& op : entry) apply(op);
    end();
  }
  void apply(const ModelOp& op) {
    switch (op.kind) {
      case ModelOp::kPut:
        store_->put(op.key, op.value, LeaseId(op.number), nullptr);
        break;
      case ModelOp::kErase:
        store_->erase(op.key, nullptr);
        break;
      case ModelOp::kRow:
        store_->put_row(mvcc::Bucket::kAlarm, op.key, op.value);
        break;
      case ModelOp::kRowErase:
        store_->erase_row(mvcc::Bucket::kAlarm, op.key);
        break;
      case ModelOp::kCompact:
        store_->compact(Revision(op.number));
        break;
    }
  }
  Index index() const { return index_; }
  Result<mvcc::HashResult> hash_kv(int64_t rev) {
    auto job = store_->make_hash_job(Revision(rev));
    if (!job.ok()) return job.status();
    while (!(*job)->prepare(clock_, TimePoint())) {
    }
    return (*job)->run();
  }
  // One persist job; false when there was none.
  bool persist(Index upto = Index(UINT64_MAX)) {
    auto job = store_->make_persist_job(upto);
    if (!job) return false;
    job->run();
    store_->persisted(std::move(job));
    return true;
  }
  void persist_all() {
    while (persist()) {
    }
  }
  // Physical removal to its end.
  void finish_compaction() {
    do {
      persist_all();
    } while (store_->compact_step(clock_, TimePoint(Duration(INT64_MAX))) ||
             store_->persist_wanted());
  }

 private:
  FakeClock clock_;
  NullLog log_;
  mvcc::Options options_;
  std::unique_ptr<CrashFileSystem> fs_;
  std::unique_ptr<Registry> metrics_;
  std::unique_ptr<mvcc::Store> store_;
  Index index_;
};

}  // namespace keelson::test
