// Builds a key index from versions in revision order: collect one entry a version, sort by key,
// join the versions of a key, lay out the tree. Several times faster than inserting, because the
// sort looks at eight bytes of many keys at a time where a tree search misses the cache on every
// level.
#pragma once

#include <string_view>
#include <vector>

#include "mvcc/key_index.h"

namespace keelson::mvcc {

class BulkBuilder {
 public:
  BulkBuilder() = default;
  ~BulkBuilder();
  BulkBuilder(const BulkBuilder&) = delete;
  BulkBuilder& operator=(const BulkBuilder&) = delete;

  // Versions come in revision order.
  void add(std::string_view key, const KeyMeta& meta) {
    entries_.push_back(Entry::make(key, meta));
  }
  // Fills the empty index. False when a key's versions do not follow from one another: damaged
  // data.
  bool finish(KeyIndex& index);

 private:
  bool join_versions();

  std::vector<Entry*> entries_;
};

// Sorts by key, equal keys in the order of their rows.
void sort_entries(std::vector<Entry*>& entries);

}  // namespace keelson::mvcc
