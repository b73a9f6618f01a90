// Work of the node that outlives a turn; each kind belongs to one file of node/.
#pragma once

#include <functional>
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

// A RangeStream. Keys are collected in slices on the node thread, values are read ahead by the pool
// in large batches (rows of neighbouring keys lie all over the history: a batch that is large
// enough reads them by one scan), messages are cut from what was read.
struct Core::StreamTask {
  RangeQuery query;
  Revision at;  // pinned when the stream was opened
  Revision header_revision;
  std::unique_ptr<mvcc::Pin> pin;
  TimePoint started;                                // the pin ends 30 s later
  std::unique_ptr<mvcc::Store::Counting> counting;  // of an older revision, under way
  int64_t count = 0;                                // of the whole range
  int64_t total = 0;                                // that will be sent: count or limit
  int64_t sent = 0;
  std::unique_ptr<mvcc::Scan> scan;
  std::vector<Seq> seqs;            // collected, not read yet
  std::vector<mvcc::Record> ahead;  // read, from `next` on not sent yet
  size_t next = 0;
  size_t keys_message = 10;  // of the next message; follows the message size
  size_t keys_ahead = 10;    // of the next batch; follows the records' size
  Request request;           // that waits for the next message
  bool busy = false;

  size_t left() const { return ahead.size() - next; }
};

struct Core::HashTask {
  Revision at;                    // 0 for the current one
  std::vector<Request> requests;  // answered with the hash
  std::unique_ptr<mvcc::Store::HashJob> job;
  bool compaction = false;  // remembered, too
};

// One Snapshot call: etcd's database in a temporary file, read chunk by chunk.
struct Core::SnapshotTask {
  // Pool thread: turns the store's image at `path` into the file.
  Status convert(io::FileSystem& fs, std::function<void(size_t)> pace);

  std::string path;
  std::unique_ptr<io::File> file;
  uint64_t size = 0;
  uint64_t offset = 0;
  io::Sha256 sha;
  TimePoint started;
  std::string storage_version;
};

}  // namespace keelson::node
