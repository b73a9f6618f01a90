// Work of the node that outlives a turn; each kind belongs to one file of node/.
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "apply/range.h"
#include "io/fs.h"
#include "io/sha.h"
#include "mvcc/store.h"
#include "node/core.h"

namespace keelson::node {

// A range under way. Strings are owned here; the run holds views into them.
struct Core::RangeTask {
  RangeTask(Request r, RangeQuery q) : request(std::move(r)), query(std::move(q)) {}

  apply::RangeView view() const {
    return {.key = query.key,
            .end = query.end,
            .limit = query.limit,
            .revision = query.revision,
            .sort_order = query.sort_order,
            .sort_target = query.sort_target,
            .serializable = query.serializable,
            .keys_only = query.keys_only,
            .count_only = query.count_only,
            .min_mod_revision = query.min_mod_revision,
            .max_mod_revision = query.max_mod_revision,
            .min_create_revision = query.min_create_revision,
            .max_create_revision = query.max_create_revision};
  }

  Request request;
  const RangeQuery query;
  std::optional<apply::RangeRun> run;
  std::unique_ptr<mvcc::Pin> pin;  // once it needs more than one turn
};

// A RangeStream between two chunks.
struct Core::StreamTask {
  RangeQuery query;                // key moves forward
  Revision at;                     // pinned at the first chunk
  Revision header_revision;
  std::unique_ptr<mvcc::Pin> pin;
  TimePoint started;               // the pin ends 30 s later
  int64_t count = -1;              // of the whole range
  int64_t sent = 0;
  size_t keys_next = 10;           // size of the next chunk
  bool busy = false;
};

struct Core::HashTask {
  Request request;                 // answered unless `compaction`
  std::unique_ptr<mvcc::Store::HashJob> job;
  bool compaction = false;
};

// One Snapshot call: the image in a temporary file, read chunk by chunk.
struct Core::SnapshotTask {
  std::string path;
  std::unique_ptr<io::File> file;
  uint64_t size = 0;
  uint64_t offset = 0;
  io::Sha256 sha;
  TimePoint started;
  std::string storage_version;
};

}  // namespace keelson::node
