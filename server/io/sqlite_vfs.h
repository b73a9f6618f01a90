// SQLite on io::FileSystem, so that one crash clone or one injected fault covers the log and the
// store alike. Made for a database that one process has open:
//  - locks and the shared memory of WAL mode live in this object, keyed by path; nothing on disk
//  keeps
//    a second process out (the lock of the data directory does);
//  - consecutive writes to a file are gathered and reach it as one: a journal frame is two small
//    writes for SQLite. They are flushed before anything can depend on them: sync, read, size,
//    truncate, unlock, close;
//  - the first sync of a file that was made here also syncs its directory;
//  - temporary files are refused (PRAGMA temp_store=MEMORY is needed).
//
// Thread-safe as SQLite needs it: different connections on different threads.
#pragma once

#include <memory>
#include <string>

#include "io/fs.h"

namespace keelson::io {

class SqliteVfs {
 public:
  // Registers under a name of its own; `fs` must outlive it. With `no_sync` files are flushed to
  // the file system but never synced (tests and --unsafe-no-fsync).
  explicit SqliteVfs(FileSystem& fs, bool no_sync = false);
  // All connections must be closed.
  ~SqliteVfs();
  SqliteVfs(const SqliteVfs&) = delete;
  SqliteVfs& operator=(const SqliteVfs&) = delete;

  // For sqlite3_open_v2().
  const char* name() const;
  // The text of the last failed file call (SQLite hands on only a code); empty when there was none.
  std::string last_error() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson::io
