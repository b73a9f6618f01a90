// The protobuf wire format, read in place and written into a string: for the few messages of the
// hot path, where views into the request and one copy into the answer are the point. Input is
// hostile: every length is checked. Unknown fields can be skipped or noticed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace keelson::wire {

enum class Type : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5
};

struct Field {
  uint32_t number = 0;
  Type type = Type::kVarint;
  uint64_t number_value = 0;  // varint and fixed types
  std::string_view bytes;     // kBytes

  int64_t as_int64() const { return static_cast<int64_t>(number_value); }
  bool as_bool() const { return number_value != 0; }
};

// Walks the fields of one message. next() is false at the end or at damage; ok() tells which.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  bool next(Field& field) {
    if (in_.empty()) return false;
    uint64_t tag = 0;
    if (!get_varint(in_, tag) || (tag >> 3) == 0 || (tag >> 3) > kFieldMax) return fail();
    field.number = static_cast<uint32_t>(tag >> 3);
    field.type = static_cast<Type>(tag & 7);
    return read_value(field);
  }
  bool ok() const { return ok_; }

 private:
  static constexpr uint64_t kFieldMax = (1u << 29) - 1;

  bool fail() {
    ok_ = false;
    return false;
  }
  bool read_value(Field& field) {
    switch (field.type) {
      case Type::kVarint:
        return get_varint(in_, field.number_value) || fail();
      case Type::kBytes: {
        uint64_t size = 0;
        if (!get_varint(in_, size) || size > in_.size()) return fail();
        field.bytes = in_.substr(0, size);
        in_.remove_prefix(size);
        return true;
      }
      case Type::kFixed64:
        return read_fixed(field, 8);
      case Type::kFixed32:
        return read_fixed(field, 4);
      default:
        return fail();  // groups are not used by any message of ours
    }
  }
  bool read_fixed(Field& field, size_t size) {
    if (in_.size() < size) return fail();
    field.number_value = size == 8 ? get_u64le(in_.data()) : get_u32le(in_.data());
    in_.remove_prefix(size);
    return true;
  }

  std::string_view in_;
  bool ok_ = true;
};

inline void put_tag(std::string& out, uint32_t number, Type type) {
  put_varint(out, (static_cast<uint64_t>(number) << 3) | static_cast<uint64_t>(type));
}
// proto3: a zero is not written.
inline void put_uint(std::string& out, uint32_t number, uint64_t v) {
  if (v == 0) return;
  put_tag(out, number, Type::kVarint);
  put_varint(out, v);
}
inline void put_int(std::string& out, uint32_t number, int64_t v) {
  put_uint(out, number, static_cast<uint64_t>(v));
}
inline void put_bool(std::string& out, uint32_t number, bool v) {
  put_uint(out, number, v ? 1 : 0);
}
// A message field: written even when empty, because messages have presence.
inline void put_message(std::string& out, uint32_t number, std::string_view bytes) {
  put_tag(out, number, Type::kBytes);
  put_varint(out, bytes.size());
  out.append(bytes);
}
inline void put_bytes(std::string& out, uint32_t number, std::string_view bytes) {
  if (!bytes.empty()) put_message(out, number, bytes);
}
inline size_t uint_size(uint32_t number, uint64_t v) {
  if (v == 0) return 0;
  return static_cast<size_t>(varint_size(static_cast<uint64_t>(number) << 3) + varint_size(v));
}
inline size_t message_size(uint32_t number, size_t size) {
  return static_cast<size_t>(varint_size(static_cast<uint64_t>(number) << 3) + varint_size(size)) +
         size;
}

}  // namespace keelson::wire
