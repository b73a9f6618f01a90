// The SQLite database of one generation, `<dir>/state-<n>/state.db` (FORMAT.md): its file, schema,
// identity, and the pool of read connections. The writing connection is writer.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/fs.h"
#include "mvcc/database.h"
#include "mvcc/store.h"
#include "mvcc/types.h"

namespace keelson::mvcc {

inline constexpr int64_t kStateFormat = 1;
inline constexpr int64_t kApplicationId = 0x4b454c53;  // "KELS" in the SQLite header
inline constexpr const char* kStateFile = "/state.db";

std::string generation_dir(const std::string& dir, uint64_t generation);

// The one row of table meta.
struct StateMeta {
  Identity identity;
  uint64_t generation = 0;
  Index applied;
  Term term;
  Seq last_seq;  // highest row ever written: never used again, even when compaction removes it
  uint64_t drops = 0;  // transactions that removed rows: tells a copy that it saw them come and go
};

struct HistoryRow {
  Seq seq;
  Revision main;
  uint32_t sub = 0;
  bool tombstone = false;
  Seq prev_seq;
  std::string_view kv;  // valid until the next row
};

// One read-only connection. Each call is a read transaction of its own unless begin() was called.
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(const io::SqliteVfs& vfs, const std::string& path);

  Status begin();
  void end();

  // Calls `use(kv)` when the row exists.
  template <typename Use>
  Status value(Seq seq, const Use& use) {
    ResetAtEnd reset(value_);
    value_.bind(1, seq.value);
    const int rc = value_.step();
    if (rc == SQLITE_ROW) use(value_.blob(0));
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? Status() : db_.failure(rc);
  }

  // Calls `use(row)` for rows first..last in order until it returns false.
  template <typename Use>
  Status scan(Seq first, Seq last, const Use& use) {
    ResetAtEnd reset(scan_);
    scan_.bind(1, first.value);
    scan_.bind(2, last.value);
    int rc = SQLITE_DONE;
    while ((rc = scan_.step()) == SQLITE_ROW) {
      if (!use(current_row())) return Status();
    }
    return rc == SQLITE_DONE ? Status() : db_.failure(rc);
  }

  // The first row at or above `seq`: its number and main revision; seq 0 when there is none.
  struct Probe {
    Seq seq;
    Revision main;
  };
  Result<Probe> probe(Seq seq);
  Result<StateMeta> meta();
  Result<std::vector<Loaded::Row>> rows();  // all small tables, ordered by bucket, then key
  Database& database() { return db_; }

 private:
  explicit Reader(Database db) : db_(std::move(db)) {}
  HistoryRow current_row();

  Database db_;
  Statement value_, scan_, probe_, begin_, end_;
};

// Gives out read connections; any thread. Opens one more when all are out.
class ReaderPool {
 public:
  ReaderPool(const io::SqliteVfs& vfs, std::string path) : vfs_(vfs), path_(std::move(path)) {}

  class Checkout {
   public:
    Checkout(ReaderPool& pool, std::unique_ptr<Reader> reader)
        : pool_(&pool), reader_(std::move(reader)) {}
    Checkout(Checkout&&) = default;
    Checkout& operator=(Checkout&&) = delete;
    ~Checkout() {
      if (reader_) pool_->give_back(std::move(reader_));
    }
    Reader* operator->() { return reader_.get(); }
    Reader& operator*() { return *reader_; }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Reader> reader_;
  };
  Result<Checkout> checkout();
  // Where the number of connections in use is shown; set before other threads read.
  void count_in(Gauge* gauge) { gauge_ = gauge; }

 private:
  void give_back(std::unique_ptr<Reader> reader);

  const io::SqliteVfs& vfs_;
  const std::string path_;
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_ GUARDED_BY(mutex_);
  Gauge* gauge_ = nullptr;
};

// A generation on disk. Shared by the store, its jobs and its views; the last one closes it.
class Backend {
 public:
  // Makes the directory and an empty database with this identity, durable on return.
  static Result<std::shared_ptr<Backend>> create(io::FileSystem& fs, const std::string& dir,
                                                 const StateMeta& meta, const Options& options);
  // Refuses what is not ours, newer or of another generation, with one line that says so.
  static Result<std::shared_ptr<Backend>> open(io::FileSystem& fs, const std::string& dir,
                                               const Options& options);

  const std::string& dir() const { return dir_; }  // the generation's own
  const std::string& path() const { return path_; }
  const StateMeta& opened_meta() const { return meta_; }  // as it was when opened
  const io::SqliteVfs& vfs() const { return vfs_; }
  io::FileSystem& fs() { return fs_; }
  ReaderPool& readers() { return readers_; }

  Backend(io::FileSystem& fs, std::string dir, bool no_sync)
      : fs_(fs),
        dir_(std::move(dir)),
        path_(dir_ + kStateFile),
        vfs_(fs, no_sync),
        readers_(vfs_, path_) {}

 private:
  Status create_schema(const StateMeta& meta);
  Status check(uint64_t generation);

  io::FileSystem& fs_;
  const std::string dir_;
  const std::string path_;
  io::SqliteVfs vfs_;
  ReaderPool readers_;
  StateMeta meta_;
};

// What must be said to an empty file before anything else.
const char* state_layout();
// Makes the tables of an empty database and its meta row; used for generations and for images.
Status make_schema(Database& db, const StateMeta& meta);
Result<StateMeta> read_meta(Database& db);
// Whether the file is a state database that this program can read.
Status check_format(Database& db, const std::string& path);

}  // namespace keelson::mvcc
