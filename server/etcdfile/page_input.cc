#include "etcdfile/page_input.h"

#include <algorithm>
#include <optional>

namespace keelson::etcdfile {
namespace {

// A few pages ahead: our own files and etcd's bulk of old revisions lie in order, and one read from
// the page cache costs the same for one page or eight.
constexpr uint64_t kWindowBytes = 32 * 1024;

}  // namespace

bool PageSet::add(uint64_t first, uint64_t count) {
  CHECK(first < pages_ && count <= pages_ - first);
  for (uint64_t page = first; page < first + count; ++page) {
    uint64_t& word = bits_[page / 64];
    const uint64_t bit = uint64_t{1} << (page % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
  }
  return true;
}

PageInput::PageInput(std::unique_ptr<io::File> file, std::string path, uint64_t size)
    : file_(std::move(file)), path_(std::move(path)), size_(size) {}

Result<std::unique_ptr<PageInput>> PageInput::open(io::FileSystem& fs, const std::string& path) {
  auto file = fs.open(path, io::OpenMode::kReadOnly);
  if (!file.ok()) return file.status();
  auto size = (*file)->size();
  if (!size.ok()) return size.status();
  std::unique_ptr<PageInput> input(new PageInput(std::move(*file), path, *size));
  if (Status s = input->find_meta(); !s.ok()) return s;
  if (Status s = input->check_meta(); !s.ok()) return s;
  return input;
}

// What a meta page at `offset` would hold; shorter at the end of the file.
Result<std::string> PageInput::head(uint64_t offset) const {
  std::string out(kMetaEndBytes, '\0');
  auto got = file_->read_at(offset, out);
  if (!got.ok()) return got.status();
  out.resize(*got);
  return out;
}

// From meta 0, or when that is damaged from meta 1, which stands one page further on.
Result<uint32_t> PageInput::find_page_bytes() const {
  auto first = head(0);
  if (!first.ok()) return first.status();
  if (const auto meta = decode_meta_page(*first)) return meta->page_bytes;
  for (uint32_t bytes = kPageBytesMin; bytes <= kPageBytesMax; bytes *= 2) {
    auto second = head(bytes);
    if (!second.ok()) return second.status();
    if (const auto meta = decode_meta_page(*second); meta && meta->page_bytes == bytes)
      return bytes;
  }
  if (is_foreign_endian(*first))
    return Status(Code::kFailedPrecondition,
                  "etcdfile: " + path_ +
                      " was written on a big-endian machine; save a snapshot "
                      "on this kind of machine instead");
  if (size_ < kFirstDataPage * kPageBytesMin)
    return bad(0, "the file ends inside the metas (" + std::to_string(size_) + " bytes)");
  return bad(0, "no valid meta: damaged, or no bbolt file");
}

Status PageInput::find_meta() {
  auto bytes = find_page_bytes();
  if (!bytes.ok()) return bytes.status();
  if (!is_page_size(*bytes))
    return bad(0, "a page size of " + std::to_string(*bytes) + " bytes is not supported");
  std::optional<Meta> newest;
  for (uint64_t page = 0; page < kFirstDataPage; ++page) {
    auto bytes_there = head(page * *bytes);
    if (!bytes_there.ok()) return bytes_there.status();
    const auto meta = decode_meta_page(*bytes_there);
    if (!meta || meta->page_bytes != *bytes) continue;
    if (!newest || meta->transaction > newest->transaction) newest = meta;
  }
  if (!newest) return bad(0, "both metas name another page size than the place where they stand");
  meta_ = *newest;
  return {};
}

Status PageInput::check_meta() const {
  if (size_ > kFileBytesMax)
    return Status(Code::kFailedPrecondition,
                  "etcdfile: " + path_ + " is larger than any etcd database");
  if (meta_.pages <= kFirstDataPage)
    return bad(0, "the meta knows " + std::to_string(meta_.pages) + " pages, 3 is the least");
  if (meta_.pages > size_ / meta_.page_bytes)
    return bad(size_ / meta_.page_bytes, "cut off: the file should have " +
                                             std::to_string(meta_.pages) + " pages of " +
                                             std::to_string(meta_.page_bytes) + " bytes");
  if (meta_.root < kFirstDataPage || meta_.root >= meta_.pages)
    return bad(0, "the meta's root page " + std::to_string(meta_.root) + " is outside the file");
  if (meta_.freelist != kNoFreelist &&
      (meta_.freelist < kFirstDataPage || meta_.freelist >= meta_.pages))
    return bad(
        0, "the meta's freelist page " + std::to_string(meta_.freelist) + " is outside the file");
  return {};
}

Result<std::string_view> PageInput::view(uint64_t offset, uint64_t n) {
  const uint64_t end = meta_.pages * meta_.page_bytes;
  CHECK(offset <= end && n <= end - offset);
  if (offset < window_at_ || offset + n > window_at_ + window_.size()) {
    const uint64_t want = std::min(std::max(n, kWindowBytes), end - offset);
    if (window_.capacity() > kWindowBytes && want <= kWindowBytes) window_ = std::string();
    window_.resize(want);
    window_at_ = offset;
    auto got = file_->read_at(offset, window_);
    if (!got.ok() || *got != want) {
      window_.clear();
      if (!got.ok()) return got.status();
      return bad((offset + *got) / meta_.page_bytes, "cut off while it was read");
    }
  }
  return std::string_view(window_).substr(offset - window_at_, n);
}

Status PageInput::bad(uint64_t page, const std::string& what) const {
  return Status(Code::kDataLoss,
                "etcdfile: " + path_ + ": page " + std::to_string(page) + ": " + what);
}

}  // namespace keelson::etcdfile
