// The raft log on disk. Appends go into preallocated, recycled segments; one sync makes a batch durable.
// After a crash, what a sync has proven is there; a torn tail is cut; damage before a proven position is
// refused (reference design.md section 4, FORMAT.md here).
//
// Threads: open() and Recovery on the starting thread; append() and sync() on the log thread only;
// release() may be called from any thread. A failed write or sync never returns: it ends the process
// (base/check.h die()), except ENOSPC, which append() reports after using up the spare segments.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "base/status.h"
#include "io/fs.h"

namespace keelson::wal {

// A frame's content is opaque to the log except for the index, which is needed to release segments.
enum class RecordType : uint8_t {
  kEntry = 1,       // one raft entry: index, term, type, data
  kHardState = 2,   // term, vote, commit
  kGeneration = 3,  // marker: the store generation that is current from here on
};

struct EntryRecord {
  Index index;
  Term term;
  uint8_t type = 0;
  std::shared_ptr<const std::string> data;  // null = none
};

struct HardStateRecord {
  Term term;
  MemberId vote;
  Index commit;
  bool operator==(const HardStateRecord&) const = default;
};

// Written into the head of every segment; all must agree with the store's copy.
struct Identity {
  ClusterId cluster;
  MemberId member;
  bool operator==(const Identity&) const = default;
};

struct Options {
  uint64_t segment_bytes = 64 * 1024 * 1024;
  int spare_segments = 2;  // kept preallocated for recycling and for a full disk
  bool unsafe_no_sync = false;
};

struct Recovered {
  Identity identity;
  HardStateRecord hard_state;
  std::vector<EntryRecord> entries;  // consecutive; later duplicates of an index have replaced earlier
  uint64_t generation = 0;           // of the store
  bool torn_tail_cut = false;
};

struct Stats {  // read from any thread
  uint64_t bytes_written = 0;
  int segments = 0;
  bool low_space = false;  // spare segments could not be refilled: raise NOSPACE
};

class Wal {
 public:
  // Makes an empty log in `dir` (must not exist or be empty), synced with its parent directory.
  static Result<std::unique_ptr<Wal>> create(io::FileSystem& fs, std::string dir, Identity identity,
                                             uint64_t generation, Options options, Log& log);
  // Reads all segments. `applied` is the store's durable applied index: a cut in front of it is damage.
  // FailedPrecondition / DataLoss texts name file, offset and what to do.
  static Result<std::unique_ptr<Wal>> open(io::FileSystem& fs, std::string dir, Index applied,
                                           Options options, Log& log, Recovered& out);
  ~Wal();

  // Encodes into the current segment's buffer; written at the latest by sync().
  Status append(const std::vector<EntryRecord>& entries, const std::optional<HardStateRecord>& state);
  Status append_generation(uint64_t generation);
  // Everything appended so far is durable on return.
  void sync();
  // Segments that hold only entries at or below `index` may be recycled.
  void release(Index index);
  Stats stats() const;

 private:
  struct Impl;
  explicit Wal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson::wal
