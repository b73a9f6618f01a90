#include "mvcc/index_scan.h"

namespace keelson::mvcc {

IndexScan::IndexScan(const KeyIndex& index, KeyRange range, Revision at)
    : index_(index),
      at_(at),
      single_(range.single()),
      open_ended_(range.open_ended()),
      next_(range.key),
      end_(range.single() ? range.key : range.end) {}

bool IndexScan::step(size_t items_max, const std::function<bool(const Item&)>& each) {
  if (done_) return true;
  KeyIndex::Cursor cursor(index_, next_);
  bool go_on = true;
  std::string_view last;
  for (size_t seen = 0; seen < items_max && go_on; ++seen) {
    const Entry* entry = cursor.entry();
    if (entry == nullptr || !inside(entry->key())) {
      done_ = true;
      return true;
    }
    last = entry->key();
    // A key whose newest version is dead and old enough needs no second look.
    const auto meta = entry->live_at(at_);
    if (meta) go_on = each({.key = last, .meta = *meta});
    cursor.next();
  }
  if (last.data() != nullptr) {
    next_.assign(last);
    next_.push_back('\0');
  }
  return false;
}

IndexCounting::IndexCounting(const KeyIndex& index, KeyRange range, Revision at)
    : index_(index), at_(at), from_(range.key) {
  if (range.single()) {
    total_ = index.count(range, at);
    done_ = true;
  } else if (!range.open_ended()) {
    end_ = range.end;
  }
}

bool IndexCounting::step(const Clock& clock, TimePoint deadline) {
  constexpr size_t kLeavesPerLook = 64;
  while (!done_) {
    total_ += index_.count_part(from_, end_, at_, kLeavesPerLook);
    done_ = from_.empty();
    if (!done_ && clock.now() >= deadline) break;
  }
  return done_;
}

}  // namespace keelson::mvcc
