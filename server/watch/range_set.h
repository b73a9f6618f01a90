// The distinct key ranges that somebody watches, each with a small number as its name: watchers of
// one range are matched once, together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mvcc/types.h"
#include "watch/interval_index.h"

namespace keelson::watch {

class RangeSet {
 public:
  // The range's id; one more user of it. Ids of ranges without users are given again.
  uint32_t add(mvcc::KeyRange range);
  // One user less.
  void release(uint32_t id);
  size_t size() const { return entries_.size() - free_.size(); }
  // One above the highest id there ever was.
  size_t ids_end() const { return entries_.size(); }

  // Calls visit(id) once for each range that contains the key. Const and without side effects: any
  // thread may do this while nobody changes the set.
  template <typename Visit>
  void match(std::string_view key, Visit&& visit) const {
    if (const auto found = exact_.find(key); found != exact_.end()) visit(found->second);
    intervals_.stab(key, visit);
  }
  bool matches(std::string_view key) const {
    bool found = false;
    match(key, [&found](uint32_t) { found = true; });
    return found;
  }

  void check_invariants() const;

 private:
  struct Entry {
    std::string key;
    std::string end;
    size_t users = 0;
    mvcc::KeyRange range() const { return {key, end}; }
  };
  uint32_t make(mvcc::KeyRange range);

  std::deque<Entry> entries_;  // never moves: the indexes below point into it
  std::vector<uint32_t> free_;
  std::unordered_map<std::string_view, uint32_t> exact_;
  IntervalIndex intervals_;
};

}  // namespace keelson::watch
