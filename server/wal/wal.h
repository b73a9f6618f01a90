// The raft log on disk. Appends go into preallocated, recycled segments; one sync makes a batch
// durable. After a crash, what a sync has proven is there; a torn tail is cut; damage before a
// proven position is refused (reference design.md section 4, FORMAT.md here).
//
// Threads: create() and open() on the starting thread; append() and sync() on the log thread only;
// release() and stats() may be called from any thread. A helper thread makes segments ahead of time
// and recycles released ones, so that neither append() nor release() waits for that; without it
// (simulator, tools) release() and the first append() behind a full segment do the work themselves.
// A failed write or sync never returns: it ends the process (Options::on_fatal), except ENOSPC,
// which append() reports after using up the spare segments.
#pragma once

#include <cstdint>
#include <functional>
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
  uint64_t segment_bytes =
      64 * 1024 * 1024;  // 16 KiB to 2 GiB; a larger batch gets a larger segment
  // Kept ready for the next cut and for a full disk; one more while segments are being recycled.
  int spare_segments = 2;
  bool unsafe_no_sync = false;
  bool helper_thread = true;  // false: no thread at all, every step is deterministic
  // Makes segment generations unguessable, so that no client can store bytes that look like a frame
  // of ours to recovery. Production passes system_seed(); 0 gives the same bytes every time.
  uint32_t salt = 0;
  // Called with the reason when the disk refuses a write or a sync; must not return (a simulator
  // throws, and afterwards only destroys the Wal). Empty: one line on stderr, exit code 1.
  std::function<void(const Status&)> on_fatal;
};

struct Recovered {
  Identity identity;
  HardStateRecord hard_state;
  Index base;  // the log begins behind this index: 0, a reset, or what is released
  std::vector<EntryRecord>
      entries;              // base+1 and on, consecutive; later duplicates replaced earlier ones
  uint64_t generation = 0;  // of the store
  bool torn_tail_cut = false;
  std::string end;  // "file, offset": where the valid log ends, for messages

  Index last() const { return entries.empty() ? base : entries.back().index; }
  // DataLoss when the log does not join the store's durable applied index: it ends before it (the
  // cut took what had been applied) or begins behind it. open() does the same for an index it is
  // given.
  Status check_applied(Index applied) const;
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
  // Reads all segments. `applied` is the store's durable applied index: a cut in front of it is
  // damage. Who learns from `out.generation` which store to ask passes none and calls
  // out.check_applied() later; until the first sync() nothing is changed that would destroy
  // evidence. FailedPrecondition / DataLoss texts name file, offset and what to do. What was
  // recovered is durable on return, even when the process before died between its write and its
  // sync.
  static Result<std::unique_ptr<Wal>> open(io::FileSystem& fs, std::string dir,
                                           std::optional<Index> applied, Options options, Log& log,
                                           Recovered& out);
  ~Wal();

  // Encodes into the current segment's buffer; written at the latest by sync(). One call is atomic:
  // after a crash all of it is there or nothing. Entries are consecutive and begin at or before the
  // log's end plus one. ResourceExhausted (io::is_no_space): the disk is full, nothing was
  // appended, what was appended before is intact, and a later call may work.
  Status append(const std::vector<EntryRecord>& entries,
                const std::optional<HardStateRecord>& state);
  // From here on this store generation is the current one. `reset`: an installed snapshot replaces
  // the log: entries so far are dropped and the next one is reset+1 (also for a first boot from a
  // backup).
  Status append_generation(uint64_t generation, std::optional<Index> reset = std::nullopt);
  // Everything appended so far is durable on return.
  void sync();
  // Segments that hold only entries at or below `index` may be recycled: these are durable in the
  // store.
  void release(Index index);
  Stats stats() const;
  // CHECKs what must hold between two calls; on the log thread. Tests call it after every step.
  void check_invariants() const;

 private:
  struct Impl;
  explicit Wal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson::wal
