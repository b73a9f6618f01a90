#include "wal/format.h"

#include <cstdio>
#include <cstring>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace keelson::wal {
namespace {

constexpr std::string_view kMagic = "KEELWAL\n";
constexpr size_t kHeadUsedBytes = 64;
constexpr size_t kHeadCrcOffset = 12;
constexpr size_t kSequenceDigits = 16;
constexpr std::string_view kSparePrefix = "spare-";

// The crc field itself is left out.
uint32_t head_crc(std::string_view used) {
  const uint32_t crc = crc32c(0, used.substr(0, kHeadCrcOffset));
  return crc32c(crc, used.substr(kHeadCrcOffset + 4, kHeadUsedBytes - kHeadCrcOffset - 4));
}

void store_u32(char* p, uint32_t v) { std::memcpy(p, &v, sizeof v); }
void store_u64(char* p, uint64_t v) { std::memcpy(p, &v, sizeof v); }

// `fields` are the header's bytes behind its crc field.
uint32_t frame_crc(uint64_t generation, uint64_t offset, const char* fields) {
  char covered[16 + kFrameHeaderBytes - 4];
  store_u64(covered, generation);
  store_u64(covered + 8, offset);
  std::memcpy(covered + 16, fields, kFrameHeaderBytes - 4);
  return crc32c(0, std::string_view(covered, sizeof covered));
}

bool all_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string encode_head(const SegmentHead& head) {
  std::string out(kMagic);
  put_u32le(out, kFormatVersion);
  put_u32le(out, 0);
  put_u64le(out, head.sequence);
  put_u64le(out, head.generation);
  put_u64le(out, head.identity.cluster.value);
  put_u64le(out, head.identity.member.value);
  out.resize(kHeadUsedBytes, '\0');
  store_u32(out.data() + kHeadCrcOffset, head_crc(out));
  out.resize(kHeadBytes, '\0');
  return out;
}

Result<SegmentHead> decode_head(std::string_view bytes, const std::string& path) {
  if (bytes.size() < kHeadUsedBytes) {
    return Status(Code::kDataLoss, "wal: " + path + " is cut off inside its head");
  }
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return Status(
        Code::kFailedPrecondition,
        "wal: " + path + " is not a log segment of this program (or its head is damaged)");
  }
  if (get_u32le(bytes.data() + kHeadCrcOffset) != head_crc(bytes.substr(0, kHeadUsedBytes))) {
    return Status(Code::kDataLoss, "wal: " + path + " is damaged in its head (offset 0)");
  }
  const uint32_t version = get_u32le(bytes.data() + kMagic.size());
  if (version != kFormatVersion) {
    return Status(Code::kFailedPrecondition,
                  "wal: " + path + " has format version " + std::to_string(version) +
                      ", this program reads only version " + std::to_string(kFormatVersion) +
                      "; start the release that wrote it");
  }
  SegmentHead head;
  head.sequence = get_u64le(bytes.data() + 16);
  head.generation = get_u64le(bytes.data() + 24);
  head.identity.cluster = ClusterId(get_u64le(bytes.data() + 32));
  head.identity.member = MemberId(get_u64le(bytes.data() + 40));
  return head;
}

uint32_t encode_frame_header(const FrameHeader& header, uint64_t generation, uint64_t offset,
                             char* out) {
  CHECK(header.length <= kPayloadBytesMax);
  CHECK(offset % kAlignBytes == 0);
  store_u32(out + 4, header.length);
  store_u64(out + 8, header.synced_to.value);
  store_u32(out + 16, header.previous);
  store_u32(out + 20, header.payload_crc);
  store_u64(out + 24, static_cast<uint64_t>(header.kind));
  const uint32_t crc = frame_crc(generation, offset, out + 4);
  store_u32(out, crc);
  return crc;
}

std::optional<CheckedHeader> decode_frame_header(const char* bytes, uint64_t generation,
                                                 uint64_t offset, uint64_t space) {
  // The cheap tests come first: a scan asks this for every eighth byte of a segment.
  const uint64_t kind = get_u64le(bytes + 24);
  if (kind < 1 || kind > static_cast<uint64_t>(FrameKind::kSeal)) return std::nullopt;
  const uint32_t length = get_u32le(bytes + 4);
  if (length > kPayloadBytesMax || frame_bytes(length) > space) return std::nullopt;
  const uint32_t crc = get_u32le(bytes);
  if (crc != frame_crc(generation, offset, bytes + 4)) return std::nullopt;
  CheckedHeader out;
  out.crc = crc;
  out.header.length = length;
  out.header.synced_to = Position(get_u64le(bytes + 8));
  out.header.previous = get_u32le(bytes + 16);
  out.header.payload_crc = get_u32le(bytes + 20);
  out.header.kind = static_cast<FrameKind>(kind);
  return out;
}

std::string segment_name(uint64_t sequence) {
  char name[32];
  std::snprintf(name, sizeof name, "%016llx.wal", static_cast<unsigned long long>(sequence));
  return name;
}

std::optional<uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != kSequenceDigits + 4 || name.substr(kSequenceDigits) != ".wal") return {};
  if (!all_hex(name.substr(0, kSequenceDigits))) return {};
  const uint64_t sequence = std::stoull(std::string(name.substr(0, kSequenceDigits)), nullptr, 16);
  if (sequence == 0 || sequence > 0xffffffffu) return {};
  return sequence;
}

std::string spare_name(uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "spare-%08llx", static_cast<unsigned long long>(number));
  return name;
}

std::optional<uint64_t> parse_spare_name(std::string_view name) {
  if (!name.starts_with(kSparePrefix)) return {};
  name.remove_prefix(kSparePrefix.size());
  if (name.empty() || name.size() > kSequenceDigits - 1 || !all_hex(name)) return {};
  return std::stoull(std::string(name), nullptr, 16);
}

bool is_etcd_name(std::string_view name) {
  return name.size() == 2 * kSequenceDigits + 5 && name[kSequenceDigits] == '-' &&
         all_hex(name.substr(0, kSequenceDigits)) &&
         all_hex(name.substr(kSequenceDigits + 1, kSequenceDigits)) && name.ends_with(".wal");
}

}  // namespace keelson::wal
