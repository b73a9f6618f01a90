// One range over one state: which keys, in what order, with what in the answer. The steps are apart
// because the index belongs to the node thread, may be walked in slices, and values may have to
// come from disk:   check -> collect (slices) -> arrange -> encode. The rules are those of etcd's
// range (reference semantics.md section 2).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apply/requests.h"
#include "apply/response.h"
#include "apply/slice.h"
#include "base/status.h"
#include "mvcc/store.h"

namespace keelson::apply {

// Gives the encoded KeyValue of a row, empty when it is not in memory.
using ValueSource = std::function<std::string_view(Seq)>;

class RangeRun {
 public:
  // `at` is the revision that counts as current (store.writing() inside an entry). The view's
  // strings must outlive the run.
  RangeRun(const mvcc::Store& store, const RangeView& view, Revision at);

  // OutOfRange when the revision asked for is compacted or in the future.
  Status check() const;
  // Counts and walks the index until the slice is over; true when all that is needed is collected.
  // From then on the store is not touched any more and the run may move to another thread. Null: to
  // the end.
  bool collect(const Slice* slice);
  // Rows whose values encode() needs, in order; empty for keys_only and counts.
  const std::vector<Seq>& wanted() const { return wanted_; }
  // Sorts, cuts and appends the fields of a RangeResponse behind the header: kvs, more, count.
  // False when a value was missing (`out` is then unspecified).
  bool encode(const ValueSource& values, std::string& out);
  // The same with values that are fetched in chunks, so that they need not all be in memory twice.
  using Fetch = std::function<Result<std::vector<mvcc::Record>>(std::span<const Seq>)>;
  Status encode_fetched(const Fetch& fetch, std::string& out);

  Revision current() const { return at_; }
  Revision read_at() const { return read_at_; }
  size_t collected() const { return items_.size(); }

 private:
  struct Item {
    mvcc::KeyMeta meta;
    std::string key;      // only for keys_only
    std::string_view kv;  // filled by encode
  };
  bool count(const Slice* slice);
  bool walk(const Slice* slice);
  bool needs_all() const;  // sort or filter: nothing can be cut while walking
  bool keep(const mvcc::KeyMeta& meta) const;
  bool values_needed() const;
  void arrange();
  void finish_collect();
  void write_item(const Item& item, std::string& out) const;
  void write_tail(std::string& out) const;

  const mvcc::Store& store_;
  const RangeView view_;
  const Revision at_;
  const Revision read_at_;
  std::unique_ptr<mvcc::Store::Counting> counting_;
  std::unique_ptr<mvcc::Scan> scan_;
  std::vector<Item> items_;
  std::vector<Seq> wanted_;
  bool counted_ = false;
  int64_t count_ = 0;
  bool more_ = false;
};

// Status texts of a revision that cannot be read.
Status compacted_error();
Status future_error();

}  // namespace keelson::apply
