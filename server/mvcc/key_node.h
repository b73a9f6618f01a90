// The nodes of the key index's B+tree and the search inside one node.
//
// A node's keys share a prefix; of the rest, each key's next eight bytes stand in one array as a
// big-endian number ("head"). A search compares the prefix once, then numbers, and touches the keys
// themselves only where heads are equal: keys are long and alike (/registry/...), each look at one
// is a cache miss.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "mvcc/key_entry.h"

namespace keelson::mvcc {

inline constexpr size_t kFanout = 64;

inline size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t size = a.size() < b.size() ? a.size() : b.size();
  size_t i = 0;
  while (i + 8 <= size && get_u64le(a.data() + i) == get_u64le(b.data() + i)) i += 8;
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

// The eight bytes of `key` from `skip` on; what is missing counts as zero.
inline uint64_t head_of(std::string_view key, size_t skip) {
  uint64_t head = 0;
  if (key.size() >= skip + 8) {
    head = get_u64be(key.data() + skip);
  } else if (key.size() > skip) {
    char bytes[8] = {};
    std::memcpy(bytes, key.data() + skip, key.size() - skip);
    head = get_u64be(bytes);
  }
  return head;
}

struct Found {
  size_t at = 0;       // first key that is not less
  bool equal = false;  // it is the key itself
};

// Heads of the keys of one node; the keys stay where they are: `keys(i)` gives the i-th.
class Heads {
 public:
  // Fetches the heads at once: a binary search would meet the cache misses one after the other.
  void prefetch() const {
    constexpr size_t kLine = 64 / sizeof(uint64_t);
    for (size_t i = 0; i < kFanout; i += kLine) __builtin_prefetch(&heads_[i]);
  }

  // `known`: so many first bytes are the same in `key` and all keys here (missing ones count as
  // zero).
  template <typename Keys>
  Found find(std::string_view key, size_t count, size_t known, const Keys& keys) const {
    if (count == 0) return {};
    if (skip_ > known) {
      const int order = key.substr(0, skip_).compare(keys(0).substr(0, skip_));
      if (order != 0) return {.at = order < 0 ? 0 : count, .equal = false};
    }
    const uint64_t head = head_of(key, skip_);
    size_t low = lower(head, count);
    size_t high = low;
    while (high < count && heads_[high] == head) ++high;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      const int order = keys(middle).compare(key);
      if (order == 0) return {.at = middle, .equal = true};
      (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    return {.at = low, .equal = false};
  }

  // What a key between the keys at `at` - 1 and `at` shares with both (missing bytes count as
  // zero).
  size_t shared_between(size_t at, size_t count) const {
    if (at == 0 || at >= count) return 0;
    return skip_ + static_cast<size_t>(std::countl_zero(heads_[at - 1] ^ heads_[at])) / 8;
  }

  // The key at `at` is new; `count` includes it.
  template <typename Keys>
  void inserted(size_t at, size_t count, const Keys& keys) {
    const bool edge = at == 0 || at + 1 == count;
    if (count == 1 || (edge && keys(0).substr(0, skip_) != keys(count - 1).substr(0, skip_))) {
      rebuild(count, keys);
      return;
    }
    std::memmove(&heads_[at + 1], &heads_[at], (count - 1 - at) * sizeof(uint64_t));
    heads_[at] = head_of(keys(at), skip_);
  }

  // `count` no longer includes the erased one. A prefix that could be longer now stays as it is.
  void erased(size_t at, size_t count) {
    std::memmove(&heads_[at], &heads_[at + 1], (count - at) * sizeof(uint64_t));
  }

  template <typename Keys>
  void rebuild(size_t count, const Keys& keys) {
    skip_ = count == 0 ? 0 : static_cast<uint32_t>(common_prefix(keys(0), keys(count - 1)));
    for (size_t i = 0; i < count; ++i) heads_[i] = head_of(keys(i), skip_);
  }

  template <typename Keys>
  bool right(size_t count, const Keys& keys) const {
    for (size_t i = 0; i < count; ++i) {
      if (heads_[i] != head_of(keys(i), skip_)) return false;
      if (common_prefix(keys(0), keys(i)) < skip_) return false;
    }
    return true;
  }

 private:
  size_t lower(uint64_t head, size_t count) const {
    size_t low = 0;
    while (count > 0) {
      const size_t half = count / 2;
      const bool right_half = heads_[low + half] < head;
      low = right_half ? low + half + 1 : low;
      count = right_half ? count - half - 1 : half;
    }
    return low;
  }

  uint32_t skip_ = 0;
  std::array<uint64_t, kFanout> heads_;
};

// A pointer to an entry with what walks and counts ask for first in its low bits.
class Slot {
 public:
  Slot() = default;
  explicit Slot(Entry* entry)
      : bits_(reinterpret_cast<uintptr_t>(entry) | (entry->live() ? kLive : 0u) |
              (entry->many() ? kMany : 0u)) {}
  Entry* entry() const { return reinterpret_cast<Entry*>(bits_ & ~(kLive | kMany)); }
  bool live() const { return (bits_ & kLive) != 0; }
  // A compaction can have nothing to do with it: one version, and that is not a tombstone.
  bool plain() const { return (bits_ & (kLive | kMany)) == kLive; }

