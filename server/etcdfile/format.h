// The bytes of a bbolt file (FORMAT.md): page headers, metas, elements, bucket values. Encoders
// write what etcd's tools read; decoders only take numbers out, whoever calls them checks bounds.
// Pure functions, any thread. Source: reference etcd-data.md section 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keelson::etcdfile {

inline constexpr uint32_t kPageBytesDefault = 4096;
inline constexpr uint32_t kPageBytesMin = 1024;
inline constexpr uint32_t kPageBytesMax = 65536;  // of the hosts that Go runs on
inline constexpr size_t kPageHeaderBytes = 16;
inline constexpr size_t kElementBytes = 16;  // leaf and branch alike
inline constexpr size_t kBucketHeaderBytes = 16;
inline constexpr size_t kMetaEndBytes = 80;  // of a meta page, header included
inline constexpr uint32_t kPageElementsMax = 0xfffe;
inline constexpr size_t kKeyBytesMax = 32768;
// bbolt allows 2 GiB; a log entry has at most 512 MiB, so no honest value of etcd is larger.
inline constexpr uint64_t kValueBytesMax = uint64_t{512} * 1024 * 1024;
// Far above any quota of etcd (8 GiB is its advice). Bounds a reader's page maps: one bit a page, 8
// MiB for pages of 4096 bytes.
inline constexpr uint64_t kFileBytesMax = uint64_t{1} << 38;

inline constexpr bool is_page_size(uint64_t bytes) {
  return bytes >= kPageBytesMin && bytes <= kPageBytesMax && (bytes & (bytes - 1)) == 0;
}

enum PageFlag : uint16_t {
  kBranchPage = 0x01,
  kLeafPage = 0x02,
  kMetaPage = 0x04,
  kFreelistPage = 0x10,
};
inline constexpr uint32_t kBucketElement = 1;  // flag of a leaf element whose value is a bucket

inline constexpr uint64_t kNoFreelist = ~uint64_t{0};
inline constexpr uint64_t kFirstDataPage = 2;  // 0 and 1 are metas

struct PageHeader {
  uint64_t id = 0;
  uint16_t flags = 0;
  uint16_t count = 0;
  uint32_t overflow = 0;  // further pages that belong to this one
};
void put_page_header(std::string& out, const PageHeader& header);
PageHeader get_page_header(const char* p);  // kPageHeaderBytes

// What both meta pages say.
struct Meta {
  uint32_t page_bytes = kPageBytesDefault;
  uint64_t root = 0;      // page of the root bucket
  uint64_t sequence = 0;  // of the root bucket; etcd: 0
  uint64_t freelist = 0;  // page id or kNoFreelist
  uint64_t pages = 0;     // first page id never used ("high-water mark")
  uint64_t transaction = 0;
  bool operator==(const Meta&) const = default;
};
// A whole meta page, zero-filled to page_bytes.
std::string encode_meta_page(const Meta& meta, uint64_t id);
// kMetaEndBytes of a meta page. Nothing when magic, version or checksum is wrong.
std::optional<Meta> decode_meta_page(std::string_view page);
// True for a meta written on a big-endian machine, which has to be refused in words.
bool is_foreign_endian(std::string_view page);

// `pos` counts from the element's own start.
struct LeafElement {
  uint32_t flags = 0;
  uint32_t pos = 0;
  uint32_t key_bytes = 0;
  uint32_t value_bytes = 0;
};
struct BranchElement {
  uint32_t pos = 0;
  uint32_t key_bytes = 0;
  uint64_t child = 0;
};
void put_leaf_element(std::string& out, const LeafElement& element);
void put_branch_element(std::string& out, const BranchElement& element);
LeafElement get_leaf_element(const char* p);
BranchElement get_branch_element(const char* p);

// A key for error texts: hex digits, a long one cut.
std::string short_hex(std::string_view key);

// FNV-1a, 64 bits: the metas' checksum.
uint64_t fnv1a64(std::string_view data);

}  // namespace keelson::etcdfile
