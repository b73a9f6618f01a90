#include "mvcc/value_cache.h"

#include "base/check.h"

namespace keelson::mvcc {
namespace {

constexpr size_t kFirstTable = 64;

}  // namespace

size_t ValueCache::home(Seq seq) const {
  return (seq.value * 0x9e3779b97f4a7c15u >> 32) & (table_.size() - 1);
}

size_t ValueCache::lookup(Seq seq) const {
  size_t place = home(seq);
  while (table_[place] != 0 && slots_[table_[place] - 1].seq != seq) {
    place = (place + 1) & (table_.size() - 1);
  }
  return place;
}

const Record* ValueCache::find(Seq seq) {
  if (table_.empty()) return nullptr;
  const uint32_t slot = table_[lookup(seq)];
  if (slot == 0) return nullptr;
  slots_[slot - 1].used = true;
  return &slots_[slot - 1].record;
}

void ValueCache::put(Seq seq, Record record) {
  if (table_.size() < 2 * (slots_.size() + 1)) grow();
  const size_t place = lookup(seq);
  if (table_[place] != 0) return;
  bytes_ += cost(record);
  slots_.push_back({.seq = seq, .record = std::move(record), .used = false});
  table_[place] = static_cast<uint32_t>(slots_.size());
}

void ValueCache::grow() {
  table_.assign(table_.empty() ? kFirstTable : table_.size() * 2, 0);
  for (size_t i = 0; i < slots_.size(); ++i) {
    table_[lookup(slots_[i].seq)] = static_cast<uint32_t>(i + 1);
  }
}

void ValueCache::shrink_to(size_t bytes) {
  while (bytes_ > bytes) {
    CHECK(!slots_.empty());
    if (hand_ >= slots_.size()) hand_ = 0;
    if (slots_[hand_].used) {
      slots_[hand_++].used = false;
    } else {
      remove(hand_);
    }
  }
}

void ValueCache::remove(size_t slot) {
  bytes_ -= cost(slots_[slot].record);
  unlink(lookup(slots_[slot].seq));
  if (slot + 1 < slots_.size()) {
    table_[lookup(slots_.back().seq)] = static_cast<uint32_t>(slot + 1);
    slots_[slot] = std::move(slots_.back());
  }
  slots_.pop_back();
}

// Frees a place and closes the gap, so that no probe stops early.
void ValueCache::unlink(size_t place) {
  const size_t mask = table_.size() - 1;
  table_[place] = 0;
  size_t hole = place;
  for (size_t i = (place + 1) & mask; table_[i] != 0; i = (i + 1) & mask) {
    const size_t wanted = home(slots_[table_[i] - 1].seq);
    if (((i - wanted) & mask) < ((i - hole) & mask)) continue;
    table_[hole] = table_[i];
    table_[i] = 0;
    hole = i;
  }
}

}  // namespace keelson::mvcc
