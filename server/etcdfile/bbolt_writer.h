// Writes one complete bbolt file in one pass: buckets in any order, keys of a bucket ascending. The
// file is what etcd's own snapshot is (one tree, both metas pointing at it, no free pages), so that
// bbolt, etcdutl and a stock member open it. Source: reference etcd-data.md section 2.6.
//
// One owner, any thread. Memory: a buffer of 1 MiB, one page a tree level, the largest element.
// After an error of the file (ResourceExhausted: disk full) the half-made file is the caller's to
// remove; every further call is useless. InvalidArgument: keys out of order or of a size that bbolt
// does not store, nothing was added.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "etcdfile/digest.h"
#include "etcdfile/tree_builder.h"
#include "io/fs.h"

namespace keelson::etcdfile {

// kNone: whoever streams the file hashes it on the way. kReturn: the file is read once more.
// kAppend: also written behind the image, as `etcdctl snapshot save` stores it.
enum class DigestMode : uint8_t { kNone, kReturn, kAppend };

struct WriterOptions {
  uint32_t page_bytes = kPageBytesDefault;  // a power of two, kPageBytesMin to kPageBytesMax
  // An empty freelist page: openers need no walk through the file. Without it (as etcd on Linux
  // has it) they find free pages by themselves.
  bool freelist_page = true;
  bool inline_buckets = true;  // small ones inside the root bucket, as bbolt would
  DigestMode digest = DigestMode::kReturn;
  bool sync = false;  // content durable when finish() returns (the name: the caller's sync_dir)
};

struct WrittenImage {
  uint64_t image_bytes = 0;  // pages only
  uint64_t file_bytes = 0;   // with an appended digest
  Digest sha256{};           // of the pages; zeros with kNone
};

class BboltWriter {
 public:
  // Replaces what is at `path`.
  static Result<std::unique_ptr<BboltWriter>> create(io::FileSystem& fs, const std::string& path,
                                                     const WriterOptions& options = {});

  // One bucket at a time; each name once.
  Status begin_bucket(std::string_view name);
  Status add(std::string_view key, std::string_view value);
  Status end_bucket();
  // Once, with no bucket open; the file is whole on return.
  Result<WrittenImage> finish();

 private:
  BboltWriter(std::unique_ptr<io::File> file, std::string path, const WriterOptions& options);
  Status write_root(uint64_t freelist);
  Result<WrittenImage> seal();

  const std::string path_;
  const WriterOptions options_;
  PageOutput out_;
  uint64_t freelist_ = kNoFreelist;
  std::map<std::string, std::string, std::less<>> buckets_;  // name to its value in the root
  std::optional<TreeBuilder> open_;
  std::string open_name_;
  bool finished_ = false;
};

}  // namespace keelson::etcdfile
