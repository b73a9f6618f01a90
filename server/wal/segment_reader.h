// One segment file being read at start: frames in order, and the search for remains behind the end.
// Reads through a window, so that neither a large segment nor a lying length costs memory. One
// owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/fs.h"
#include "wal/format.h"

namespace keelson::wal {

struct Frame {
  FrameHeader header;
  uint32_t crc = 0;
  std::string_view payload;  // until the next call on the reader
  uint64_t offset = 0;
  uint64_t end = 0;  // where the next frame begins
};

class SegmentReader {
 public:
  // Opens and checks the head; its sequence must be the one of the name.
  static Result<SegmentReader> open(io::FileSystem& fs, const std::string& path, uint64_t sequence);

  const SegmentHead& head() const { return head_; }
  uint64_t size() const { return size_; }

  // kTorn: the header is a real one of this generation, the payload is not what it promises.
  enum class Found : uint8_t { kFrame, kTorn, kNothing };
  Result<Found> frame_at(uint64_t offset, Frame& out);

  // Looks at every place from `offset` on where a frame header of this generation could stand.
  struct Remains {
    bool any = false;
    Position proven;            // the furthest synced_to of all of them
    uint64_t proof_offset = 0;  // where that header stands
  };
  Result<Remains> scan(uint64_t offset);

 private:
  SegmentReader(std::unique_ptr<io::File> file, uint64_t size);
  // Up to n bytes from `offset`; less only at the end of the file.
  Result<std::string_view> view(uint64_t offset, uint64_t n);
  void scan_view(std::string_view bytes, uint64_t offset, Remains& out) const;

  std::unique_ptr<io::File> file_;
  uint64_t size_;
  SegmentHead head_;
  std::unique_ptr<char[]> window_;
  uint64_t window_capacity_ = 0;
  uint64_t window_start_ = 0;
  uint64_t window_bytes_ = 0;
};

}  // namespace keelson::wal
