// The multi-version store: key index and window in memory, history and small tables in SQLite
// behind them. Apply writes; the log is the durable copy, SQLite follows (reference design.md
// sections 3-7).
//
// Threads. Everything on Store belongs to the node thread, except where a job type says otherwise.
// Jobs (PersistJob, ReadJob types below) are made on the node thread, run on another (persister or
// pool) and their result is handed back to Store on the node thread. One PersistJob at a time.
// HashJob, ImageJob and ShrinkJob hold something of the store: destroy them on the node thread.
//
// Durability: nothing here is durable when a write method returns; persisted_index() tells the raft
// index up to which the committed SQLite state holds everything.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "io/fs.h"
#include "mvcc/state_rows.h"
#include "mvcc/types.h"

namespace keelson::mvcc {

struct Options {
  size_t cache_bytes = limits::kCacheBytes;        // window and value cache together
  size_t block_bytes = limits::kWindowBlockBytes;  // of the window; tests want small ones
  uint64_t generation = 1;                         // directory state-<generation> below `dir`
  bool unsafe_no_sync = false;                     // --unsafe-no-fsync: nothing is durable
  const Clock* clock = nullptr;  // for durations in metrics; none are observed without it
  // Called by copying jobs (images, shrinking) on their own thread after each piece of `bytes`.
  // Production waits here, so that copying leaves disk and CPU to writers; null = full speed.
  std::function<void(size_t bytes)> pace;
  // open() leaves other generations alone: one of them is still being used in this process.
  bool keep_others = false;
};

// A state.db that names another cluster, member or generation is refused.
struct Identity {
  ClusterId cluster;
  MemberId member;
};

// Whose state it is, and up to which log entry.
struct Origin {
  Identity identity;
  Index applied;
  Term term;
};

// What the store last held durably.
struct Loaded {
  Identity identity;
  Index applied;
  Term applied_term;
  struct Row {
    Bucket bucket;
    std::string key;
    std::string value;
  };
  std::vector<Row> rows;  // all small tables, ordered by bucket, then key
  struct Leased {
    std::string key;
    LeaseId lease;
  };
  std::vector<Leased>
      leased;  // live keys whose record names a lease (open() fills this while it scans)
};

struct Sizes {
  uint64_t file_bytes = 0;    // dbSize: allocated, with what is still only in memory
  uint64_t in_use_bytes = 0;  // dbSizeInUse
  uint64_t unpersisted_bytes = 0;
  uint64_t unpersisted_rows = 0;
  uint64_t cache_bytes = 0;
  int64_t live_keys = 0;
  uint64_t index_bytes = 0;  // estimate of the key index
};

// Reading the index in key order, resumable. Created by Store::scan(); valid across writes (it
// seeks again by key), sees the state at its revision, never a half-applied entry.
class Scan {
 public:
  virtual ~Scan() = default;
  struct Item {
    std::string_view key;  // valid until the next write to the store
    KeyMeta meta;
  };
  // Calls `each` for live keys in order until it returns false, `items_max` were seen or the range
  // is done. True when done. Continues behind the last key next time.
  virtual bool step(size_t items_max, const std::function<bool(const Item&)>& each) = 0;
};

// A frozen look at what readers on other threads need: window blocks and where SQLite takes over.
// Cheap to copy and to hold for the length of one job.
class View;

// Keeps physical removal away from history at or above `compacted` while held (node thread only).
class Pin {
 public:
  virtual ~Pin() = default;
  virtual Revision revision() const = 0;
  virtual Revision compacted() const = 0;
};

struct HistoryQuery {
  Revision from;         // first revision wanted
  Revision to;           // last one
  size_t bytes_max = 0;  // stop at the first revision border at or above this many bytes
  size_t revisions_max = 1000;
  bool prev_kv = false;
  std::function<bool(std::string_view key)> wanted;  // runs on the pool thread
};

struct HistoryChunk {
  std::vector<Event> events;         // in order; ends at a revision border
  Revision next;                     // continue here; > query.to when done
  std::shared_ptr<const void> hold;  // owns the events' bytes
};

struct HashResult {
  uint32_t hash = 0;
  Revision compacted;  // as HashKV reports it
  Revision revision;
};

class Store {
 public:
  // `dir` must keep its name while the store is open: readers open files by path.
  // Builds member state from nothing in `dir`/state-<generation>, durable with its directory on
  // return.
  static Result<std::unique_ptr<Store>> create(io::FileSystem& fs, std::string dir,
                                               Identity identity, Options options, Log& log,
                                               Registry& metrics);
  // Opens and builds the index by one scan of the history (bulk, sorted: not key by key). Removes
  // other generations unless options.keep_others.
  static Result<std::unique_ptr<Store>> open(io::FileSystem& fs, std::string dir, Options options,
                                             Log& log, Registry& metrics, Loaded& out);
  virtual ~Store() = default;

