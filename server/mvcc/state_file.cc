#include "mvcc/state_file.h"

#include <utility>

namespace keelson::mvcc {
namespace {

// Synced in pieces: one sync of a gigabyte would hold up the log's syncs behind it.
constexpr size_t kCommitBytes = 8 * 1024 * 1024;

}  // namespace

Result<std::unique_ptr<StateFile>> StateFile::create(const io::SqliteVfs& vfs,
                                                     const std::string& path,
                                                     const StateMeta& meta) {
  auto db = Database::open(vfs, path, Database::Mode::kCreate);
  if (!db.ok()) return db.status();
  std::unique_ptr<StateFile> file(new StateFile(std::move(*db)));
  if (const Status status = file->prepare(meta); !status.ok()) return status;
  return file;
}

Status StateFile::prepare(const StateMeta& meta) {
  for (const char* sql : {state_layout(), "PRAGMA journal_mode=OFF", "PRAGMA synchronous=NORMAL",
                          "PRAGMA cache_size=-4096"}) {
    if (const Status status = db_.exec(sql); !status.ok()) return status;
  }
  if (const Status status = make_schema(db_, meta); !status.ok()) return status;
  const std::pair<Statement*, const char*> statements[] = {
      {&history_, "INSERT INTO history VALUES(?, ?, ?, ?, ?, ?)"},
      {&bucket_, "INSERT INTO bucket VALUES(?, ?, ?)"},
      {&last_seq_, "UPDATE meta SET last_seq=? WHERE id=1"},
  };
  for (const auto& [statement, sql] : statements) {
    auto made = db_.prepare(sql);
    if (!made.ok()) return made.status();
    *statement = std::move(*made);
  }
  return db_.exec("BEGIN");
}

Status StateFile::run(Statement& statement) {
  const int rc = statement.step();
  statement.reset();
  return rc == SQLITE_DONE ? Status() : db_.failure(rc);
}

Status StateFile::add(const HistoryRow& row) {
  history_.bind(1, row.seq.value);
  history_.bind(2, row.main.value);
  history_.bind(3, int64_t{row.sub});
  history_.bind(4, int64_t{row.tombstone ? 1 : 0});
  history_.bind(5, row.prev_seq.value);
  history_.bind_blob(6, row.kv);
  return run(history_);
}

Status StateFile::add(const TableRow& row) {
  bucket_.bind_text(1, bucket_name(row.bucket));
  bucket_.bind_blob(2, row.key);
  bucket_.bind_blob(3, row.value);
  const int rc = bucket_.step();
  bucket_.reset();
  if (rc == SQLITE_DONE) return Status();
  if ((rc & 0xff) != SQLITE_CONSTRAINT) return db_.failure(rc);
  return Status(Code::kDataLoss,
                "bucket " + std::string(bucket_name(row.bucket)) + " holds the same key twice");
}

Status StateFile::wrote(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ < kCommitBytes) return Status();
  bytes_ = 0;
  return db_.exec("COMMIT; BEGIN");
}

Status StateFile::finish(Seq last_seq) {
  last_seq_.bind(1, last_seq.value);
  if (const Status status = run(last_seq_); !status.ok()) return status;
  return db_.exec("COMMIT");
}

}  // namespace keelson::mvcc
