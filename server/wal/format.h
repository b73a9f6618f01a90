// The bytes of the log: segment heads and frames. FORMAT.md is the picture of this file. Pure
// functions; decoders take their input as hostile.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "wal/wal.h"

namespace keelson::wal {

inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint64_t kHeadBytes = 4096;  // a block of its own: later writes never touch it
inline constexpr uint64_t kFrameHeaderBytes = 32;
inline constexpr uint64_t kAlignBytes = 8;
// Two of the largest entries that apply takes (512 MiB): more than any batch holds.
inline constexpr uint64_t kPayloadBytesMax = 1024ull * 1024 * 1024;
// Segment sizes: two heads and some frames at least; offsets must fit in 32 bits of a Position.
inline constexpr uint64_t kSegmentBytesMin = 16 * 1024;
inline constexpr uint64_t kSegmentBytesMax = 2048ull * 1024 * 1024;

// A place in the whole log, ordered: segment sequence, then offset in that segment.
struct Position {
  uint64_t value = 0;

  constexpr Position() = default;
  constexpr explicit Position(uint64_t v) : value(v) {}
  constexpr Position(uint64_t sequence, uint64_t offset) : value(sequence << 32 | offset) {}
  constexpr uint64_t sequence() const { return value >> 32; }
  constexpr uint64_t offset() const { return value & 0xffffffffu; }
  constexpr auto operator<=>(const Position&) const = default;
};

struct SegmentHead {
  uint64_t sequence = 0;
  uint64_t generation = 0;  // never used twice: old frames in a recycled file do not count
  Identity identity;
  bool operator==(const SegmentHead&) const = default;
};

std::string encode_head(const SegmentHead& head);  // kHeadBytes long
// FailedPrecondition (foreign, newer) or DataLoss (damaged); `path` is for the text.
Result<SegmentHead> decode_head(std::string_view bytes, const std::string& path);

constexpr uint64_t segment_generation(uint32_t salt, uint64_t sequence) {
  return static_cast<uint64_t>(salt) << 32 | sequence;
}

enum class FrameKind : uint8_t {
  kOpening = 1,  // first of each segment: how it joins the one before, and the state so far
  kBatch = 2,    // the records of one append
  kSeal = 3,     // last of a full segment: the log goes on in another file, which exists
};

struct FrameHeader {
  uint32_t length = 0;    // of the payload
  Position synced_to;     // what a finished sync had proven when this frame was made
  uint32_t previous = 0;  // crc of the frame before, 0 for the first of a log
  uint32_t payload_crc = 0;
  FrameKind kind = FrameKind::kBatch;
};

// Writes kFrameHeaderBytes at `out`; returns the frame's crc, which covers generation, offset, all
// of the header and, through payload_crc, the payload.
uint32_t encode_frame_header(const FrameHeader& header, uint64_t generation, uint64_t offset,
                             char* out);

struct CheckedHeader {
  FrameHeader header;
  uint32_t crc = 0;
};
// The header at `bytes` (kFrameHeaderBytes of it), or nothing when it is not one of this generation
// at this offset. `space` is what lies between the offset and the end of the file: no frame is
// longer.
std::optional<CheckedHeader> decode_frame_header(const char* bytes, uint64_t generation,
                                                 uint64_t offset, uint64_t space);

constexpr uint64_t frame_bytes(uint64_t payload_bytes) {
  return (kFrameHeaderBytes + payload_bytes + kAlignBytes - 1) / kAlignBytes * kAlignBytes;
}

std::string segment_name(uint64_t sequence);  // "00000000000000ff.wal"
std::optional<uint64_t> parse_segment_name(std::string_view name);
std::string spare_name(uint64_t number);  // "spare-00000001"
std::optional<uint64_t> parse_spare_name(std::string_view name);
// "0000000000000000-0000000000000000.wal" and its helpers: another program's log.
bool is_etcd_name(std::string_view name);

}  // namespace keelson::wal
