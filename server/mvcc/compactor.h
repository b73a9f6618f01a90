// Physical removal behind a compaction: walks the index a leaf at a time, collects the rows that
// became unreadable, and hands them to persist jobs. Node thread only.
//
//   scheduled (logical) -> entry persisted, no pin below -> walk <-> drops -> finished row ->
//   persisted
//
// The index is walked in parts, so that the list of rows stays short; a part's rows are gone from
// the database before the next part begins.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mvcc/key_index.h"
#include "mvcc/metrics.h"
#include "mvcc/persist_job.h"

namespace keelson::mvcc {

class Compactor {
 public:
  Compactor(KeyIndex& index, Metrics& metrics) : index_(index), metrics_(metrics) {}

  // A compaction is wanted; `entry` is the entry that says so (0: it was found when opening).
  void schedule(Revision rev, Index entry);
  // One leaf of the walk. False when there is nothing to do now.
  bool step(Index persisted, Revision lowest_pin);
  // Rows for the next persist job; null when there are none. One job at a time has them.
  std::shared_ptr<DropPlan> take_plan();
  void plan_returned();
  // Set once when all rows are gone: the finished row is to be written.
  std::optional<Revision> take_finished();
  bool drops_wanted() const { return plan_ != nullptr && !plan_out_; }

 private:
  bool may_start(Index persisted, Revision lowest_pin) const;

  KeyIndex& index_;
  Metrics& metrics_;
  std::optional<Revision> scheduled_;
  Index scheduled_entry_;
  std::optional<Revision> walking_;
  std::string from_;
  bool walked_ = false;  // the walk is at its end, its last rows may not be gone
  std::vector<Seq> collected_;
  std::shared_ptr<DropPlan> plan_;
  bool plan_out_ = false;
  std::optional<Revision> finished_;
};

}  // namespace keelson::mvcc
