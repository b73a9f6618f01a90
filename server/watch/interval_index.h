// Which key ranges contain a key: a treap ordered by (begin, end) where each node knows the highest
// end below it, so that a look-up visits only what can match, however many ranges are watched.
// Priorities come from a fixed sequence: the same operations build the same tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "mvcc/types.h"

namespace keelson::watch {

// Bytes of the ranges belong to the caller and must stay where they are while the range is in the
// index. Ranges of a single key do not belong here.
class IntervalIndex {
 public:
  // The range must not be in the index yet.
  void add(mvcc::KeyRange range, uint32_t id);
  // The range must be in the index.
  void remove(mvcc::KeyRange range);
  std::optional<uint32_t> find(mvcc::KeyRange range) const;
  size_t size() const { return nodes_.size() - free_.size(); }

  // Calls visit(id) for each range that contains the key, in order of the ranges.
  template <typename Visit>
  void stab(std::string_view key, Visit&& visit) const {
    stab_at(root_, key, visit);
  }

  void check_invariants() const;

 private:
  using Link = uint32_t;
  static constexpr Link kNone = UINT32_MAX;

  // The end of a range; an open one lies above every key.
  struct End {
    std::string_view key;
    bool open = false;

    bool above(std::string_view k) const { return open || key > k; }
    bool operator<(const End& o) const { return !open && (o.open || key < o.key); }
    bool operator==(const End&) const = default;
  };
  struct Node {
    std::string_view begin;
    End end;
    End highest;  // of this node and all below it
    uint64_t priority = 0;
    uint32_t id = 0;
    Link left = kNone;
    Link right = kNone;
  };

  static End end_of(mvcc::KeyRange range) {
    return range.open_ended() ? End{{}, true} : End{range.end, false};
  }
  static bool less(const Node& node, std::string_view begin, const End& end) {
    return node.begin != begin ? node.begin < begin : node.end < end;
  }

  Link make(mvcc::KeyRange range, uint32_t id);
  void update(Link at);
  void split(Link at, const Node& by, Link& low, Link& high);
  Link merge(Link low, Link high);
  Link insert(Link at, Link node);
  Link erase(Link at, std::string_view begin, const End& end);
  size_t check_at(Link at) const;

  template <typename Visit>
  void stab_at(Link at, std::string_view key, Visit& visit) const {
    if (at == kNone) return;
    const Node& node = nodes_[at];
    if (!node.highest.above(key)) return;
    stab_at(node.left, key, visit);
    if (node.begin > key) return;
    if (node.end.above(key)) visit(node.id);
    stab_at(node.right, key, visit);
  }

  std::vector<Node> nodes_;
  std::vector<Link> free_;
  Link root_ = kNone;
  uint64_t priority_state_ = 0;
};

}  // namespace keelson::watch
