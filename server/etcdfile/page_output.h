// Pages of a new bbolt file, written front to back through one buffer; ids are handed out in the
// order of writing. One owner, any thread. Memory: the buffer (1 MiB), whatever the file's size.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "etcdfile/format.h"
#include "io/fs.h"

namespace keelson::etcdfile {

class PageOutput {
 public:
  // Places of the two metas are left free until write_metas().
  PageOutput(std::unique_ptr<io::File> file, uint32_t page_bytes);

  // One page of `pieces` behind a header, with as many overflow pages as they need, zero-filled.
  // Returns its id. A failed write is final: the file is of no use any more.
  Result<uint64_t> append(PageFlag flag, uint32_t count,
                          std::initializer_list<std::string_view> pieces);
  // The last step: everything is in the file on return, nothing of it is durable.
  Status write_metas(uint64_t root, uint64_t freelist);

  uint32_t page_bytes() const { return page_bytes_; }
  uint64_t pages() const { return pages_; }
  uint64_t size_bytes() const { return pages_ * page_bytes_; }
  io::File& file() { return *file_; }

 private:
  Status put(std::string_view bytes);
  Status flush();

  const std::unique_ptr<io::File> file_;
  const uint32_t page_bytes_;
  uint64_t pages_ = kFirstDataPage;
  uint64_t flushed_bytes_;
  std::string buffer_;
};

}  // namespace keelson::etcdfile
