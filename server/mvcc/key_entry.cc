#include "mvcc/key_entry.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace keelson::mvcc {
namespace {

constexpr uint32_t kFirstCapacity = 2;

Change change_of(const KeyMeta& meta) {
  return {.mod = meta.mod, .sub = meta.sub, .seq = meta.seq, .tombstone = meta.tombstone};
}

}  // namespace

Entry* Entry::make(std::string_view key, const KeyMeta& meta) {
  CHECK(key.size() <= UINT32_MAX);
  void* memory = std::malloc(sizeof(Entry) + key.size());
  CHECK(memory != nullptr);
  auto* entry = new (memory) Entry();
  if (!key.empty()) std::memcpy(static_cast<void*>(entry + 1), key.data(), key.size());
  if (fits_single(key.size(), meta)) {
    entry->set_single(key.size(), meta);
  } else {
    entry->set_many(key.size(), meta);
  }
  return entry;
}

void Entry::destroy(Entry* entry) {
  if (entry->many()) std::free(entry->side());
  entry->~Entry();
  std::free(entry);
}

bool Entry::fits_single(size_t key_size, const KeyMeta& meta) {
  return key_size <= 0xffff && meta.sub < kManyMark && meta.version <= 0xffff;
}

void Entry::set_single(size_t key_size, const KeyMeta& meta) {
  CHECK(meta.mod.value >= 0 && meta.mod.value < kRevisionLimit);
  CHECK(meta.create.value >= 0 && meta.create.value < kRevisionLimit);
  CHECK(meta.seq.value < kSeqLimit);
  first_ = (static_cast<uint64_t>(meta.mod.value) << 16) | meta.sub;
  second_ = (meta.seq.value << 16) | (meta.tombstone ? 0 : static_cast<uint64_t>(meta.version));
  third_ = (static_cast<uint64_t>(meta.create.value) << 16) | key_size;
}

void Entry::set_many(size_t key_size, const KeyMeta& meta) {
  auto* made =
      static_cast<Side*>(std::malloc(sizeof(Side) + kFirstCapacity * sizeof(PackedVersion)));
  CHECK(made != nullptr);
  made->first_create = meta.create.value;
  made->first_version = meta.version;
  made->count = 1;
  made->capacity = kFirstCapacity;
  made->generation_begin = meta.tombstone ? 1 : 0;
  made->key_size = static_cast<uint32_t>(key_size);
  new (&made->items[0]) PackedVersion(change_of(meta));
  first_ = kManyMark;
  second_ = reinterpret_cast<uint64_t>(made);
  third_ = 0;
}

KeyMeta Entry::single() const {
  const auto version = static_cast<int64_t>(second_ & 0xffff);
  return {.mod = single_mod(),
          .sub = static_cast<uint32_t>(first_ & 0xffff),
          .create = Revision(static_cast<int64_t>(third_ >> 16)),
          .version = version,
          .seq = Seq(second_ >> 16),
          .tombstone = version == 0};
}

KeyMeta Entry::item(uint32_t i) const {
  const Side& s = *side();
  CHECK(i < s.count);
  const PackedVersion& v = s.items[i];
  KeyMeta meta;
  meta.mod = v.mod();
  meta.sub = v.sub();
  meta.seq = v.seq();
  meta.tombstone = v.tombstone();
  if (meta.tombstone) return meta;
  uint32_t begin = s.generation_begin;
  if (i < begin) {
    begin = i;
    while (begin > 0 && !s.items[begin - 1].tombstone()) --begin;
  }
  meta.create = begin == 0 ? Revision(s.first_create) : s.items[begin].mod();
  meta.version = (begin == 0 ? s.first_version : 1) + (i - begin);
  return meta;
}

KeyMeta Entry::newest() const { return many() ? item(side()->count - 1) : single(); }

std::optional<KeyMeta> Entry::newest_at(Revision at) const {
  if (newest_mod() <= at) return newest();
  if (!many()) return std::nullopt;
  const Side& s = *side();
  const auto* end = s.items + s.count;
  const auto* after = std::upper_bound(
      s.items + 0, end, at, [](Revision r, const PackedVersion& v) { return r < v.mod(); });
  if (after == s.items) return std::nullopt;
  return item(static_cast<uint32_t>(after - s.items) - 1);
}

std::optional<KeyMeta> Entry::live_at(Revision at) const {
  auto meta = newest_at(at);
  if (meta && meta->tombstone) meta.reset();
  return meta;
}

void Entry::append(const PackedVersion& version) {
  Side* s = side();
  CHECK(s->items[s->count - 1].mod() <= version.mod());
  if (s->count == s->capacity) {
    const uint32_t capacity = s->capacity + std::max<uint32_t>(1, s->capacity / 2);
    s = static_cast<Side*>(std::realloc(s, sizeof(Side) + capacity * sizeof(PackedVersion)));
    CHECK(s != nullptr);
    s->capacity = capacity;
    second_ = reinterpret_cast<uint64_t>(s);
  }
  new (&s->items[s->count++]) PackedVersion(version);
  if (version.tombstone()) s->generation_begin = s->count;
}

KeyMeta Entry::add(const Change& change) {
  if (!many()) set_many(key_size(), single());
  append(PackedVersion(change));
  return newest();
}

bool Entry::add_stored(const KeyMeta& meta) {
  const KeyMeta before = newest();
  const bool later = before.mod < meta.mod || (before.mod == meta.mod && before.sub < meta.sub);
  if (!later) return false;
  const KeyMeta added = add(change_of(meta));
  return added.create == meta.create && added.version == meta.version;
}

void Entry::keep_from(uint32_t begin) {
  if (begin == 0) return;
  const KeyMeta first = item(begin);
  Side* s = side();
  s->count -= begin;
  std::memmove(static_cast<void*>(s->items), s->items + begin, s->count * sizeof(PackedVersion));
  s->first_create = first.create.value;
  s->first_version = first.version;
  s->generation_begin -= std::min(s->generation_begin, begin);
  if (s->count > 1 || !fits_single(s->key_size, first)) return;
  set_single(s->key_size, first);
  std::free(s);
}

bool Entry::compact(Revision rev, std::vector<Seq>& dropped) {
  const auto gone = [rev](bool tombstone, Revision mod) { return tombstone && mod < rev; };
  if (!many()) {
    const KeyMeta meta = single();
    if (!gone(meta.tombstone, meta.mod)) return true;
    dropped.push_back(meta.seq);
    return false;
  }
  const Side& s = *side();
  uint32_t keep = 0;  // the newest version at or below rev, if there is one, and all above
  while (keep + 1 < s.count && s.items[keep + 1].mod() <= rev)
    dropped.push_back(s.items[keep++].seq());
  if (gone(s.items[keep].tombstone(), s.items[keep].mod()))
    dropped.push_back(s.items[keep++].seq());
  if (keep == s.count) return false;
  keep_from(keep);
  return true;
}

size_t Entry::memory() const {
  const size_t bytes = chunk_bytes(sizeof(Entry) + key_size());
  if (!many()) return bytes;
  return bytes + chunk_bytes(sizeof(Side) + side()->capacity * sizeof(PackedVersion));
}

}  // namespace keelson::mvcc
