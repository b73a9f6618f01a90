#include "mvcc/bulk_build.h"

#include <algorithm>

namespace keelson::mvcc {
namespace {

struct Item {
  uint64_t head;
  Entry* entry;
  std::string_view key() const { return entry->key(); }
};
using Iterator = std::vector<Item>::iterator;

bool by_head(const Item& a, const Item& b) { return a.head < b.head; }

bool by_key_and_row(const Item& a, const Item& b) {
  const int order = a.key().compare(b.key());
  return order < 0 || (order == 0 && a.entry->newest().seq < b.entry->newest().seq);
}

// The prefix that all keys share; at least the first `known` bytes are the same.
size_t shared_prefix(Iterator begin, Iterator end, size_t known) {
  const std::string_view first = begin->key();
  size_t shared = first.size();
  for (Iterator i = begin + 1; i != end && shared > known; ++i) {
    shared = std::min(shared, known + common_prefix(first.substr(known), i->key().substr(known)));
  }
  return shared;
}

// Moves keys that end right behind the shared prefix (all the same one) to the front, in row order.
Iterator take_ended(Iterator begin, Iterator end, size_t shared) {
  const Iterator ended = std::partition(
      begin, end, [shared](const Item& item) { return item.key().size() == shared; });
  for (Iterator i = begin; i != ended; ++i) i->head = i->entry->newest().seq.value;
  std::sort(begin, ended, by_head);
  return ended;
}

void sort_items(Iterator begin, Iterator end, size_t known) {
  constexpr ptrdiff_t kFew = 12;
  if (end - begin <= kFew) {
    std::sort(begin, end, by_key_and_row);
    return;
  }
  const size_t shared = shared_prefix(begin, end, known);
  begin = take_ended(begin, end, shared);
  for (Iterator i = begin; i != end; ++i) i->head = head_of(i->key(), shared);
  std::sort(begin, end, by_head);
  for (Iterator run = begin; run != end;) {
    Iterator after = run + 1;
    while (after != end && after->head == run->head) ++after;
    if (after - run > 1) sort_items(run, after, shared);
    run = after;
  }
}

bool sorted_already(const std::vector<Entry*>& entries) {
  for (size_t i = 1; i < entries.size(); ++i) {
    if (entries[i - 1]->key() > entries[i]->key()) return false;
  }
  return true;  // equal keys are in row order, as they came
}

}  // namespace

void sort_entries(std::vector<Entry*>& entries) {
  if (sorted_already(entries)) return;
  std::vector<Item> items;
  items.reserve(entries.size());
  for (Entry* entry : entries) items.push_back({.head = 0, .entry = entry});
  sort_items(items.begin(), items.end(), 0);
  for (size_t i = 0; i < items.size(); ++i) entries[i] = items[i].entry;
}

BulkBuilder::~BulkBuilder() {
  for (Entry* entry : entries_) Entry::destroy(entry);
}

bool BulkBuilder::finish(KeyIndex& index) {
  sort_entries(entries_);
  if (!join_versions()) return false;
  index.build(entries_);
  entries_ = {};
  return true;
}

// Leaves one entry a key. The bump marker of a restored snapshot (the empty key) has no version
// number that could follow from another.
bool BulkBuilder::join_versions() {
  size_t kept = 0;
  bool fits = true;
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry* entry = entries_[i];
    if (kept > 0 && entries_[kept - 1]->key() == entry->key()) {
      const KeyMeta meta = entry->newest();
      fits = (entries_[kept - 1]->add_stored(meta) || entry->key().empty()) && fits;
      Entry::destroy(entry);
    } else {
      entries_[kept++] = entry;
    }
  }
  entries_.resize(kept);
  return fits;
}

}  // namespace keelson::mvcc
