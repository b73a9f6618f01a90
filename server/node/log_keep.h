// How much of the applied log stays in memory for followers that are behind: the newest entries, by
// count and by bytes. What is older they get as a snapshot. Owner: the node.
#pragma once

#include <cstddef>
#include <deque>

#include "base/ids.h"

namespace keelson::node {

class LogKeep {
 public:
  LogKeep(uint64_t entries_max, size_t bytes_max)
      : entries_max_(entries_max), bytes_max_(bytes_max) {}

  // An entry was applied; each index once, in order (a snapshot may skip some).
  void note(Index index, size_t bytes) {
    kept_.push_back({index, bytes});
    bytes_ += bytes;
    while (kept_.size() > entries_max_ || (bytes_ > bytes_max_ && kept_.size() > 1)) {
      bytes_ -= kept_.front().bytes;
      floor_ = kept_.front().index;
      kept_.pop_front();
    }
  }
  // Entries up to here need not be kept.
  Index floor() const { return floor_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Kept {
    Index index;
    size_t bytes;
  };
  const uint64_t entries_max_;
  const size_t bytes_max_;
  std::deque<Kept> kept_;
  size_t bytes_ = 0;
  Index floor_;
};

}  // namespace keelson::node