  // --- another state takes this one's place (a snapshot from the leader) ---
  // A store of another generation in the same directory may be open meanwhile; both live side by
  // side until the caller drops one. Nothing here is bound to the node thread.
  //
  // Builds generation `options.generation` from rows that came from elsewhere; durable with its
  // directory on return. Nobody else may be building that one (a shrink job builds the current one
  // plus 1). DataLoss: rows out of order, twice, or contradicting each other or what a KeyValue is;
  // InvalidArgument: rows that belong to `origin`. After a failure nothing of it is left. About 90
  // bytes of memory for each different key.
  static Status build(io::FileSystem& fs, const std::string& dir, const Origin& origin,
                      const Options& options, StateSource& source, CopyControl& control);
  // Takes away a built generation that is not wanted any more; fine when it is not there.
  static Status remove_generation(io::FileSystem& fs, const std::string& dir, uint64_t generation);
  // After the old store was destroyed: takes away everything but `keep`, which open() had left.
  static void remove_other_generations(io::FileSystem& fs, const std::string& dir, uint64_t keep,
                                       Log& log);
  // Whether a job, pin or view of this store still lives. False once it has been false and no new
  // ones are made: then the store may be destroyed and its directory removed. (Scans and counts are
  // the node thread's own and not looked at.)
  virtual bool in_use() const = 0;
  // Puts this store's numbers into the gauges; for the one that stays, when another one of the same
  // registry goes.
  virtual void show_metrics() const = 0;

  // ---- writing: apply only, between begin_entry and end_entry
  // ------------------------------------
  virtual void begin_entry(Index index, Term term) = 0;
  // The record is encoded once, into the window. Returns the new version's meta; `prev` gets the
  // live version it replaced, if there was one.
  virtual KeyMeta put(std::string_view key, std::string_view value, LeaseId lease,
                      std::optional<KeyMeta>* prev) = 0;
  // Writes a tombstone when the key lives; false otherwise.
  virtual bool erase(std::string_view key, KeyMeta* prev) = 0;
  virtual void put_row(Bucket bucket, std::string_view key, std::string_view value) = 0;
  virtual void erase_row(Bucket bucket, std::string_view key) = 0;
  // The entry's changes become visible to readers together; current() moves by one if keys changed.
  virtual void end_entry() = 0;
  // The changes of the entry just ended, in order; views are valid while `hold` (window blocks)
  // lives.
  virtual std::span<const Event> entry_events() const = 0;
  virtual std::shared_ptr<const void> hold_entry_events() const = 0;
  // For rows that are local and not an entry's (finishedCompactRev, storageVersion). Not inside an
  // entry: a local row is a border of its own.
  virtual void put_local_row(Bucket bucket, std::string_view key, std::string_view value) = 0;

  // --- reading the index ---
  virtual Revision current() const = 0;  // published revision; 1 in a fresh store
  virtual Revision writing()
      const = 0;  // current()+1 while an entry has changed keys, else current()
  virtual Revision compacted() const = 0;  // kNeverCompacted if none
  virtual Index applied() const = 0;
  virtual Term applied_term() const = 0;
  // The version of the key at `at` (use writing() inside an entry); nullopt when it does not live
  // then.
  virtual std::optional<KeyMeta> find(std::string_view key, Revision at) const = 0;
  virtual std::unique_ptr<Scan> scan(KeyRange range, Revision at) const = 0;
  // Keys alive at `at`: O(log n) for the current revision, corrected by the changes since for an
  // older one when they are fewer than the keys in the range, else a walk.
  virtual int64_t count(KeyRange range, Revision at) const = 0;
  // The same in slices, resumable across writes: a count at an older revision of a large range
  // takes milliseconds when much has changed since (40 ns a key that shares a leaf with a changed
  // one).
  class Counting {
   public:
    virtual ~Counting() = default;
    virtual bool step(const Clock& clock, TimePoint deadline) = 0;  // true when total() is complete
    virtual int64_t total() const = 0;
  };
  virtual std::unique_ptr<Counting> counting(KeyRange range, Revision at) const = 0;
  // The encoded KeyValue when it is in memory (window or cache), valid until the next write; else
  // empty.
  virtual std::string_view peek(Seq seq) const = 0;
  virtual Record hold(Seq seq) const = 0;  // the same with a reference that keeps it alive
  // Puts a value that read_values() fetched into the cache; it shares the record's memory.
  virtual void cache(Seq seq, const Record& record) = 0;
  void cache(Seq seq, const std::shared_ptr<const std::string>& kv) {
    cache(seq, Record{.hold = kv, .kv = *kv});
  }

