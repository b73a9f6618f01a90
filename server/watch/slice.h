// One reading of history, shared by watchers that are near each other in the past.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "watch/range_set.h"
#include "watch/watcher.h"

namespace keelson::watch {

struct Slice {
  struct Member {
    Watcher* watcher;  // null once it is gone
    uint32_t range;    // in `ranges`
  };
  uint64_t token = 0;
  std::vector<Member> members;
  // Also read by the thread that reads history, so it does not change once that was asked for.
  std::shared_ptr<RangeSet> ranges = std::make_shared<RangeSet>();
  Revision from;  // where the first member stands; others stand at most a slice further
  Revision to;
  bool prev_kv = false;

  void add(Watcher& watcher) {
    members.push_back({&watcher, ranges->add(watcher.range())});
    prev_kv = prev_kv || watcher.prev_kv;
    watcher.slice = this;
  }
  void forget(const Watcher& watcher) {
    for (Member& member : members)
      if (member.watcher == &watcher) member.watcher = nullptr;
  }
};

}  // namespace keelson::watch
