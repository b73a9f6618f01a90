// The deletes of one entry, as many as they are, in slices: a delete of a million keys must not
// keep the member from its heartbeats. Between two slices the entry is half done: nobody may read
// the index (node/core.h holds readers back). Owner: the node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apply/slice.h"
#include "lease/lessor.h"
#include "mvcc/store.h"

namespace keelson::apply {

class Deletion {
 public:
  // Called before a key is deleted, with its version that still lives.
  using Before = std::function<void(const mvcc::KeyMeta&)>;

  // The keys of a range as they are now; `range` must stay valid.
  Deletion(mvcc::Store& store, lease::Lessor& lessor, const mvcc::KeyRange& range);
  // These keys, in this order.
  Deletion(mvcc::Store& store, lease::Lessor& lessor, std::vector<std::string> keys);

  // Deletes until the slice is over, at least some keys; true when all are gone. Null: to the end.
  bool step(const Slice* slice, const Before& before = {});
  int64_t deleted() const { return deleted_; }

 private:
  void gather();
  void erase(const std::string& key, const Before& before);

  mvcc::Store& store_;
  lease::Lessor& lessor_;
  std::unique_ptr<mvcc::Scan> scan_;  // null: keys_ are all
  std::vector<std::string> keys_;     // the next ones
  size_t next_ = 0;
  int64_t deleted_ = 0;
};

}  // namespace keelson::apply
