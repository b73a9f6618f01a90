// Small codecs over byte strings: fixed-width numbers, protobuf varints, hex.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace keelson {

inline void put_u32le(std::string& out, uint32_t v) { out.append(reinterpret_cast<char*>(&v), 4); }
inline void put_u64le(std::string& out, uint64_t v) { out.append(reinterpret_cast<char*>(&v), 8); }
inline void put_u64be(std::string& out, uint64_t v) { put_u64le(out, __builtin_bswap64(v)); }
inline uint32_t get_u32le(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint64_t get_u64le(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint64_t get_u64be(const char* p) { return __builtin_bswap64(get_u64le(p)); }
static_assert(std::endian::native == std::endian::little, "the codecs assume a little-endian host");

inline constexpr int kVarintBytesMax = 10;

inline int varint_size(uint64_t v) { return (64 - std::countl_zero(v | 1) + 6) / 7; }

// Writes at most kVarintBytesMax bytes at p; returns the end.
inline char* write_varint(char* p, uint64_t v) {
  while (v >= 0x80) {
    *p++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<char>(v);
  return p;
}

inline void put_varint(std::string& out, uint64_t v) {
  char buffer[kVarintBytesMax];
  out.append(buffer, static_cast<size_t>(write_varint(buffer, v) - buffer));
}

// Reads a varint from the front of `in` and removes it; false (and `in` unspecified) when it is cut
// off or longer than ten bytes.
inline bool get_varint(std::string_view& in, uint64_t& v) {
  v = 0;
  for (unsigned shift = 0; shift < 70 && !in.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(in.front());
    in.remove_prefix(1);
    if (shift < 64) v |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

std::string hex(uint64_t v);                 // lower case, no leading zeros: the text form of ids
std::string hex_bytes(std::string_view in);  // two digits a byte

}  // namespace keelson
