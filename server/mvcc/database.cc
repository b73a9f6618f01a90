#include "mvcc/database.h"

namespace keelson::mvcc {
namespace {

int open_flags(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Database::Mode::kReadWrite:
      return SQLITE_OPEN_READWRITE;
    case Database::Mode::kReadOnly:
      break;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

Result<Database> Database::open(const io::SqliteVfs& vfs, const std::string& path, Mode mode) {
  sqlite3* db = nullptr;
  const int flags = open_flags(mode) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int rc = sqlite3_open_v2(path.c_str(), &db, flags, vfs.name());
  if (db == nullptr) return Status(Code::kInternal, "open " + path + ": out of memory");
  Database made(vfs, path, db);
  if (rc != SQLITE_OK) return made.failure(rc);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (const Status status = made.exec("PRAGMA temp_store=MEMORY"); !status.ok()) return status;
  return made;
}

Status Database::exec(const char* sql) {
  const int rc = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? Status() : failure(rc);
}

Result<Statement> Database::prepare(const char* sql) {
  Statement out;
  sqlite3_stmt* made = nullptr;
  const int rc = sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  if (rc != SQLITE_OK) return failure(rc);
  out.statement_.reset(made);
  return out;
}

Result<int64_t> Database::integer(const char* sql) {
  auto statement = prepare(sql);
  if (!statement.ok()) return statement.status();
  const int rc = statement->step();
  if (rc == SQLITE_ROW) return statement->integer(0);
  return failure(rc == SQLITE_DONE ? SQLITE_CORRUPT : rc);
}

Status Database::failure(int code) const {
  const int kind = code & 0xff;
  std::string text = path_ + ": " + sqlite3_errstr(kind);
  if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) {
    return Status(Code::kDataLoss,
                  "the state database is damaged: " + text +
                      "; restore this member from a snapshot or from the other members");
  }
  if (kind == SQLITE_IOERR || kind == SQLITE_FULL || kind == SQLITE_CANTOPEN) {
    const std::string cause = vfs_->last_error();
    if (!cause.empty()) text += " (" + cause + ")";
  }
  return Status(kind == SQLITE_FULL ? Code::kResourceExhausted : Code::kInternal, std::move(text));
}

}  // namespace keelson::mvcc
