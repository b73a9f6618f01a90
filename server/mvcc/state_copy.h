// Copies of a whole generation made while it is being written: images for snapshots, and the next
// generation for shrinking. Pool and persister threads.
//
// A copy is the state at one applied index: the small tables and that index are read in one short
// transaction, then the history up to the last row of that moment in many. Rows only vanish by
// compaction's drops, which the store holds back while a copy runs; a drop that was already on its
// way is noticed by the counter in meta, and the copy starts over.
#pragma once

#include <string>

#include "mvcc/backend.h"
#include "mvcc/state_rows.h"
#include "mvcc/store.h"
#include "mvcc/writer.h"

namespace keelson::mvcc {

// Writes the state of `source` into a new database file at `path` (replaced if it exists), durable
// on return, without a journal beside it. `generation` goes into its meta row. Returns what it
// holds.
Result<StateMeta> copy_to_file(Backend& source, const std::string& path, uint64_t generation,
                               CopyControl& control);

// Brings `target`, which holds `from`, up to what `source` holds now. Returns that.
Result<StateMeta> catch_up(Backend& source, Writer& target, const StateMeta& from,
                           CopyControl& control);

}  // namespace keelson::mvcc
