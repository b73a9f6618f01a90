#include "mvcc/writer.h"

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace keelson::mvcc {
namespace {

// Turns of 20-90 ms; a longer journal makes them longer, a shorter one more frequent.
constexpr int64_t kJournalBytesMax = 4 * 1024 * 1024;
constexpr int kReaderWaitMilliseconds = 50;
constexpr uint64_t kBallastBytes = 16 * 1024 * 1024;
constexpr const char* kBallastFile = "/ballast";

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(std::shared_ptr<Backend> backend) {
  auto db = Database::open(backend->vfs(), backend->path(), Database::Mode::kReadWrite);
  if (!db.ok()) return db.status();
  std::unique_ptr<Writer> writer(new Writer(std::move(backend), std::move(*db)));
  if (const Status status = writer->prepare(); !status.ok()) return status;
  return writer;
}

Status Writer::prepare() {
  const Status status = db_.exec(
      "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=OFF;"
      "PRAGMA cache_size=-8192");
  if (!status.ok()) return status;
  const std::pair<Statement*, const char*> statements[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&rollback_, "ROLLBACK"},
      {&insert_, "INSERT INTO history VALUES(?, ?, ?, ?, ?, ?)"},
      {&drop_, "DELETE FROM history WHERE seq>=? AND seq<=?"},
      {&put_row_, "INSERT OR REPLACE INTO bucket VALUES(?, ?, ?)"},
      {&erase_row_, "DELETE FROM bucket WHERE name=? AND key=?"},
      {&clear_rows_, "DELETE FROM bucket"},
      {&meta_, "UPDATE meta SET applied=?, term=?, last_seq=?, drops=drops+? WHERE id=1"},
      {&page_count_, "PRAGMA page_count"},
      {&free_count_, "PRAGMA freelist_count"},
  };
  for (const auto& [statement, sql] : statements) {
    auto made = db_.prepare(sql);
    if (!made.ok()) return made.status();
    *statement = std::move(*made);
  }
  const auto page_bytes = db_.integer("PRAGMA page_size");
  if (!page_bytes.ok()) return page_bytes.status();
  page_bytes_ = *page_bytes;
  sqlite3_wal_hook(db_.handle(), note_journal, this);
  sqlite3_busy_timeout(db_.handle(), kReaderWaitMilliseconds);
  refill_ballast();
  return measure();
}

int Writer::note_journal(void* self, sqlite3*, const char*, int pages) {
  static_cast<Writer*>(self)->journal_pages_ = pages;
  return SQLITE_OK;
}

void Writer::fatal(const Status& why) { die("cannot write", why.text().c_str(), EIO); }

void Writer::fatal(int code) { fatal(db_.failure(code)); }

bool Writer::run(Statement& statement) {
  const int rc = statement.step();
  statement.reset();
  if (rc == SQLITE_DONE || rc == SQLITE_ROW) return true;
  if ((rc & 0xff) == SQLITE_FULL) return false;
  fatal(rc);
}

bool Writer::begin() {
  dropped_ = false;
  return run(begin_);
}

bool Writer::add_values(uint64_t seq, int64_t main, uint32_t sub, bool tombstone, uint64_t prev,
                        std::string_view kv) {
  insert_.bind(1, seq);
  insert_.bind(2, main);
  insert_.bind(3, int64_t{sub});
  insert_.bind(4, int64_t{tombstone ? 1 : 0});
  insert_.bind(5, prev);
  insert_.bind_blob(6, kv);
  return run(insert_);
}

bool Writer::add(const VersionRecord& r) {
  return add_values(r.seq, r.main, r.sub, r.mark, r.prev_seq, r.kv());
}

bool Writer::add(const HistoryRow& r) {
  return add_values(r.seq.value, r.main.value, r.sub, r.tombstone, r.prev_seq.value, r.kv);
}

bool Writer::put_row(std::string_view bucket, std::string_view key, std::string_view value) {
  put_row_.bind_text(1, bucket);
  put_row_.bind_blob(2, key);
  put_row_.bind_blob(3, value);
  return run(put_row_);
}

bool Writer::erase_row(std::string_view bucket, std::string_view key) {
  erase_row_.bind_text(1, bucket);
  erase_row_.bind_blob(2, key);
  return run(erase_row_);
}

bool Writer::drop(Seq first, Seq last) {
  dropped_ = true;
  drop_.bind(1, first.value);
  drop_.bind(2, last.value);
  return run(drop_);
}

bool Writer::clear_rows() { return run(clear_rows_); }

bool Writer::commit(Index applied, Term term, Seq last_seq) {
  meta_.bind(1, applied.value);
  meta_.bind(2, term.value);
  meta_.bind(3, last_seq.value);
  meta_.bind(4, int64_t{dropped_ ? 1 : 0});
  if (!run(meta_) || !run(commit_)) return false;
  if (const Status status = measure(); !status.ok()) fatal(status);
  return true;
}

// A full disk may have made SQLite take the transaction back by itself.
void Writer::rollback() {
  if (sqlite3_get_autocommit(db_.handle()) != 0) return;
  const int rc = rollback_.step();
  rollback_.reset();
  if (rc != SQLITE_DONE) fatal(rc);
}

bool Writer::checkpoint_if_long() {
  if (journal_pages_ * page_bytes_ < kJournalBytesMax) return true;
  const int rc =
      sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  const int kind = rc & 0xff;
  if (kind == SQLITE_OK) journal_pages_ = 0;
  if (kind == SQLITE_OK || kind == SQLITE_BUSY || kind == SQLITE_FULL) return kind == SQLITE_OK;
  fatal(rc);
}

Status Writer::checkpoint_whole() {
  const int rc = sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                           nullptr, nullptr);
  return rc == SQLITE_OK ? Status() : db_.failure(rc);
}

bool Writer::release_ballast() {
  if (!ballast_) return false;
  ballast_ = false;
  const Status status = backend_->fs().remove(backend_->dir() + kBallastFile);
  return status.ok();
}

// Reserved blocks are what counts; its content means nothing and it is never synced.
bool Writer::refill_ballast() {
  if (ballast_) return true;
  io::FileSystem& fs = backend_->fs();
  const auto space = fs.space(backend_->dir());
  if (!space.ok() || space->free_bytes < 2 * kBallastBytes) return false;
  auto file = fs.open(backend_->dir() + kBallastFile, io::OpenMode::kCreate);
  if (!file.ok()) return false;
  ballast_ = (*file)->allocate(kBallastBytes).ok();
  if (!ballast_) (void)fs.remove(backend_->dir() + kBallastFile);
  return ballast_;
}

Status Writer::measure() {
  uint64_t pages[2] = {};
  Statement* statements[2] = {&page_count_, &free_count_};
  for (int i = 0; i < 2; ++i) {
    ResetAtEnd reset(*statements[i]);
    const int rc = statements[i]->step();
    if (rc != SQLITE_ROW) return db_.failure(rc);
    pages[i] = statements[i]->natural(0);
  }
  sizes_.file_bytes = pages[0] * static_cast<uint64_t>(page_bytes_);
  sizes_.in_use_bytes = (pages[0] - pages[1]) * static_cast<uint64_t>(page_bytes_);
  return Status();
}

}  // namespace keelson::mvcc
