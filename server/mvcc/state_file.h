// A database file under construction: a whole state in one file without a journal, because nobody
// reads it before it is whole. Written in large transactions, each of them synced. One owner, any
// thread. After a failure the file is good for nothing and the caller's to remove.
#pragma once

#include <memory>
#include <string>

#include "mvcc/backend.h"
#include "mvcc/state_rows.h"

namespace keelson::mvcc {

class StateFile {
 public:
  // `path` must not exist, `vfs` must outlive it.
  static Result<std::unique_ptr<StateFile>> create(const io::SqliteVfs& vfs,
                                                   const std::string& path, const StateMeta& meta);

  Status add(const HistoryRow& row);
  Status add(const TableRow& row);  // DataLoss: there already
  // Between two pieces of `bytes`: commits when enough has come together.
  Status wrote(size_t bytes);
  // Durable on return (the name: the caller's sync_dir). `last_seq` goes into the meta row.
  Status finish(Seq last_seq);

 private:
  explicit StateFile(Database db) : db_(std::move(db)) {}
  Status prepare(const StateMeta& meta);
  Status run(Statement& statement);

  Database db_;
  Statement history_, bucket_, last_seq_;
  size_t bytes_ = 0;
};

}  // namespace keelson::mvcc
