// All keys in order with their versions: a B+tree with order statistics, owned by one thread.
//
// Every inner node knows for each child how many keys live below it and a bound on the newest
// version there. So a count at the current revision is two walks down the tree, and a count at an
// older one looks only into leaves that changed since.
//
// Memory for a 64-byte key with one version: 112 bytes at full leaves, about 120 at the fill of
// random inserts (key_entry.h has the sum). Sequential inserts leave full leaves behind.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mvcc/key_entry.h"
#include "mvcc/key_node.h"
#include "mvcc/types.h"

namespace keelson::mvcc {

class KeyIndex {
 public:
  KeyIndex();
  ~KeyIndex();
  KeyIndex(KeyIndex&& other) noexcept : KeyIndex() { swap(other); }
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;
  void swap(KeyIndex& other) noexcept;

  // What a change found and made. `before` is the newest version so far (it may be a tombstone).
  struct Changed {
    KeyMeta now;
    std::optional<KeyMeta> before;
  };
  // Adds a version; changes come in revision order.
  Changed put(std::string_view key, const Change& change);
  // Adds a tombstone if the key lives, else changes nothing and returns nullopt.
  std::optional<Changed> erase(std::string_view key, const Change& change);

  // The entry of a key, live or not; null when the index does not know it. Valid until the next
  // change.
  const Entry* find(std::string_view key) const;
  // Keys of the range that live at `at`.
  int64_t count(const KeyRange& range, Revision at) const;
  // Part of such a count, from `from` to `end` (empty = open): looks into at most `leaves_max`
  // leaves. Moves `from` to where the next part begins; empty when this was the last one.
  int64_t count_part(std::string& from, std::string_view end, Revision at, size_t leaves_max) const;
  int64_t live() const { return live_; }
  int64_t entries() const { return entries_; }
  size_t memory() const { return entry_bytes_ + node_bytes_; }

  // Compacts one leaf, the one that covers `from`: drops what compaction to `rev` makes unreadable
  // and appends the dropped rows. Moves `from` to the next leaf; false when that was the last one.
  bool compact_leaf(std::string& from, Revision rev, std::vector<Seq>& dropped);

  // Builds the whole index from entries in strictly ascending key order; it must be empty before.
  void build(const std::vector<Entry*>& sorted);

  void check_invariants() const;

  // Walks entries in key order. Valid until the next change of the index.
  class Cursor {
   public:
    // Stands on the first entry with a key >= `from`.
    Cursor(const KeyIndex& index, std::string_view from);
    const Entry* entry() const { return entry_; }  // null at the end
    // Whether the entry's newest version lives; cheaper than asking the entry.
    bool live_now() const { return leaf_->slots[at_].live(); }
    void next();

   private:
    void settle();
    void next_leaf();
    void down(Node* node);

    struct Step {
      Inner* node;
      size_t child;
    };
    std::vector<Step> path_;
    const Leaf* leaf_ = nullptr;
    size_t at_ = 0;
    const Entry* entry_ = nullptr;
  };

 private:
  static constexpr size_t kDepthMax = 16;
  struct Path {
    struct Step {
      Inner* node;
      size_t child;
    };
    std::array<Step, kDepthMax> steps;
    size_t depth = 0;
    size_t known = 0;  // bytes that the key shares with all keys of the leaf
    Leaf* leaf = nullptr;
  };
  struct Bounds {  // null = open
    const std::string_view* low;
    const std::string_view* high;
  };

  Path descend(std::string_view key) const;
  Changed change_entry(const Path& path, size_t at, const Change& change);
  Changed add_entry(Path& path, size_t at, std::string_view key, const Change& change);
  static void touch(const Path& path, int64_t live_delta, Revision newest);

  void insert_slot(Path& path, size_t at, Entry* entry);
  void split_leaf(Path& path, size_t at, Entry* entry);
  void insert_child(Path& path, size_t depth, std::string bound, Inner::Child child);
  void split_inner(Path& path, size_t depth, std::string bound, Inner::Child child);
  static void place_child(Inner& node, size_t at, std::string bound, Inner::Child child);
  template <typename N>
  static Inner::Child child_for(N* node, Revision newest) {
    return {.node = node, .live = node->live(), .newest = newest};
  }

  void shrink(Path& path);
  void remove_child(Path& path, size_t depth);
  void merge_small(Path& path, size_t depth);
  bool merge_children(Inner& parent, size_t left);
  static void take_child_out(Inner& parent, size_t at);
  std::string next_bound(const Path& path) const;
  void drop_root_chain();

  // A count under way: how many leaves it may still look into, and where it had to stop.
  struct Counter {
    Revision at;
    size_t leaves_left;
    bool stopped = false;
    std::string resume;
    int64_t total = 0;
  };
  static void count_below(const Node* node, Bounds bounds, Revision newest, Counter& counter);
  static void count_leaf(const Leaf& leaf, Bounds bounds, Revision newest, Counter& counter);

  void build_level(std::vector<Inner::Child>& level, std::vector<std::string>& bounds);
  void free_node(Node* node);
  struct Totals {
    int64_t live = 0;
    int64_t entries = 0;
    Revision newest;
  };
  Totals check_node(const Node* node, Bounds bounds) const;
  static Totals check_leaf(const Leaf& leaf, Bounds bounds);
  static Revision newest_of(const Leaf& leaf);

  template <typename N>
  N* make_node() {
    node_bytes_ += chunk_bytes(sizeof(N));
    return new N();
  }
  void delete_node(Node* node);

  Node* root_;
  int64_t live_ = 0;
  int64_t entries_ = 0;
  Revision newest_;
  size_t entry_bytes_ = 0;
  size_t node_bytes_ = 0;
};

}  // namespace keelson::mvcc
