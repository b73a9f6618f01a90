// The rows of a whole state on their way out of an image or into a new generation. Keys and values
// are etcd's own bytes (types.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/status.h"
#include "mvcc/types.h"

namespace keelson::mvcc {

// A row of one of the small tables.
struct TableRow {
  Bucket bucket = Bucket::kAlarm;
  std::string_view key;
  std::string_view value;
};

// One stored version of a key. Its kv is empty for the marker of a restore that raised the
// revision.
struct VersionRow {
  Revision main;
  int64_t sub = 0;
  bool tombstone = false;
  std::string_view kv;
};

// Forward only: all small tables, then all versions. True: the next row is in `out`, its views
// valid until the next call; false: no more. A failure ends the use of the source. One thread at a
// time.
class StateSource {
 public:
  virtual ~StateSource() = default;
  virtual Result<bool> next(TableRow& out) = 0;    // by bucket, then by key
  virtual Result<bool> next(VersionRow& out) = 0;  // by main, then sub revision
};

// What other threads may see and say of long work over all rows.
struct CopyControl {
  // Called on the working thread after each piece of `bytes`; may wait there. Null: full speed.
  std::function<void(size_t bytes)> pace;
  std::atomic<uint64_t> rows{0};       // of the history, done
  std::atomic<bool> cancelled{false};  // seen between two pieces: the work ends with Canceled
};

}  // namespace keelson::mvcc
