#include "etcdfile/format.h"

#include "base/bytes.h"
#include "base/check.h"

namespace keelson::etcdfile {
namespace {

constexpr uint32_t kMagic = 0xed0cdaed;
constexpr uint32_t kVersion = 2;
constexpr size_t kMetaAt = kPageHeaderBytes;
constexpr size_t kSummedBytes = 56;
static_assert(kMetaAt + kSummedBytes + 8 == kMetaEndBytes);

void put_u16le(std::string& out, uint16_t v) { out.append(reinterpret_cast<char*>(&v), 2); }

uint16_t get_u16le(const char* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

}  // namespace

void put_page_header(std::string& out, const PageHeader& header) {
  put_u64le(out, header.id);
  put_u16le(out, header.flags);
  put_u16le(out, header.count);
  put_u32le(out, header.overflow);
}

PageHeader get_page_header(const char* p) {
  return {get_u64le(p), get_u16le(p + 8), get_u16le(p + 10), get_u32le(p + 12)};
}

std::string encode_meta_page(const Meta& meta, uint64_t id) {
  CHECK(id < kFirstDataPage);
  CHECK(meta.root < meta.pages);
  std::string out;
  put_page_header(out, {.id = id, .flags = kMetaPage});
  put_u32le(out, kMagic);
  put_u32le(out, kVersion);
  put_u32le(out, meta.page_bytes);
  put_u32le(out, 0);  // flags
  for (const uint64_t v : {meta.root, meta.sequence, meta.freelist, meta.pages, meta.transaction})
    put_u64le(out, v);
  put_u64le(out, fnv1a64(std::string_view(out).substr(kMetaAt, kSummedBytes)));
  CHECK(out.size() == kMetaEndBytes);
  out.resize(meta.page_bytes);
  return out;
}

std::optional<Meta> decode_meta_page(std::string_view page) {
  if (page.size() < kMetaEndBytes) return std::nullopt;
  const char* p = page.data() + kMetaAt;
  if (get_u32le(p) != kMagic || get_u32le(p + 4) != kVersion) return std::nullopt;
  if (get_u64le(p + kSummedBytes) != fnv1a64({p, kSummedBytes})) return std::nullopt;
  return Meta{.page_bytes = get_u32le(p + 8),
              .root = get_u64le(p + 16),
              .sequence = get_u64le(p + 24),
              .freelist = get_u64le(p + 32),
              .pages = get_u64le(p + 40),
              .transaction = get_u64le(p + 48)};
}

bool is_foreign_endian(std::string_view page) {
  return page.size() >= kMetaEndBytes &&
         __builtin_bswap32(get_u32le(page.data() + kMetaAt)) == kMagic;
}

void put_leaf_element(std::string& out, const LeafElement& element) {
  put_u32le(out, element.flags);
  put_u32le(out, element.pos);
  put_u32le(out, element.key_bytes);
  put_u32le(out, element.value_bytes);
}

void put_branch_element(std::string& out, const BranchElement& element) {
  put_u32le(out, element.pos);
  put_u32le(out, element.key_bytes);
  put_u64le(out, element.child);
}

LeafElement get_leaf_element(const char* p) {
  return {get_u32le(p), get_u32le(p + 4), get_u32le(p + 8), get_u32le(p + 12)};
}

BranchElement get_branch_element(const char* p) {
  return {get_u32le(p), get_u32le(p + 4), get_u64le(p + 8)};
}

std::string short_hex(std::string_view key) {
  constexpr size_t kShownBytes = 32;
  return hex_bytes(key.substr(0, kShownBytes)) + (key.size() > kShownBytes ? "..." : "");
}

uint64_t fnv1a64(std::string_view data) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : data) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace keelson::etcdfile