  // --- reading beside the node thread ---
  virtual std::shared_ptr<const View> view() const = 0;
  virtual std::unique_ptr<Pin> pin() = 0;
  // Any thread. Values in the order of `seqs`; missing ones (compacted away meanwhile) are empty.
  // Point reads in row order, or one scan when the rows are dense.
  static Result<std::vector<Record>> read_values(const View& view, std::span<const Seq> seqs);
  static Result<HistoryChunk> read_history(const View& view, const HistoryQuery& query);

  // --- persisting ---
  // True when there is anything SQLite does not hold.
  virtual bool persist_wanted() const = 0;
  // The window's tail up to `upto` (a locally synced, applied index; entry borders only). Also
  // carries pending physical deletes. Null when nothing is to do. Run job() on the persister
  // thread, then hand it back with persisted().
  class PersistJob {
   public:
    virtual ~PersistJob() = default;
    virtual void
    run() = 0;  // ends the process when SQLite cannot write or sync; ENOSPC: see no_space()
    virtual bool no_space() const = 0;
  };
  virtual std::unique_ptr<PersistJob> make_persist_job(Index upto) = 0;
  virtual void persisted(std::unique_ptr<PersistJob> job) = 0;
  // The log must be kept above it. While a shrink job lives it stays where it was, because a
  // restart may open the new generation, which is only that far.
  virtual Index persisted_index() const = 0;

  // --- compaction ---
  // Inside an entry: moves the logical revision at once and writes scheduledCompactRev. The caller
  // has checked compacted() < rev <= current().
  virtual void compact(Revision rev) = 0;
  // Physical removal, a slice until `deadline`; false when there is nothing (more) to do now (also:
  // pins, or the entry is not persisted yet). Rows go with the next persist jobs.
  virtual bool compact_step(const Clock& clock, TimePoint deadline) = 0;
  // The revision whose physical removal is finished and committed; kNeverCompacted if none.
  virtual Revision finished_compaction() const = 0;

  // ---- whole-store work (pool jobs)
  // --------------------------------------------------------------- HashKV at `rev` (0 = current).
  // prepare runs in slices on the node thread until it returns true, run() on a pool thread. Holds
  // a pin. Errors: etcd's compacted / future revision.
  class HashJob {
   public:
    virtual ~HashJob() = default;
    virtual bool prepare(const Clock& clock, TimePoint deadline) = 0;
    virtual Result<HashResult> run() = 0;
  };
  virtual Result<std::unique_ptr<HashJob>> make_hash_job(Revision rev) = 0;
  // Remembered answers of compactions (newest 10): asked first by make_hash_job's caller.
  virtual std::optional<HashResult> compaction_hash(Revision rev) const = 0;
  virtual void remember_compaction_hash(HashResult result) = 0;

  // A complete copy of the durable state in the file `path` (its own SQLite database, journal
  // folded in), made in short read transactions while writing goes on; for Snapshot and for
  // shrinking. Requires persisted_index() >= what must be inside. run() on a pool thread;
  // progress() any thread.
  class ImageJob {
   public:
    virtual ~ImageJob() = default;
    virtual Status run() = 0;
    virtual Index index() const = 0;  // applied index of the image
    virtual uint64_t rows_done() const = 0;
    virtual void cancel() = 0;
  };
  // An older file at `path` is replaced; a failed run leaves none. Compaction removes no rows from
  // the database while the job lives.
  virtual std::unique_ptr<ImageJob> make_image_job(std::string path) = 0;
  // Maintenance.Hash: crc32c over every bucket's name, keys and values as etcd orders them, without
  // consistent_index, term and storageVersion. Pool thread.
  static Result<uint32_t> hash_everything(const View& view);

  // Shrinking: builds generation+1 from an image, catches up, switches. Steps are driven by the
  // node: the marker goes into the WAL between `built` and `switch_generation`.
  class ShrinkJob {
   public:
    virtual ~ShrinkJob() = default;
    virtual Status run() = 0;  // pool thread: builds state-<n+1> up to the persisted position
    virtual uint64_t generation() const = 0;
  };
  virtual std::unique_ptr<ShrinkJob> make_shrink_job() = 0;
  // On the persister thread via the next persist job: copies what came since, syncs, opens the new
  // one.
  // With no_space() the old generation is still the current one, and make_persist_job() hands out
  // the switch again. Not while a persist job is out.
  virtual std::unique_ptr<PersistJob> make_switch_job(std::unique_ptr<ShrinkJob> job) = 0;

  virtual Sizes sizes() const = 0;
  virtual uint64_t generation() const = 0;
  // As it was opened with (generation() is the one of now): for another store beside it, and `pace`
  // for work that goes on with an image.
  virtual const Options& options() const = 0;
  virtual void check_invariants() const = 0;
};

}  // namespace keelson::mvcc
