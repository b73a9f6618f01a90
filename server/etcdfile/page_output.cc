#include "etcdfile/page_output.h"

namespace keelson::etcdfile {
namespace {

constexpr size_t kBufferBytes = 1024 * 1024;

}  // namespace

PageOutput::PageOutput(std::unique_ptr<io::File> file, uint32_t page_bytes)
    : file_(std::move(file)),
      page_bytes_(page_bytes),
      flushed_bytes_(kFirstDataPage * uint64_t{page_bytes}) {
  CHECK(file_ != nullptr);
  CHECK(is_page_size(page_bytes));
}

Result<uint64_t> PageOutput::append(PageFlag flag, uint32_t count,
                                    std::initializer_list<std::string_view> pieces) {
  CHECK(count <= kPageElementsMax);
  uint64_t bytes = kPageHeaderBytes;
  for (const std::string_view piece : pieces) bytes += piece.size();
  const uint64_t used = (bytes + page_bytes_ - 1) / page_bytes_;
  CHECK(used - 1 <= UINT32_MAX);
  const uint64_t id = pages_;
  std::string header;
  put_page_header(header, {.id = id,
                           .flags = flag,
                           .count = static_cast<uint16_t>(count),
                           .overflow = static_cast<uint32_t>(used - 1)});
  if (Status s = put(header); !s.ok()) return s;
  for (const std::string_view piece : pieces)
    if (Status s = put(piece); !s.ok()) return s;
  buffer_.append(used * page_bytes_ - bytes, '\0');
  pages_ += used;
  return id;
}

// A large value goes through as it is, not through the buffer.
Status PageOutput::put(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes)
    if (Status s = flush(); !s.ok()) return s;
  if (bytes.size() <= kBufferBytes) {
    buffer_.append(bytes);
    return {};
  }
  if (Status s = file_->write_at(flushed_bytes_, bytes); !s.ok()) return s;
  flushed_bytes_ += bytes.size();
  return {};
}

Status PageOutput::flush() {
  if (buffer_.empty()) return {};
  if (Status s = file_->write_at(flushed_bytes_, buffer_); !s.ok()) return s;
  flushed_bytes_ += buffer_.size();
  buffer_.clear();
  return {};
}

// As a snapshot of etcd has them: both for the same tree, page 0 with the higher transaction.
Status PageOutput::write_metas(uint64_t root, uint64_t freelist) {
  if (Status s = flush(); !s.ok()) return s;
  CHECK(flushed_bytes_ == size_bytes());
  Meta meta{.page_bytes = page_bytes_, .root = root, .freelist = freelist, .pages = pages_};
  meta.transaction = 2;
  std::string both = encode_meta_page(meta, 0);
  meta.transaction = 1;
  both += encode_meta_page(meta, 1);
  return file_->write_at(0, both);
}

}  // namespace keelson::etcdfile
