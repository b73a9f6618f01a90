// The store behind store.h: small parts, and here only how they work together. Node thread only;
// what other threads do with its jobs and views stands in their own headers.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mvcc/compactor.h"
#include "mvcc/copy_jobs.h"
#include "mvcc/key_index.h"
#include "mvcc/loader.h"
#include "mvcc/metrics.h"
#include "mvcc/persist_job.h"
#include "mvcc/store.h"
#include "mvcc/value_cache.h"
#include "mvcc/view.h"
#include "mvcc/window.h"
#include "mvcc/writer.h"

namespace keelson::mvcc {

class StoreImpl final : public Store {
 public:
  StoreImpl(std::unique_ptr<Writer> writer, std::string dir, Options options, Log& log,
            Registry& registry, LoadedState state, KeyIndex index);
  ~StoreImpl() override;

  void begin_entry(Index index, Term term) override;
  KeyMeta put(std::string_view key, std::string_view value, LeaseId lease,
              std::optional<KeyMeta>* prev) override;
  bool erase(std::string_view key, KeyMeta* prev) override;
  void put_row(Bucket bucket, std::string_view key, std::string_view value) override;
  void erase_row(Bucket bucket, std::string_view key) override;
  void end_entry() override;
  std::span<const Event> entry_events() const override { return events_; }
  std::shared_ptr<const void> hold_entry_events() const override;
  void put_local_row(Bucket bucket, std::string_view key, std::string_view value) override;

  Revision current() const override { return current_; }
  Revision writing() const override { return in_entry_ && sub_ > 0 ? current_.next() : current_; }
  Revision compacted() const override { return compacted_; }
  Index applied() const override { return applied_; }
  Term applied_term() const override { return applied_term_; }
  std::optional<KeyMeta> find(std::string_view key, Revision at) const override;
  std::unique_ptr<Scan> scan(KeyRange range, Revision at) const override;
  int64_t count(KeyRange range, Revision at) const override { return index_.count(range, at); }
  std::unique_ptr<Counting> counting(KeyRange range, Revision at) const override;
  std::string_view peek(Seq seq) const override;
  Record hold(Seq seq) const override;
  void cache(Seq seq, const Record& record) override;

  std::shared_ptr<const View> view() const override;
  std::unique_ptr<Pin> pin() override;

  bool persist_wanted() const override;
  std::unique_ptr<PersistJob> make_persist_job(Index upto) override;
  void persisted(std::unique_ptr<PersistJob> job) override;
  Index persisted_index() const override;

  void compact(Revision rev) override;
  bool compact_step(const Clock& clock, TimePoint deadline) override;
  Revision finished_compaction() const override { return finished_; }

  Result<std::unique_ptr<HashJob>> make_hash_job(Revision rev) override;
  std::optional<HashResult> compaction_hash(Revision rev) const override;
  void remember_compaction_hash(HashResult result) override;
  std::unique_ptr<ImageJob> make_image_job(std::string path) override;
  std::unique_ptr<ShrinkJob> make_shrink_job() override;
  std::unique_ptr<PersistJob> make_switch_job(std::unique_ptr<ShrinkJob> job) override;

  bool in_use() const override;
  void show_metrics() const override;

  Sizes sizes() const override;
  uint64_t generation() const override { return generation_; }
  const Options& options() const override { return options_; }
  void check_invariants() const override;

  const KeyIndex& index() const { return index_; }

 private:
  friend class HeldPin;
  friend class StoreCopyGuard;
  Change next_change(bool tombstone);
  Seq before_entry(const KeyMeta& before) const;
  void add_event(const KeyMeta& meta, Seq prev_seq, std::string_view kv);
  void publish();
  void keep_budget();
  void note_persisted(const Persisted& reached);
  void write_finished(Revision rev);
  Revision lowest_pin() const;
  void switched(SwitchJob& job);
  bool drops_allowed() const { return copies_ == 0 && compactor_.drops_wanted(); }
  bool retired_is_free() const { return !retired_.dir.empty() && retired_.backend.expired(); }

  const std::string dir_;
  const Options options_;
  Log& log_;
  std::shared_ptr<Metrics> metrics_;
  uint64_t generation_;

  KeyIndex index_;
  Window window_;
  mutable ValueCache cache_;
  std::shared_ptr<Writer> writer_;  // a running job uses it
  Compactor compactor_;

  // What is published.
  Revision current_;
  Revision compacted_;
  Index applied_;
  Term applied_term_;
  Position published_;
  Seq published_seq_;  // first row that is not published

  // The entry being written.
  bool in_entry_ = false;
  Index entry_index_;
  Term entry_term_;
  uint32_t sub_ = 0;
  Position entry_begin_;
  std::vector<Event> events_;

  // What is durable.
  Persisted persisted_;
  Writer::FileSizes file_sizes_;
  bool job_out_ = false;

  // Compaction.
  Revision finished_;
  struct Finishing {
    Revision rev;
    Position position;  // durable when this is
  };
  std::optional<Finishing> finishing_;
  std::multiset<Revision> pins_;
  std::deque<HashResult> compaction_hashes_;

  // Copies of the state.
  int copies_ = 0;
  std::optional<Index> shrink_floor_;  // a restart may open a generation that is only this far
  struct Retired {
    std::weak_ptr<Backend> backend;  // views may still read it
    std::string dir;
  };
  Retired retired_;
  std::unique_ptr<GenerationShrinkJob> unfinished_switch_;  // the disk was full: to be tried again
};

}  // namespace keelson::mvcc
