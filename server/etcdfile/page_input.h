// A bbolt file being read: which pages it has, and their bytes through a small window. Nothing in
// the file is believed: an offset outside, a file cut off or a page met twice is an error that
// names file and page. One owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "etcdfile/format.h"
#include "io/fs.h"

namespace keelson::etcdfile {

// Pages that one walk has met: a second meeting is a cycle or two owners of a page. One bit a page.
class PageSet {
 public:
  explicit PageSet(uint64_t pages) : pages_(pages), bits_((pages + 63) / 64) {}
  // [first, first + count) inside the file; false when one of them is in already.
  bool add(uint64_t first, uint64_t count);

 private:
  uint64_t pages_;
  std::vector<uint64_t> bits_;
};

class PageInput {
 public:
  // Finds the newest valid meta and checks its numbers against the file's size. FailedPrecondition:
  // no bbolt file that this program reads; DataLoss: damaged or cut off.
  static Result<std::unique_ptr<PageInput>> open(io::FileSystem& fs, const std::string& path);

  const Meta& meta() const { return meta_; }
  uint64_t pages() const { return meta_.pages; }
  uint32_t page_bytes() const { return meta_.page_bytes; }
  io::File& file() { return *file_; }
  const std::string& path() const { return path_; }

  // `n` bytes from `offset` of the file, valid until the next call. The caller has checked that
  // they lie inside the pages.
  Result<std::string_view> view(uint64_t offset, uint64_t n);
  // DataLoss "etcdfile: <path>: page <page>: <what>".
  Status bad(uint64_t page, const std::string& what) const;

 private:
  PageInput(std::unique_ptr<io::File> file, std::string path, uint64_t size);
  Status find_meta();
  Status no_meta() const;
  Status check_meta() const;
  Result<std::string> head(uint64_t offset) const;
  Result<uint32_t> find_page_bytes() const;

  const std::unique_ptr<io::File> file_;
  const std::string path_;
  const uint64_t size_;
  Meta meta_;
  std::string window_;
  uint64_t window_at_ = 0;
};

}  // namespace keelson::etcdfile
