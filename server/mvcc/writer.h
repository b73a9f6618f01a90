// The writing connection of a generation: the only one that changes the database, and the only one
// that checkpoints (SQLite before 3.51.3 has a race between a checkpoint on one connection and a
// write on another). Used by one job at a time, so by one thread at a time.
//
// A failed write or sync ends the process with one line. A full disk does not: the transaction is
// taken back and reported; a file of ballast in the directory is given up first, so that deletes
// and compactions still find room.
#pragma once

#include <memory>

#include "mvcc/backend.h"
#include "mvcc/window.h"

namespace keelson::mvcc {

class Writer {
 public:
  static Result<std::unique_ptr<Writer>> open(std::shared_ptr<Backend> backend);

  Backend& backend() { return *backend_; }
  const std::shared_ptr<Backend>& shared_backend() const { return backend_; }

  // One transaction: begin(), changes, then commit() or rollback(). False means that the disk is
  // full: only rollback() may follow.
  [[nodiscard]] bool begin();
  [[nodiscard]] bool add(const VersionRecord& record);
  [[nodiscard]] bool add(const HistoryRow& row);
  [[nodiscard]] bool put_row(std::string_view bucket, std::string_view key, std::string_view value);
  [[nodiscard]] bool erase_row(std::string_view bucket, std::string_view key);
  [[nodiscard]] bool drop(Seq first, Seq last);  // rows of the history
  [[nodiscard]] bool clear_rows();               // of all small tables
  [[nodiscard]] bool commit(Index applied, Term term, Seq last_seq);
  void rollback();

  // Moves the journal into the database when it is long; waits a little for readers. True if it ran
  // to the end.
  bool checkpoint_if_long();
  // Unconditionally and completely, with no other connection reading.
  Status checkpoint_whole();

  // Gives up the ballast; false when there is none any more.
  bool release_ballast();
  // Makes it again when there is plenty of room. False while it is missing.
  bool refill_ballast();

  struct FileSizes {
    uint64_t file_bytes = 0;
    uint64_t in_use_bytes = 0;
  };
  // As after the last commit or rollback.
  const FileSizes& sizes() const { return sizes_; }

 private:
  Writer(std::shared_ptr<Backend> backend, Database db)
      : backend_(std::move(backend)), db_(std::move(db)) {}
  Status prepare();
  [[nodiscard]] bool run(Statement& statement);
  bool add_values(uint64_t seq, int64_t main, uint32_t sub, bool tombstone, uint64_t prev,
                  std::string_view kv);
  Status measure();
  [[noreturn]] void fatal(int code);
  [[noreturn]] static void fatal(const Status& why);
  static int note_journal(void* self, sqlite3*, const char*, int pages);

  std::shared_ptr<Backend> backend_;
  Database db_;
  Statement begin_, commit_, rollback_, insert_, drop_, put_row_, erase_row_, clear_rows_, meta_;
  Statement page_count_, free_count_;
  FileSizes sizes_;
  int64_t page_bytes_ = 0;
  int64_t journal_pages_ = 0;
  bool ballast_ = false;
  bool dropped_ = false;  // in this transaction
};

}  // namespace keelson::mvcc
