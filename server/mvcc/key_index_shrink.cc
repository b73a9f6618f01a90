// The key index where it loses keys (compaction), is built in bulk, and checks itself.
#include <algorithm>

#include "mvcc/key_index.h"

namespace keelson::mvcc {
namespace {

// A node below the first bound looks for a neighbour to join, if both fit into the second.
constexpr size_t kSmall = kFanout / 4;
constexpr size_t kJoinedMax = kFanout * 3 / 4;

}  // namespace

bool KeyIndex::compact_leaf(std::string& from, Revision rev, std::vector<Seq>& dropped) {
  Path path = descend(from);
  Leaf& leaf = *path.leaf;
  std::string next = next_bound(path);
  size_t kept = 0;
  for (size_t i = 0; i < leaf.count; ++i) {
    Slot slot = leaf.slots[i];
    Entry* entry = slot.entry();
    if (!slot.plain()) {
      entry_bytes_ -= entry->memory();
      if (!entry->compact(rev, dropped)) {
        Entry::destroy(entry);
        --entries_;
        continue;
      }
      entry_bytes_ += entry->memory();
      slot = Slot(entry);
    }
    leaf.slots[kept++] = slot;
  }
  if (kept < leaf.count) {
    leaf.count = static_cast<uint16_t>(kept);
    leaf.heads.rebuild(leaf.count, leaf.keys());
    shrink(path);
  }
  from = std::move(next);
  return !from.empty();
}

// The lowest key that the next leaf can hold; empty behind the last leaf.
std::string KeyIndex::next_bound(const Path& path) const {
  for (size_t i = path.depth; i > 0; --i) {
    const Path::Step& step = path.steps[i - 1];
    if (step.child + 1 < step.node->count) return step.node->bounds[step.child];
  }
  return {};
}

void KeyIndex::shrink(Path& path) {
  for (size_t depth = path.depth; depth > 0; --depth) {
    const Path::Step step = path.steps[depth - 1];
    const Node* node = step.node->children[step.child].node;
    if (node->count == 0) {
      remove_child(path, depth);
    } else if (node->count < kSmall) {
      merge_small(path, depth);
    } else {
      break;
    }
  }
  drop_root_chain();
}

void KeyIndex::remove_child(Path& path, size_t depth) {
  const Path::Step step = path.steps[depth - 1];
  CHECK(step.node->children[step.child].live == 0);
  delete_node(step.node->children[step.child].node);
  take_child_out(*step.node, step.child);
}

void KeyIndex::take_child_out(Inner& parent, size_t at) {
  const auto position = static_cast<ptrdiff_t>(at);
  std::move(parent.children.begin() + position + 1, parent.children.begin() + parent.count,
            parent.children.begin() + position);
  if (parent.count > 1) {
    // The first child's lower bound is the parent's own: what goes with it is the next one's.
    const ptrdiff_t bound = at == 0 ? 0 : position - 1;
    std::move(parent.bounds.begin() + bound + 1, parent.bounds.begin() + parent.count - 1,
              parent.bounds.begin() + bound);
    parent.bounds[parent.count - 2u].clear();
  }
  --parent.count;
  parent.heads.rebuild(parent.count > 0 ? parent.count - 1u : 0, parent.keys());
}

void KeyIndex::merge_small(Path& path, size_t depth) {
  const Path::Step step = path.steps[depth - 1];
  if (step.child + 1 < step.node->count && merge_children(*step.node, step.child)) return;
  if (step.child > 0) merge_children(*step.node, step.child - 1);
}

bool KeyIndex::merge_children(Inner& parent, size_t left_at) {
  Inner::Child& left = parent.children[left_at];
  const Inner::Child right = parent.children[left_at + 1];
  if (left.node->count + right.node->count > static_cast<int>(kJoinedMax)) return false;
  const auto begin = static_cast<ptrdiff_t>(left.node->count);
  if (left.node->leaf) {
    Leaf& to = *as_leaf(left.node);
    std::copy_n(as_leaf(right.node)->slots.begin(), right.node->count, to.slots.begin() + begin);
    to.count = static_cast<uint16_t>(to.count + right.node->count);
    to.heads.rebuild(to.count, to.keys());
  } else {
    Inner& to = *as_inner(left.node);
    Inner& from = *as_inner(right.node);
    std::copy_n(from.children.begin(), from.count, to.children.begin() + begin);
    to.bounds[to.count - 1u] = parent.bounds[left_at];
    std::move(from.bounds.begin(), from.bounds.begin() + from.count - 1, to.bounds.begin() + begin);
    to.count = static_cast<uint16_t>(to.count + from.count);
    to.heads.rebuild(to.count - 1u, to.keys());
  }
  left.live += right.live;
  left.newest = std::max(left.newest, right.newest);
  delete_node(right.node);
  take_child_out(parent, left_at + 1);
  return true;
}

void KeyIndex::drop_root_chain() {
  while (!root_->leaf && root_->count <= 1) {
    Node* child = root_->count == 1 ? as_inner(root_)->children[0].node : make_node<Leaf>();
    delete_node(root_);
    root_ = child;
  }
}

// --- building ---

void KeyIndex::build(const std::vector<Entry*>& sorted) {
  CHECK(entries_ == 0 && root_->leaf);
  if (sorted.empty()) return;
  delete_node(root_);
  std::vector<Inner::Child> level;
  std::vector<std::string> bounds;  // bounds[i]: below every key of level[i + 1]
  for (size_t begin = 0; begin < sorted.size(); begin += kFanout) {
    auto* leaf = make_node<Leaf>();
    leaf->count = static_cast<uint16_t>(std::min(kFanout, sorted.size() - begin));
    for (size_t i = 0; i < leaf->count; ++i) {
      Entry* entry = sorted[begin + i];
      leaf->slots[i] = Slot(entry);
      entry_bytes_ += entry->memory();
    }
    leaf->heads.rebuild(leaf->count, leaf->keys());
    if (begin > 0) bounds.push_back(bound_between(sorted[begin - 1]->key(), sorted[begin]->key()));
    const Revision newest = newest_of(*leaf);
    newest_ = std::max(newest_, newest);
    level.push_back(child_for(leaf, newest));
    live_ += level.back().live;
  }
  entries_ = static_cast<int64_t>(sorted.size());
  while (level.size() > 1) build_level(level, bounds);
  root_ = level.front().node;
}

void KeyIndex::build_level(std::vector<Inner::Child>& level, std::vector<std::string>& bounds) {
  std::vector<Inner::Child> above;
  std::vector<std::string> bounds_above;
  for (size_t begin = 0; begin < level.size(); begin += kFanout) {
    auto* inner = make_node<Inner>();
    inner->count = static_cast<uint16_t>(std::min(kFanout, level.size() - begin));
    std::copy_n(level.begin() + static_cast<ptrdiff_t>(begin), inner->count,
                inner->children.begin());
    std::move(bounds.begin() + static_cast<ptrdiff_t>(begin),
              bounds.begin() + static_cast<ptrdiff_t>(begin + inner->count - 1),
              inner->bounds.begin());
    inner->heads.rebuild(inner->count - 1u, inner->keys());
    if (begin > 0) bounds_above.push_back(std::move(bounds[begin - 1]));
    above.push_back(child_for(inner, inner->newest()));
  }
  level = std::move(above);
  bounds = std::move(bounds_above);
}

Revision KeyIndex::newest_of(const Leaf& leaf) {
  Revision newest;
  for (size_t i = 0; i < leaf.count; ++i) {
    newest = std::max(newest, leaf.slots[i].entry()->newest_mod());
  }
  return newest;
}

// --- checking ---

void KeyIndex::check_invariants() const {
  const Totals totals = check_node(root_, {.low = nullptr, .high = nullptr});
  CHECK(totals.live == live_);
  CHECK(totals.entries == entries_);
  CHECK(totals.newest <= newest_);
}

KeyIndex::Totals KeyIndex::check_leaf(const Leaf& leaf, Bounds bounds) {
  Totals totals{.live = leaf.live(), .entries = leaf.count, .newest = newest_of(leaf)};
  CHECK(leaf.heads.right(leaf.count, leaf.keys()));
  for (size_t i = 0; i < leaf.count; ++i) {
    const Entry& entry = *leaf.slots[i].entry();
    CHECK(leaf.slots[i].live() == entry.live());
    CHECK(leaf.slots[i].plain() == (entry.live() && !entry.many()));
    if (i > 0) CHECK(leaf.slots[i - 1].entry()->key() < entry.key());
    if (bounds.low != nullptr) CHECK(*bounds.low <= entry.key());
    if (bounds.high != nullptr) CHECK(entry.key() < *bounds.high);
  }
  return totals;
}

KeyIndex::Totals KeyIndex::check_node(const Node* node, Bounds bounds) const {
  CHECK(node->count > 0 || node == root_);
  if (node->leaf) return check_leaf(*static_cast<const Leaf*>(node), bounds);
  const auto& inner = *static_cast<const Inner*>(node);
  CHECK(inner.heads.right(inner.count - 1u, inner.keys()));
  Totals totals;
  for (size_t i = 0; i < inner.count; ++i) {
    const std::string_view low = i > 0 ? std::string_view(inner.bounds[i - 1]) : "";
    const std::string_view high = i + 1 < inner.count ? std::string_view(inner.bounds[i]) : "";
    const Totals below = check_node(
        inner.children[i].node,
        {.low = i > 0 ? &low : bounds.low, .high = i + 1 < inner.count ? &high : bounds.high});
    CHECK(below.live == inner.children[i].live);
    CHECK(below.newest <= inner.children[i].newest);
    totals.live += below.live;
    totals.entries += below.entries;
    totals.newest = std::max(totals.newest, below.newest);
  }
  return totals;
}

}  // namespace keelson::mvcc
