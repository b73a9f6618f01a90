#include "mvcc/key_index.h"

#include <algorithm>

namespace keelson::mvcc {

KeyIndex::KeyIndex() : root_(make_node<Leaf>()) {}

KeyIndex::~KeyIndex() { free_node(root_); }

void KeyIndex::swap(KeyIndex& other) noexcept {
  std::swap(root_, other.root_);
  std::swap(live_, other.live_);
  std::swap(entries_, other.entries_);
  std::swap(newest_, other.newest_);
  std::swap(entry_bytes_, other.entry_bytes_);
  std::swap(node_bytes_, other.node_bytes_);
}

void KeyIndex::delete_node(Node* node) {
  if (node->leaf) {
    node_bytes_ -= chunk_bytes(sizeof(Leaf));
    delete as_leaf(node);
  } else {
    node_bytes_ -= chunk_bytes(sizeof(Inner));
    delete as_inner(node);
  }
}

void KeyIndex::free_node(Node* node) {
  if (node->leaf) {
    for (size_t i = 0; i < node->count; ++i) Entry::destroy(as_leaf(node)->slots[i].entry());
  } else {
    for (size_t i = 0; i < node->count; ++i) free_node(as_inner(node)->children[i].node);
  }
  delete_node(node);
}

// --- lookups ---

KeyIndex::Path KeyIndex::descend(std::string_view key) const {
  Path path;
  Node* node = root_;
  while (!node->leaf) {
    auto* inner = static_cast<Inner*>(node);
    const size_t child = inner->child_of(key, path.known);
    CHECK(path.depth < kDepthMax);
    path.steps[path.depth++] = {.node = inner, .child = child};
    node = inner->children[child].node;
    node->prefetch();
  }
  path.leaf = static_cast<Leaf*>(node);
  return path;
}

const Entry* KeyIndex::find(std::string_view key) const {
  const Node* node = root_;
  size_t known = 0;
  while (!node->leaf) {
    const auto* inner = static_cast<const Inner*>(node);
    node = inner->children[inner->child_of(key, known)].node;
    node->prefetch();
  }
  const auto* leaf = static_cast<const Leaf*>(node);
  const Found p = leaf->find(key, known);
  return p.equal ? leaf->slots[p.at].entry() : nullptr;
}

// --- changes ---

KeyIndex::Changed KeyIndex::put(std::string_view key, const Change& change) {
  CHECK(!change.tombstone);
  CHECK(change.mod >= newest_);
  newest_ = change.mod;
  Path path = descend(key);
  const Found p = path.leaf->find(key, path.known);
  return p.equal ? change_entry(path, p.at, change) : add_entry(path, p.at, key, change);
}

std::optional<KeyIndex::Changed> KeyIndex::erase(std::string_view key, const Change& change) {
  CHECK(change.tombstone);
  CHECK(change.mod >= newest_);
  Path path = descend(key);
  const Found p = path.leaf->find(key, path.known);
  if (!p.equal || !path.leaf->slots[p.at].live()) return std::nullopt;
  newest_ = change.mod;
  return change_entry(path, p.at, change);
}

KeyIndex::Changed KeyIndex::change_entry(const Path& path, size_t at, const Change& change) {
  Slot& slot = path.leaf->slots[at];
  Entry* entry = slot.entry();
  Changed changed{.now = {}, .before = entry->newest()};
  entry_bytes_ -= entry->memory();
  changed.now = entry->add(change);
  entry_bytes_ += entry->memory();
  const int64_t delta = (change.tombstone ? 0 : 1) - (slot.live() ? 1 : 0);
  slot = Slot(entry);
  live_ += delta;
  touch(path, delta, change.mod);
  return changed;
}

KeyIndex::Changed KeyIndex::add_entry(Path& path, size_t at, std::string_view key,
                                      const Change& change) {
  const KeyMeta meta{.mod = change.mod,
                     .sub = change.sub,
                     .create = change.mod,
                     .version = 1,
                     .seq = change.seq,
                     .tombstone = false};
  Entry* entry = Entry::make(key, meta);
  entry_bytes_ += entry->memory();
  ++entries_;
  ++live_;
  touch(path, 1, change.mod);
  insert_slot(path, at, entry);
  return {.now = meta, .before = std::nullopt};
}

void KeyIndex::touch(const Path& path, int64_t live_delta, Revision newest) {
  for (size_t i = 0; i < path.depth; ++i) {
    Inner::Child& child = path.steps[i].node->children[path.steps[i].child];
    child.live += live_delta;
    child.newest = newest;
  }
}

void KeyIndex::insert_slot(Path& path, size_t at, Entry* entry) {
  Leaf& leaf = *path.leaf;
  if (leaf.count == kFanout) {
    split_leaf(path, at, entry);
    return;
  }
  std::move_backward(leaf.slots.begin() + static_cast<ptrdiff_t>(at),
                     leaf.slots.begin() + leaf.count, leaf.slots.begin() + leaf.count + 1);
  leaf.slots[at] = Slot(entry);
  ++leaf.count;
  leaf.heads.inserted(at, leaf.count, leaf.keys());
}

// A key behind the last one of a full leaf goes into a leaf of its own: sequential inserts leave
// full leaves behind. Else both halves get a half.
void KeyIndex::split_leaf(Path& path, size_t at, Entry* entry) {
  Leaf& left = *path.leaf;
  auto* right = make_node<Leaf>();
  const size_t keep = at == left.count ? at : kFanout / 2;
  right->count = static_cast<uint16_t>(left.count - keep);
  std::copy_n(left.slots.begin() + static_cast<ptrdiff_t>(keep), right->count,
              right->slots.begin());
  left.count = static_cast<uint16_t>(keep);
  Leaf& target = at > keep || right->count == 0 ? *right : left;
  const size_t target_at = &target == right ? at - keep : at;
  std::move_backward(target.slots.begin() + static_cast<ptrdiff_t>(target_at),
                     target.slots.begin() + target.count, target.slots.begin() + target.count + 1);
  target.slots[target_at] = Slot(entry);
  ++target.count;
  left.heads.rebuild(left.count, left.keys());
  right->heads.rebuild(right->count, right->keys());
  std::string bound =
      bound_between(left.slots[left.count - 1u].entry()->key(), right->slots[0].entry()->key());
  insert_child(path, path.depth, std::move(bound), child_for(right, newest_));
}

// `child` has split off to the right of the node at `depth` of the path (depth = path.depth: the
// leaf).
void KeyIndex::insert_child(Path& path, size_t depth, std::string bound, Inner::Child child) {
  if (depth == 0) {
    auto* root = make_node<Inner>();
    root->children[0] = {.node = root_, .live = live_ - child.live, .newest = newest_};
    root->count = 1;
    place_child(*root, 1, std::move(bound), child);
    root_ = root;
    return;
  }
  const Path::Step step = path.steps[depth - 1];
  Inner::Child& left = step.node->children[step.child];
  left.live -= child.live;
  child.newest = left.newest;
  if (step.node->count < kFanout) {
    place_child(*step.node, step.child + 1, std::move(bound), child);
  } else {
    split_inner(path, depth - 1, std::move(bound), child);
  }
}

void KeyIndex::place_child(Inner& node, size_t at, std::string bound, Inner::Child child) {
  CHECK(at > 0 && at <= node.count && node.count < kFanout);
  const auto position = static_cast<ptrdiff_t>(at);
  std::move_backward(node.children.begin() + position, node.children.begin() + node.count,
                     node.children.begin() + node.count + 1);
  std::move_backward(node.bounds.begin() + position - 1, node.bounds.begin() + node.count - 1,
                     node.bounds.begin() + node.count);
  node.children[at] = child;
  node.bounds[at - 1] = std::move(bound);
  ++node.count;
  node.heads.inserted(at - 1, node.count - 1u, node.keys());
}

void KeyIndex::split_inner(Path& path, size_t depth, std::string bound, Inner::Child child) {
  Inner& left = *path.steps[depth].node;
  const size_t at = path.steps[depth].child + 1;
  auto* right = make_node<Inner>();
  std::string middle;
  if (at == kFanout) {  // the right edge: the left one stays full
    right->children[0] = child;
    right->count = 1;
    middle = std::move(bound);
  } else {
    constexpr size_t keep = kFanout / 2;
    right->count = static_cast<uint16_t>(left.count - keep);
    std::copy_n(left.children.begin() + keep, right->count, right->children.begin());
    std::move(left.bounds.begin() + keep, left.bounds.begin() + left.count - 1,
              right->bounds.begin());
    middle = std::move(left.bounds[keep - 1]);
    left.count = keep;
    left.heads.rebuild(left.count - 1u, left.keys());
    right->heads.rebuild(right->count - 1u, right->keys());
    Inner& target = at <= keep ? left : *right;
    place_child(target, at <= keep ? at : at - keep, std::move(bound), child);
  }
  insert_child(path, depth, std::move(middle), child_for(right, newest_));
}

// --- counting ---

int64_t KeyIndex::count(const KeyRange& range, Revision at) const {
  if (range.single()) {
    const Entry* entry = find(range.key);
    return entry != nullptr && entry->live_at(at).has_value() ? 1 : 0;
  }
  std::string from(range.key);
  return count_part(from, range.open_ended() ? "" : range.end, at, SIZE_MAX);
}

int64_t KeyIndex::count_part(std::string& from, std::string_view end, Revision at,
                             size_t leaves_max) const {
  if (!end.empty() && end <= from) {
    from.clear();
    return 0;
  }
  const std::string_view low = from;
  Counter counter{.at = at, .leaves_left = leaves_max, .stopped = false, .resume = {}, .total = 0};
  count_below(root_, {.low = &low, .high = end.empty() ? nullptr : &end}, newest_, counter);
  from = std::move(counter.resume);
  return counter.total;
}

void KeyIndex::count_below(const Node* node, Bounds bounds, Revision newest, Counter& counter) {
  if (node->leaf) {
    count_leaf(*static_cast<const Leaf*>(node), bounds, newest, counter);
    return;
  }
  const auto& inner = *static_cast<const Inner*>(node);
  const size_t first = bounds.low != nullptr ? inner.child_of(*bounds.low) : 0;
  const size_t last = bounds.high != nullptr ? inner.child_of(*bounds.high) : inner.count - 1u;
  for (size_t i = first; i <= last && !counter.stopped; ++i) {
    const Inner::Child& child = inner.children[i];
    const Bounds inside{.low = i == first ? bounds.low : nullptr,
                        .high = i == last ? bounds.high : nullptr};
    if (inside.low == nullptr && inside.high == nullptr && child.newest <= counter.at) {
      counter.total += child.live;
    } else {
      count_below(child.node, inside, child.newest, counter);
    }
  }
}

void KeyIndex::count_leaf(const Leaf& leaf, Bounds bounds, Revision newest, Counter& counter) {
  const size_t begin = bounds.low != nullptr ? leaf.find(*bounds.low, 0).at : 0;
  const size_t end = bounds.high != nullptr ? leaf.find(*bounds.high, 0).at : leaf.count;
  if (begin >= end) return;
  if (counter.leaves_left == 0) {
    counter.stopped = true;
    counter.resume = leaf.slots[begin].entry()->key();
    return;
  }
  --counter.leaves_left;
  for (size_t i = begin; i < end; ++i) {
    const Slot& slot = leaf.slots[i];
    const bool lives =
        newest <= counter.at ? slot.live() : slot.entry()->live_at(counter.at).has_value();
    counter.total += lives ? 1 : 0;
  }
}

// --- walking ---

KeyIndex::Cursor::Cursor(const KeyIndex& index, std::string_view from) {
  path_.reserve(8);
  Node* node = index.root_;
  while (!node->leaf) {
    auto* inner = as_inner(node);
    const size_t child = inner->child_of(from);
    path_.push_back({.node = inner, .child = child});
    node = inner->children[child].node;
  }
  leaf_ = as_leaf(node);
  at_ = leaf_->find(from, 0).at;
  settle();
}

void KeyIndex::Cursor::settle() {
  while (at_ >= leaf_->count) {
    next_leaf();
    if (leaf_ == nullptr) {
      entry_ = nullptr;
      return;
    }
  }
  entry_ = leaf_->slots[at_].entry();
  // Entries lie anywhere in memory: have a later one on its way while this one is looked at.
  constexpr size_t kAhead = 6;
  if (at_ + kAhead < leaf_->count) __builtin_prefetch(leaf_->slots[at_ + kAhead].entry());
}

void KeyIndex::Cursor::next() {
  CHECK(entry_ != nullptr);
  ++at_;
  settle();
}

void KeyIndex::Cursor::next_leaf() {
  leaf_ = nullptr;
  while (!path_.empty()) {
    Step& step = path_.back();
    if (++step.child < step.node->count) {
      down(step.node->children[step.child].node);
      return;
    }
    path_.pop_back();
  }
}

void KeyIndex::Cursor::down(Node* node) {
  while (!node->leaf) {
    path_.push_back({.node = as_inner(node), .child = 0});
    node = as_inner(node)->children[0].node;
  }
  leaf_ = as_leaf(node);
  at_ = 0;
}

}  // namespace keelson::mvcc
