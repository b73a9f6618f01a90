#include "mvcc/image_rows.h"

#include <utility>

#include "mvcc/kv_codec.h"

namespace keelson::mvcc {

Result<std::unique_ptr<ImageRows>> ImageRows::open(io::FileSystem& fs, const std::string& path) {
  std::unique_ptr<ImageRows> rows(new ImageRows(fs));
  if (const Status status = rows->prepare(path); !status.ok()) return status;
  return rows;
}

Status ImageRows::prepare(const std::string& path) {
  auto db = Database::open(vfs_, path, Database::Mode::kReadOnly);
  if (!db.ok()) return db.status();
  db_ = std::make_unique<Database>(std::move(*db));
  if (const Status status = check_format(*db_, path); !status.ok()) return status;
  auto meta = read_meta(*db_);
  if (!meta.ok()) return meta.status();
  meta_ = *meta;
  if (const Status status = db_->exec("PRAGMA cache_size=-1024"); !status.ok()) return status;
  auto tables = db_->prepare("SELECT name, key, value FROM bucket ORDER BY name, key");
  if (!tables.ok()) return tables.status();
  tables_ = std::move(*tables);
  auto versions = db_->prepare("SELECT main, sub, flags, kv FROM history ORDER BY seq");
  if (!versions.ok()) return versions.status();
  versions_ = std::move(*versions);
  return Status();
}

Result<bool> ImageRows::next(TableRow& out) {
  const int rc = tables_.step();
  if (rc == SQLITE_DONE) return false;
  if (rc != SQLITE_ROW) return db_->failure(rc);
  const auto bucket = bucket_by_name(tables_.blob(0));
  if (!bucket) return db_->failure(SQLITE_CORRUPT);
  out = {.bucket = *bucket, .key = tables_.blob(1), .value = tables_.blob(2)};
  return true;
}

Result<bool> ImageRows::next(VersionRow& out) {
  const int rc = versions_.step();
  if (rc == SQLITE_DONE) return false;
  if (rc != SQLITE_ROW) return db_->failure(rc);
  out = {.main = Revision(versions_.integer(0)),
         .sub = versions_.integer(1),
         .tombstone = (versions_.integer(2) & 1) != 0,
         .kv = versions_.blob(3)};
  return true;
}

}  // namespace keelson::mvcc
