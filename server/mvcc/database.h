// One SQLite connection and its statements, with errors as values. A connection and its statements
// belong to one thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/sqlite_vfs.h"

namespace keelson::mvcc {

class Database;

// A prepared statement. Bound bytes must stay alive until the next reset().
class Statement {
 public:
  Statement() = default;
  void bind(int i, int64_t v) { sqlite3_bind_int64(statement_.get(), i, v); }
  void bind(int i, uint64_t v) { bind(i, static_cast<int64_t>(v)); }
  void bind_blob(int i, std::string_view v) {
    sqlite3_bind_blob64(statement_.get(), i, v.data() == nullptr ? "" : v.data(), v.size(),
                        SQLITE_STATIC);
  }
  void bind_text(int i, std::string_view v) {
    sqlite3_bind_text64(statement_.get(), i, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int step() { return sqlite3_step(statement_.get()); }  // SQLITE_ROW, SQLITE_DONE or an error
  void reset() { sqlite3_reset(statement_.get()); }
  int64_t integer(int column) { return sqlite3_column_int64(statement_.get(), column); }
  uint64_t natural(int column) { return static_cast<uint64_t>(integer(column)); }
  // Valid until the next step() or reset().
  std::string_view blob(int column) {
    const void* data = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const char*>(data), static_cast<size_t>(size)};
  }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Resets a statement when the block ends: an unfinished read would hold its transaction open.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

class Database {
 public:
  enum class Mode { kCreate, kReadWrite, kReadOnly };
  // `vfs` must outlive it. Never checkpoints or deletes the journal on close.
  static Result<Database> open(const io::SqliteVfs& vfs, const std::string& path, Mode mode);

  Status exec(const char* sql);
  Result<Statement> prepare(const char* sql);
  Result<int64_t> integer(const char* sql);  // the first column of the first row
  sqlite3* handle() { return db_.get(); }

  // The failure of the last call as one line that names the file: DataLoss for damage,
  // ResourceExhausted for a full disk, else Internal.
  Status failure(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  Database(const io::SqliteVfs& vfs, std::string path, sqlite3* db)
      : vfs_(&vfs), path_(std::move(path)), db_(db) {}

  const io::SqliteVfs* vfs_;
  std::string path_;
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace keelson::mvcc
