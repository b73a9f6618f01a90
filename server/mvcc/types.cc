#include "mvcc/types.h"

#include <array>
#include <cstring>

#include "base/bytes.h"
#include "base/wire.h"
#include "mvcc/kv_codec.h"

namespace keelson::mvcc {
namespace {

enum Field : uint32_t { kKey = 1, kCreate = 2, kMod = 3, kVersion = 4, kValue = 5, kLease = 6 };

bool take(const wire::Field& field, wire::Type type, int64_t& out) {
  if (type != wire::Type::kVarint) return false;
  out = field.as_int64();
  return true;
}

bool take(const wire::Field& field, wire::Type type, std::string_view& out) {
  if (type != wire::Type::kBytes) return false;
  out = field.bytes;
  return true;
}

char* write_bytes(char* p, uint32_t number, std::string_view bytes) {
  if (bytes.empty()) return p;
  *p++ = static_cast<char>((number << 3) | static_cast<uint32_t>(wire::Type::kBytes));
  p = write_varint(p, bytes.size());
  std::memcpy(p, bytes.data(), bytes.size());
  return p + bytes.size();
}

char* write_int(char* p, uint32_t number, int64_t v) {
  if (v == 0) return p;
  *p++ = static_cast<char>(number << 3);
  return write_varint(p, static_cast<uint64_t>(v));
}

size_t bytes_size(std::string_view bytes) {
  return bytes.empty() ? 0 : 1 + static_cast<size_t>(varint_size(bytes.size())) + bytes.size();
}

size_t int_size(int64_t v) {
  return v == 0 ? 0 : 1 + static_cast<size_t>(varint_size(static_cast<uint64_t>(v)));
}

}  // namespace

bool decode_key_value(std::string_view in, KeyValueView& out) {
  out = KeyValueView();
  wire::Reader reader(in);
  wire::Field field;
  bool fits = true;
  while (fits && reader.next(field)) {
    switch (field.number) {
      case kKey:
        fits = take(field, field.type, out.key);
        break;
      case kCreate:
        fits = take(field, field.type, out.create_revision);
        break;
      case kMod:
        fits = take(field, field.type, out.mod_revision);
        break;
      case kVersion:
        fits = take(field, field.type, out.version);
        break;
      case kValue:
        fits = take(field, field.type, out.value);
        break;
      case kLease:
        fits = take(field, field.type, out.lease);
        break;
      default:
        break;
    }
  }
  return fits && reader.ok();
}

size_t key_value_size(const KeyValueView& in) {
  return bytes_size(in.key) + int_size(in.create_revision) + int_size(in.mod_revision) +
         int_size(in.version) + bytes_size(in.value) + int_size(in.lease);
}

char* write_key_value(const KeyValueView& in, char* p) {
  p = write_bytes(p, kKey, in.key);
  p = write_int(p, kCreate, in.create_revision);
  p = write_int(p, kMod, in.mod_revision);
  p = write_int(p, kVersion, in.version);
  p = write_bytes(p, kValue, in.value);
  return write_int(p, kLease, in.lease);
}

void encode_key_value(const KeyValueView& in, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + key_value_size(in));
  const char* end = write_key_value(in, out.data() + begin);
  CHECK(end == out.data() + out.size());
}

std::string_view key_of(std::string_view kv) {
  if (kv.empty() || kv.front() != static_cast<char>((kKey << 3) | 2)) return {};
  kv.remove_prefix(1);
  uint64_t size = 0;
  if (!get_varint(kv, size) || size > kv.size()) return {};
  return kv.substr(0, size);
}

void revision_key(Revision main, uint32_t sub, bool tombstone, std::string& out) {
  put_u64be(out, static_cast<uint64_t>(main.value));
  out.push_back('_');
  put_u64be(out, sub);
  if (tombstone) out.push_back('t');
}

std::optional<Revision> parse_revision_key(std::string_view in) {
  constexpr size_t kBytes = 17;
  if (in.size() < kBytes || in[8] != '_') return std::nullopt;
  const uint64_t main = get_u64be(in.data());
  if (main > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return Revision(static_cast<int64_t>(main));
}

std::string_view bucket_name(Bucket bucket) {
  static constexpr std::array<std::string_view, kBucketCount> kNames = {
      "alarm", "auth",    "authRoles",       "authUsers", "cluster",
      "lease", "members", "members_removed", "meta"};
  const auto i = static_cast<size_t>(bucket);
  CHECK(i < kNames.size());
  return kNames[i];
}

std::optional<Bucket> bucket_by_name(std::string_view name) {
  for (int i = 0; i < kBucketCount; ++i) {
    if (bucket_name(static_cast<Bucket>(i)) == name) return static_cast<Bucket>(i);
  }
  return std::nullopt;
}

}  // namespace keelson::mvcc
