// Reads the rows of an image that Store::make_image_job() made: a SQLite file that nobody writes
// any more. Read-only; memory is SQLite's page cache of 1 MiB and one row. Any thread, one at a
// time. The file must stay where it is while this lives.
#pragma once

#include <memory>
#include <string>

#include "io/fs.h"
#include "mvcc/backend.h"
#include "mvcc/state_rows.h"

namespace keelson::mvcc {

class ImageRows final : public StateSource {
 public:
  // Refuses what is no state of ours, or a newer one. `fs` must outlive it.
  static Result<std::unique_ptr<ImageRows>> open(io::FileSystem& fs, const std::string& path);

  Identity identity() const { return meta_.identity; }
  Index applied() const { return meta_.applied; }
  Term applied_term() const { return meta_.term; }

  Result<bool> next(TableRow& out) override;
  Result<bool> next(VersionRow& out) override;

 private:
  explicit ImageRows(io::FileSystem& fs) : vfs_(fs) {}
  Status prepare(const std::string& path);

  io::SqliteVfs vfs_;
  std::unique_ptr<Database> db_;  // before its statements, behind its file system
  StateMeta meta_;
  Statement tables_;
  Statement versions_;
};

}  // namespace keelson::mvcc