 private:
  static constexpr uintptr_t kLive = 1;
  static constexpr uintptr_t kMany = 2;
  uintptr_t bits_ = 0;
};

struct Node {
  explicit Node(bool is_leaf) : leaf(is_leaf) {}
  void prefetch() const { heads.prefetch(); }

  const bool leaf;
  uint16_t count = 0;  // of slots, or of children
  Heads heads;         // of the slots' keys, or of the bounds between the children
};

struct Leaf final : Node {
  Leaf() : Node(true) {}
  std::array<Slot, kFanout> slots;

  auto keys() const {
    return [this](size_t i) { return slots[i].entry()->key(); };
  }
  Found find(std::string_view key, size_t known) const {
    return heads.find(key, count, known, keys());
  }
  int64_t live() const {
    int64_t n = 0;
    for (size_t i = 0; i < count; ++i) n += slots[i].live() ? 1 : 0;
    return n;
  }
};

struct Inner final : Node {
  Inner() : Node(false) {}
  struct Child {
    Node* node = nullptr;
    int64_t live = 0;  // keys below that live now
    Revision newest;   // no version below is newer (it may be less new: an upper bound)
  };
  std::array<Child, kFanout> children;
  std::array<std::string, kFanout - 1> bounds;  // bounds[i] <= every key below children[i + 1]

  auto keys() const {
    return [this](size_t i) { return std::string_view(bounds[i]); };
  }
  size_t child_of(std::string_view key) const {
    size_t known = 0;
    return child_of(key, known);
  }
  // The child whose range holds the key. `known` grows to what its keys share with the key for
  // sure.
  size_t child_of(std::string_view key, size_t& known) const {
    const Found found = heads.find(key, count - 1u, known, keys());
    const size_t child = found.equal ? found.at + 1 : found.at;
    known = std::max(known, heads.shared_between(child, count - 1u));
    return child;
  }
  int64_t live() const {
    int64_t n = 0;
    for (size_t i = 0; i < count; ++i) n += children[i].live;
    return n;
  }
  Revision newest() const {
    Revision r;
    for (size_t i = 0; i < count; ++i) r = std::max(r, children[i].newest);
    return r;
  }
};

inline Leaf* as_leaf(Node* node) {
  CHECK(node->leaf);
  return static_cast<Leaf*>(node);
}
inline Inner* as_inner(Node* node) {
  CHECK(!node->leaf);
  return static_cast<Inner*>(node);
}

// The shortest text that is above `left` and not above `right`.
inline std::string bound_between(std::string_view left, std::string_view right) {
  CHECK(left < right);
  return std::string(right.substr(0, common_prefix(left, right) + 1));
}

}  // namespace keelson::mvcc
