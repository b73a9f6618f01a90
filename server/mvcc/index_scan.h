// Store::Scan over the key index: seeks again by key in every step, so writes may happen in
// between.
#pragma once

#include <string>

#include "mvcc/key_index.h"
#include "mvcc/store.h"

namespace keelson::mvcc {

class IndexScan final : public Scan {
 public:
  IndexScan(const KeyIndex& index, KeyRange range, Revision at);
  bool step(size_t items_max, const std::function<bool(const Item&)>& each) override;

 private:
  bool inside(std::string_view key) const {
    return open_ended_ || (single_ ? key == end_ : key < end_);
  }

  const KeyIndex& index_;
  const Revision at_;
  const bool single_;
  const bool open_ended_;
  std::string next_;  // the lowest key not seen
  const std::string end_;
  bool done_ = false;
};

// Store::Counting likewise.
class IndexCounting final : public Store::Counting {
 public:
  IndexCounting(const KeyIndex& index, KeyRange range, Revision at);
  bool step(const Clock& clock, TimePoint deadline) override;
  int64_t total() const override { return total_; }

 private:
  const KeyIndex& index_;
  const Revision at_;
  std::string from_;  // where the next part begins
  std::string end_;   // empty = open
  bool done_ = false;
  int64_t total_ = 0;
};

}  // namespace keelson::mvcc
