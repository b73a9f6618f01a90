// Reads an etcd database image: a saved snapshot, the file that a stock leader sends, or `db` of a
// stopped member. Opening it reads the small tables whole and checks them; the rest streams. Every
// row is decoded before it is handed out: DataLoss names file, page and row. Whether the versions
// in it are supported is the caller's question.
//
// One thread at a time. Memory: as bbolt_reader.h says, plus ImageState. The file system outlives
// it; the file is closed with it.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "etcdfile/bbolt_reader.h"
#include "etcdfile/contents.h"
#include "etcdfile/digest.h"

namespace keelson::etcdfile {

// What to do about the 32 bytes behind a saved snapshot. kIfPresent: check them when the file's
// length says that they are there (one more pass over the file). kRequired: FailedPrecondition
// without them.
enum class DigestCheck : uint8_t { kIfPresent, kRequired, kSkip };

struct ReaderOptions {
  DigestCheck digest = DigestCheck::kIfPresent;
  // Buckets and rows of "meta", "cluster" and "auth" that this program does not know: refused with
  // FailedPrecondition, as they would be lost; or passed over (next_row still shows the rows).
  bool allow_unknown = false;
};

// The buckets of an image, and one pass over some of them.
class BucketWalk {
 public:
  using Directory = std::map<std::string, BucketRef, std::less<>>;
  // Keeps references to the first three. Walks that share `reached` notice pages of two buckets.
  BucketWalk(BboltReader& reader, const Directory& directory, PageSet& reached,
             std::span<const std::string_view> names)
      : reader_(reader), directory_(directory), reached_(reached), names_(names) {}
  // True: the next row; its views are valid until the next call on any walk of the reader.
  Result<bool> next(TableRow& out);
  // DataLoss for the row that next() gave last.
  Status bad_row(const std::string& what) const;

 private:
  BboltReader& reader_;
  const Directory& directory_;
  PageSet& reached_;
  std::span<const std::string_view> names_;
  std::optional<Cursor> cursor_;
  std::string_view bucket_;
  Cursor::Item item_;
};

class ImageReader final : public ImageSource {
 public:
  static Result<std::unique_ptr<ImageReader>> open(io::FileSystem& fs, const std::string& path,
                                                   const ReaderOptions& options = {});

  const ImageState& state() const override { return state_; }
  Result<bool> next(AuthRow& out) override;
  Result<bool> next(LeaseRecord& out) override;
  Result<bool> next(RevisionRecord& out) override;
  // All tables but "key" as etcd's own bytes, in name and key order: a pass of its own beside the
  // typed ones.
  Result<bool> next_row(TableRow& out);

  uint64_t image_bytes() const;  // pages in use, as `etcdutl snapshot status` counts them
  bool has_digest() const { return digest_ == DigestFound::kGood; }

 private:
  ImageReader(std::unique_ptr<BboltReader> reader, const ReaderOptions& options);
  Status check_digest(const std::string& path);
  Status load_directory();
  Status load_state();
  Status load_row(const TableRow& row, const BucketWalk& walk);
  Status load_cluster(const TableRow& row, const BucketWalk& walk);
  Status load_meta(const TableRow& row, const BucketWalk& walk);
  Status unknown(const std::string& what) const;

  const std::unique_ptr<BboltReader> reader_;
  const ReaderOptions options_;
  DigestFound digest_ = DigestFound::kNone;
  BucketWalk::Directory directory_;
  ImageState state_;
  PageSet reached_;  // by everything but rows_, which is a second pass
  PageSet rows_reached_;
  BucketWalk auth_;
  BucketWalk leases_;
  BucketWalk revisions_;
  BucketWalk rows_;
};

}  // namespace keelson::etcdfile
