// HashKV at a revision, equal to etcd's at any time: rows that a compaction will remove, or has
// removed from the index only, do not count. FORMAT.md has the steps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mvcc/key_index.h"
#include "mvcc/metrics.h"
#include "mvcc/store.h"
#include "mvcc/view.h"

namespace keelson::mvcc {

class RevisionHashJob final : public Store::HashJob {
 public:
  // `index` is used by prepare() only, on the node thread.
  RevisionHashJob(const KeyIndex& index, std::shared_ptr<const View> view, std::unique_ptr<Pin> pin,
                  Revision rev)
      : index_(index), view_(std::move(view)), pin_(std::move(pin)), rev_(rev), keep_at_(rev) {}

  bool prepare(const Clock& clock, TimePoint deadline) override;
  Result<HashResult> run() override;

 private:
  bool walk(size_t entries);
  bool skipped(const HistoryRow& row, size_t& next_kept) const;

  const KeyIndex& index_;
  const std::shared_ptr<const View> view_;
  const std::unique_ptr<Pin> pin_;
  const Revision rev_;

  // Rows at or below the compact revision that count: those that live at keep_at_. That is the
  // asked revision, or the compact revision when nothing lives at the asked one.
  Revision keep_at_;
  bool any_live_ = false;
  std::string from_;
  std::vector<Seq> kept_;
  bool prepared_ = false;
};

}  // namespace keelson::mvcc
