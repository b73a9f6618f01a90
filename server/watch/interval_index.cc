#include "watch/interval_index.h"

#include <algorithm>

#include "base/check.h"

namespace keelson::watch {
namespace {

// splitmix64 (Steele, Lea and Flood, 2014): spreads a counter over all bits.
uint64_t spread(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

IntervalIndex::Link IntervalIndex::make(mvcc::KeyRange range, uint32_t id) {
  Link link = static_cast<Link>(nodes_.size());
  if (!free_.empty()) {
    link = free_.back();
    free_.pop_back();
  } else {
    nodes_.emplace_back();
  }
  const End end = end_of(range);
  nodes_[link] = Node{range.key, end, end, spread(priority_state_), id, kNone, kNone};
  return link;
}

void IntervalIndex::update(Link at) {
  Node& node = nodes_[at];
  node.highest = node.end;
  for (const Link child : {node.left, node.right})
    if (child != kNone) node.highest = std::max(node.highest, nodes_[child].highest);
}

// Cuts the tree into what is below `by` and what is not.
void IntervalIndex::split(Link at, const Node& by, Link& low, Link& high) {
  if (at == kNone) {
    low = high = kNone;
    return;
  }
  if (less(nodes_[at], by.begin, by.end)) {
    low = at;
    split(nodes_[at].right, by, nodes_[at].right, high);
  } else {
    high = at;
    split(nodes_[at].left, by, low, nodes_[at].left);
  }
  update(at);
}

IntervalIndex::Link IntervalIndex::merge(Link low, Link high) {
  if (low == kNone) return high;
  if (high == kNone) return low;
  if (nodes_[low].priority > nodes_[high].priority) {
    nodes_[low].right = merge(nodes_[low].right, high);
    update(low);
    return low;
  }
  nodes_[high].left = merge(low, nodes_[high].left);
  update(high);
  return high;
}

IntervalIndex::Link IntervalIndex::insert(Link at, Link link) {
  if (at == kNone) return link;
  Node& node = nodes_[link];
  if (node.priority > nodes_[at].priority) {
    split(at, node, node.left, node.right);
    update(link);
    return link;
  }
  Link& side = less(nodes_[at], node.begin, node.end) ? nodes_[at].right : nodes_[at].left;
  side = insert(side, link);
  update(at);
  return at;
}

IntervalIndex::Link IntervalIndex::erase(Link at, std::string_view begin, const End& end) {
  CHECK(at != kNone);
  Node& node = nodes_[at];
  if (node.begin == begin && node.end == end) {
    free_.push_back(at);
    return merge(node.left, node.right);
  }
  Link& side = less(node, begin, end) ? node.right : node.left;
  side = erase(side, begin, end);
  update(at);
  return at;
}

void IntervalIndex::add(mvcc::KeyRange range, uint32_t id) {
  CHECK(!range.single());
  root_ = insert(root_, make(range, id));
}

void IntervalIndex::remove(mvcc::KeyRange range) { root_ = erase(root_, range.key, end_of(range)); }

std::optional<uint32_t> IntervalIndex::find(mvcc::KeyRange range) const {
  const End end = end_of(range);
  for (Link at = root_; at != kNone;) {
    const Node& node = nodes_[at];
    if (node.begin == range.key && node.end == end) return node.id;
    at = less(node, range.key, end) ? node.right : node.left;
  }
  return std::nullopt;
}

size_t IntervalIndex::check_at(Link at) const {
  if (at == kNone) return 0;
  const Node& node = nodes_[at];
  End highest = node.end;
  for (const Link child : {node.left, node.right}) {
    if (child == kNone) continue;
    CHECK(nodes_[child].priority <= node.priority);
    highest = std::max(highest, nodes_[child].highest);
  }
  CHECK(node.left == kNone || less(nodes_[node.left], node.begin, node.end));
  CHECK(node.right == kNone || less(node, nodes_[node.right].begin, nodes_[node.right].end));
  CHECK(highest == node.highest);
  return 1 + check_at(node.left) + check_at(node.right);
}

void IntervalIndex::check_invariants() const { CHECK(check_at(root_) == size()); }

}  // namespace keelson::watch
