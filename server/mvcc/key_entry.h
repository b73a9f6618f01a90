// One key of the index and all its versions that reads may still ask for.
//
// Memory is what this layout is for. A key with one version is a single allocation: 24 bytes, then
// the key's bytes (a 64-byte key takes a 96-byte malloc chunk; the tree adds 16.3 bytes at full
// leaves, so 112 bytes a key in all). Older versions go to a side array of 16 bytes each behind a
// 32-byte head, made when there is a second one and dropped when compaction leaves one. Creation
// revision and version number are not stored for each: they follow from the position, because a
// tombstone ends a generation.
//
// Limits, checked: main revisions and rows below 2^48, sub revisions below 2^31, keys below 4 GiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "mvcc/types.h"

namespace keelson::mvcc {

inline constexpr int64_t kRevisionLimit = int64_t{1} << 48;
inline constexpr uint64_t kSeqLimit = uint64_t{1} << 48;
inline constexpr uint32_t kSubLimit = uint32_t{1} << 31;

// What a change does to a key, before create revision and version are known.
struct Change {
  Revision mod;
  uint32_t sub = 0;
  Seq seq;
  bool tombstone = false;
};

class PackedVersion {
 public:
  explicit PackedVersion(const Change& c)
      : mod_((static_cast<uint64_t>(c.mod.value) << 16) | (c.sub & 0xffff)),
        seq_((c.seq.value << 16) | (c.tombstone ? kTombstone : 0) | (c.sub >> 16)) {
    CHECK(c.mod.value >= 0 && c.mod.value < kRevisionLimit);
    CHECK(c.seq.value < kSeqLimit && c.sub < kSubLimit);
  }
  Revision mod() const { return Revision(static_cast<int64_t>(mod_ >> 16)); }
  uint32_t sub() const {
    return static_cast<uint32_t>((mod_ & 0xffff) | ((seq_ & (kTombstone - 1)) << 16));
  }
  Seq seq() const { return Seq(seq_ >> 16); }
  bool tombstone() const { return (seq_ & kTombstone) != 0; }

 private:
  static constexpr uint64_t kTombstone = 0x8000;
  uint64_t mod_;
  uint64_t seq_;
};
static_assert(sizeof(PackedVersion) == 16);

class Entry {
 public:
  // A key whose first known version this is; `meta` may be what a compaction left of an older life.
  static Entry* make(std::string_view key, const KeyMeta& meta);
  static void destroy(Entry* entry);
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size()}; }
  bool many() const { return (first_ & kManyMark) == kManyMark; }  // has a side array
  bool live() const { return many() ? !last().tombstone() : (second_ & 0xffff) != 0; }
  size_t versions() const { return many() ? side()->count : 1; }
  KeyMeta newest() const;
  Revision newest_mod() const { return many() ? last().mod() : single_mod(); }
  // The newest version at or below `at`, also when it is a tombstone.
  std::optional<KeyMeta> newest_at(Revision at) const;
  // The same, but nullopt for a tombstone: the key does not live then.
  std::optional<KeyMeta> live_at(Revision at) const;

  // Appends the next version; returns it with its create revision and version number.
  KeyMeta add(const Change& change);
  // The same for a version read back from disk; false when it cannot follow the ones before.
  bool add_stored(const KeyMeta& meta);

  // Drops what compaction to `rev` makes unreadable and appends the dropped rows to `dropped`.
  // False when nothing is left and the key must go.
  bool compact(Revision rev, std::vector<Seq>& dropped);

  // Bytes that the allocator gives for it.
  size_t memory() const;

 private:
  struct Side {
    int64_t first_create;  // of items[0], if that is not a tombstone
    int64_t first_version;
    uint32_t count;
    uint32_t capacity;
    uint32_t generation_begin;  // first item after the last tombstone
    uint32_t key_size;
    PackedVersion items[];
  };
  // Single form: first = mod << 16 | sub, second = seq << 16 | version (0: tombstone),
  // third = create << 16 | key size. Many form: first = kManyMark, second = Side*.
  static constexpr uint64_t kManyMark = 0xffff;

  Entry() = default;
  size_t key_size() const { return many() ? side()->key_size : third_ & 0xffff; }
  Side* side() const { return reinterpret_cast<Side*>(second_); }
  const PackedVersion& last() const { return side()->items[side()->count - 1]; }
  Revision single_mod() const { return Revision(static_cast<int64_t>(first_ >> 16)); }
  KeyMeta single() const;
  KeyMeta item(uint32_t i) const;
  static bool fits_single(size_t key_size, const KeyMeta& meta);
  void set_single(size_t key_size, const KeyMeta& meta);
  void set_many(size_t key_size, const KeyMeta& meta);
  void append(const PackedVersion& version);
  void keep_from(uint32_t begin);

  uint64_t first_ = 0;
  uint64_t second_ = 0;
  uint64_t third_ = 0;
};
static_assert(sizeof(Entry) == 24);

// Bytes of the malloc chunk behind a request: 8 bytes of head, steps of 16, at least 32.
constexpr size_t chunk_bytes(size_t request) {
  const size_t bytes = (request + 8 + 15) / 16 * 16;
  return bytes < 32 ? 32 : bytes;
}

}  // namespace keelson::mvcc
