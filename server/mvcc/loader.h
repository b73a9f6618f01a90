// Reads a whole generation at start: the history into the index, the small tables as they are.
#pragma once

#include <optional>
#include <vector>

#include "mvcc/backend.h"
#include "mvcc/key_index.h"

namespace keelson::mvcc {

struct LoadedState {
  std::vector<Loaded::Row> rows;
  std::vector<Loaded::Leased> leased;
  Revision current;    // as etcd computes it: highest main, compact revisions, at least 1
  Revision compacted;  // the scheduled one when its removal was not finished
  Revision finished;   // kNeverCompacted if none
  Seq last_seq;
};

// Fills the empty index. DataLoss when the rows contradict each other.
Result<LoadedState> load_state(Backend& backend, KeyIndex& index);

}  // namespace keelson::mvcc
