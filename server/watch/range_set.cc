#include "watch/range_set.h"

#include "base/check.h"

namespace keelson::watch {

uint32_t RangeSet::make(mvcc::KeyRange range) {
  uint32_t id = static_cast<uint32_t>(entries_.size());
  if (!free_.empty()) {
    id = free_.back();
    free_.pop_back();
  } else {
    entries_.emplace_back();
  }
  entries_[id].key = range.key;
  entries_[id].end = range.end;
  return id;
}

uint32_t RangeSet::add(mvcc::KeyRange range) {
  if (range.single()) {
    const auto found = exact_.find(range.key);
    const uint32_t id = found != exact_.end() ? found->second : make(range);
    if (entries_[id].users++ == 0) exact_.emplace(entries_[id].key, id);
    return id;
  }
  const auto found = intervals_.find(range);
  const uint32_t id = found ? *found : make(range);
  if (entries_[id].users++ == 0) intervals_.add(entries_[id].range(), id);
  return id;
}

void RangeSet::release(uint32_t id) {
  CHECK(id < entries_.size() && entries_[id].users > 0);
  Entry& entry = entries_[id];
  if (--entry.users > 0) return;
  if (entry.range().single())
    exact_.erase(entry.key);
  else
    intervals_.remove(entry.range());
  free_.push_back(id);
}

void RangeSet::check_invariants() const {
  intervals_.check_invariants();
  CHECK(exact_.size() + intervals_.size() == size());
}

}  // namespace keelson::watch
