#include "wal/segment_reader.h"

#include <algorithm>

#include "base/crc32c.h"

namespace keelson::wal {
namespace {

constexpr uint64_t kWindowBytes = 1024 * 1024;

}  // namespace

SegmentReader::SegmentReader(std::unique_ptr<io::File> file, uint64_t size)
    : file_(std::move(file)), size_(size) {}

Result<SegmentReader> SegmentReader::open(io::FileSystem& fs, const std::string& path,
                                          uint64_t sequence) {
  auto file = fs.open(path, io::OpenMode::kReadOnly);
  if (!file.ok()) return file.status();
  auto size = (*file)->size();
  if (!size.ok()) return size.status();
  if (*size > 0xffffffffu) {
    return Status(Code::kFailedPrecondition,
                  "wal: " + path + " is larger than any log segment: not a file of this program");
  }
  SegmentReader reader(std::move(*file), *size);
  auto bytes = reader.view(0, kHeadBytes);
  if (!bytes.ok()) return bytes.status();
  auto head = decode_head(*bytes, path);
  if (!head.ok()) return head.status();
  if (head->sequence != sequence) {
    return Status(Code::kFailedPrecondition,
                  "wal: " + path + " says it is segment " + segment_name(head->sequence) +
                      ": it was renamed or copied; put the original files back");
  }
  reader.head_ = *head;
  return reader;
}

Result<std::string_view> SegmentReader::view(uint64_t offset, uint64_t n) {
  n = offset >= size_ ? 0 : std::min(n, size_ - offset);
  if (offset < window_start_ || offset + n > window_start_ + window_bytes_) {
    const uint64_t want = std::min(std::max(n, kWindowBytes), size_ - std::min(offset, size_));
    if (want > window_capacity_) {
      window_ = std::make_unique_for_overwrite<char[]>(want);
      window_capacity_ = want;
    }
    window_start_ = offset;
    window_bytes_ = 0;
    auto got = file_->read_at(offset, std::span(window_.get(), want));
    if (!got.ok()) return got.status();
    window_bytes_ = *got;
  }
  const uint64_t skip = offset - window_start_;
  return std::string_view(window_.get() + skip, std::min(n, window_bytes_ - skip));
}

Result<SegmentReader::Found> SegmentReader::frame_at(uint64_t offset, Frame& out) {
  CHECK(offset % kAlignBytes == 0);
  auto bytes = view(offset, kFrameHeaderBytes);
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() < kFrameHeaderBytes) return Found::kNothing;
  const auto checked = decode_frame_header(bytes->data(), head_.generation, offset, size_ - offset);
  if (!checked) return Found::kNothing;
  // The length is believed now: its header's checksum holds and it ends inside the file.
  auto payload = view(offset + kFrameHeaderBytes, checked->header.length);
  if (!payload.ok()) return payload.status();
  if (payload->size() != checked->header.length) return Found::kTorn;
  if (crc32c(0, *payload) != checked->header.payload_crc) return Found::kTorn;
  out = Frame{.header = checked->header,
              .crc = checked->crc,
              .payload = *payload,
              .offset = offset,
              .end = offset + frame_bytes(checked->header.length)};
  return Found::kFrame;
}

void SegmentReader::scan_view(std::string_view bytes, uint64_t offset, Remains& out) const {
  for (uint64_t i = 0; i + kFrameHeaderBytes <= bytes.size(); i += kAlignBytes) {
    const auto checked =
        decode_frame_header(bytes.data() + i, head_.generation, offset + i, size_ - offset - i);
    if (!checked) continue;
    out.any = true;
    if (checked->header.synced_to <= out.proven) continue;
    out.proven = checked->header.synced_to;
    out.proof_offset = offset + i;
  }
}

Result<SegmentReader::Remains> SegmentReader::scan(uint64_t offset) {
  CHECK(offset % kAlignBytes == 0);
  Remains out;
  while (offset < size_) {
    auto bytes = view(offset, kWindowBytes);
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() < kFrameHeaderBytes) break;
    scan_view(*bytes, offset, out);
    // Windows overlap by less than a header, so that none is missed at a border.
    offset += (bytes->size() - kFrameHeaderBytes) / kAlignBytes * kAlignBytes + kAlignBytes;
  }
  return out;
}

}  // namespace keelson::wal
