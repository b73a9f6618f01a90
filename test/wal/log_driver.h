// Drives a log and a model of it side by side. The model remembers the state after every append, so
// that after any crash one question decides: is what came back one of the states since the last
// sync?
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/crash_fs.h"
#include "wal/wal.h"

namespace keelson::wal {

// What on_fatal throws in tests: the process would have ended.
struct Died {
  std::string why;
};

inline EntryRecord make_entry(uint64_t index, uint64_t term, std::string data) {
  return {Index(index), Term(term), 0, std::make_shared<const std::string>(std::move(data))};
}

inline Options test_options() {
  Options options;
  options.segment_bytes = 16 * 1024;
  options.helper_thread = false;
  options.on_fatal = [](const Status& why) { throw Died{why.text()}; };
  return options;
}

struct LogState {
  Index base;
  std::deque<EntryRecord> entries;
  HardStateRecord hard_state;
  uint64_t generation = 1;

  Index last() const { return entries.empty() ? base : entries.back().index; }
  void put(const EntryRecord& entry) {
    while (!entries.empty() && entries.back().index >= entry.index) entries.pop_back();
    if (entries.empty() && base >= entry.index) base = entry.index.prev();
    entries.push_back(entry);
  }
};

// Equal as far as both reach: recovery may know fewer old entries (released), never other ones.
inline bool same_log(const LogState& state, const Recovered& got) {
  if (got.last() != state.last() || got.generation != state.generation) return false;
  if (!(got.hard_state == state.hard_state)) return false;
  auto want = state.entries.rbegin();
  for (auto it = got.entries.rbegin(); it != got.entries.rend(); ++it, ++want) {
    if (want == state.entries.rend()) return false;
    if (it->index != want->index || it->term != want->term || it->type != want->type) return false;
    if ((it->data == nullptr) != (want->data == nullptr)) return false;
    if (it->data && *it->data != *want->data) return false;
  }
  return true;
}

class LogDriver {
 public:
  static constexpr const char* kDir = "/data/wal";

  explicit LogDriver(std::unique_ptr<test::CrashFileSystem> fs, Options options = test_options())
      : options_(options), fs_(std::move(fs)) {
    history_[0] = LogState();
  }

  test::CrashFileSystem& fs() { return *fs_; }
  Wal& wal() { return *wal_; }
  bool is_open() const { return wal_ != nullptr; }
  const LogState& state() const { return history_.rbegin()->second; }
  const LogState& durable() const { return history_.begin()->second; }
  Index released() const { return released_; }
  const Recovered& recovered() const { return recovered_; }
  Options& options() { return options_; }

  Status create() {
    if (Status s = fs_->make_dir("/data"); !s.ok()) return s;
    if (Status s = fs_->sync_dir("/"); !s.ok()) return s;
    auto wal = Wal::create(*fs_, kDir, identity_, 1, options_, log_);
    if (!wal.ok()) return wal.status();
    wal_ = std::move(*wal);
    return {};
  }

  Status append(const std::vector<EntryRecord>& entries,
                std::optional<HardStateRecord> state = {}) {
    LogState next = history_.rbegin()->second;
    for (const EntryRecord& entry : entries) next.put(entry);
    if (state) next.hard_state = *state;
    return remember(std::move(next), [&] { return wal_->append(entries, state); });
  }

  Status append_generation(uint64_t generation, std::optional<Index> reset = {}) {
    LogState next = history_.rbegin()->second;
    next.generation = generation;
    if (reset) {
      next.entries.clear();
      next.base = *reset;
    }
    return remember(std::move(next), [&] { return wal_->append_generation(generation, reset); });
  }

  // Entries `from`.. of this term, `count` of them, `bytes` each.
  Status append_run(uint64_t from, uint64_t count, uint64_t term, size_t bytes) {
    std::vector<EntryRecord> entries;
    for (uint64_t i = from; i < from + count; ++i)
      entries.push_back(make_entry(i, term, text(i, term, bytes)));
    return append(entries);
  }

  void sync() {
    wal_->sync();
    wal_->check_invariants();
    history_.erase(history_.begin(), std::prev(history_.end()));
  }

  void release(Index index) {
    released_ = std::max(released_, index);
    wal_->release(index);
    wal_->check_invariants();
  }

  void close() { wal_.reset(); }

  // Goes on with another disk, as a restart after a crash would.
  void restart_on(std::unique_ptr<test::CrashFileSystem> fs) {
    wal_.reset();
    fs_ = std::move(fs);
  }

  // Opens and judges: what came back must be a state since the last sync. It becomes the only one.
  Status open() {
    wal_.reset();
    auto wal = Wal::open(*fs_, kDir, std::nullopt, options_, log_, recovered_);
    if (!wal.ok()) return wal.status();
    wal_ = std::move(*wal);
    wal_->check_invariants();
    for (auto it = history_.rbegin(); it != history_.rend(); ++it) {
      if (!same_log(it->second, recovered_)) continue;
      EXPECT_LE(recovered_.base, std::max(released_, it->second.base));
      LogState found = it->second;
      // The store holds at least what was released, or the snapshot that the log was reset to.
      const Status joins = recovered_.check_applied(std::max(released_, found.base));
      EXPECT_TRUE(joins.ok()) << joins.text();
      history_.clear();
      history_[step_] = std::move(found);
      return {};
    }
    ADD_FAILURE() << "recovered a state that never was: last " << recovered_.last().value
                  << ", durable last " << durable().last().value << ", newest last "
                  << state().last().value << ", states " << history_.size();
    return Status(Code::kInternal, "wrong state");
  }

  static std::string text(uint64_t index, uint64_t term, size_t bytes) {
    std::string out = std::to_string(index) + "/" + std::to_string(term) + "/";
    while (out.size() < bytes) out += static_cast<char>('a' + (index + out.size()) % 26);
    out.resize(bytes);
    return out;
  }

 private:
  // A batch that dies on the way may have reached the disk; one that was refused has not.
  template <typename Call>
  Status remember(LogState next, Call call) {
    history_[++step_] = std::move(next);
    const Status status = call();
    wal_->check_invariants();
    if (!status.ok()) history_.erase(step_);
    return status;
  }

  Options options_;
  std::unique_ptr<test::CrashFileSystem> fs_;
  NullLog log_;
  const Identity identity_{ClusterId(0xc1), MemberId(0xb2)};
  std::unique_ptr<Wal> wal_;
  std::map<uint64_t, LogState> history_;  // by append; the first one is durable
  uint64_t step_ = 0;
  Index released_;
  Recovered recovered_;
};

}  // namespace keelson::wal
