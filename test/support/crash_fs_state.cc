#include "crash_fs_state.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace keelson::test::crash {

void Bytes::read(uint64_t offset, std::span<char> out) const {
  for (size_t done = 0; done < out.size();) {
    const uint64_t at = offset + done;
    const size_t n = std::min<size_t>(out.size() - done, kBlockBytes - at % kBlockBytes);
    const auto found = blocks.find(at / kBlockBytes);
    if (found == blocks.end()) {
      std::memset(out.data() + done, 0, n);
    } else {
      std::memcpy(out.data() + done, found->second->data() + at % kBlockBytes, n);
    }
    done += n;
  }
}

void Bytes::write(uint64_t offset, std::string_view data) {
  static const Block kZeros{};
  size = std::max(size, offset + data.size());
  while (!data.empty()) {
    const size_t n = std::min<size_t>(data.size(), kBlockBytes - offset % kBlockBytes);
    if (n == kBlockBytes && std::memcmp(data.data(), kZeros.data(), n) == 0) {
      blocks.erase(offset / kBlockBytes);
    } else {
      std::shared_ptr<Block>& block = blocks[offset / kBlockBytes];
      if (!block) {
        block = std::make_shared<Block>(kZeros);
      } else if (block.use_count() > 1) {
        block = std::make_shared<Block>(*block);
      }
      std::memcpy(block->data() + offset % kBlockBytes, data.data(), n);
    }
    offset += n;
    data.remove_prefix(n);
  }
}

void Bytes::shrink(uint64_t to) {
  const std::string zeros((kBlockBytes - to % kBlockBytes) % kBlockBytes, '\0');
  if (!zeros.empty() && blocks.contains(to / kBlockBytes)) write(to, zeros);
  blocks.erase(blocks.lower_bound((to + kBlockBytes - 1) / kBlockBytes), blocks.end());
  size = to;
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (!part.empty() && part != ".") parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

Status error(Code code, const char* call, const std::string& path, const char* why) {
  return Status(code, std::string(call) + " " + path + ": " + why);
}
namespace {

const char* name_of(FsCall kind) {
  static constexpr const char* kNames[] = {
      "open",   "pread",  "pwrite", "fdatasync", "ftruncate", "fallocate", "fstat",  "stat",
      "rename", "remove", "mkdir",  "opendir",   "fsync",     "lock",      "statvfs"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace

void Node::write(uint64_t offset, std::string_view data) {
  if (data.empty()) return;
  now.write(offset, data);
  for (uint64_t b = offset / kBlockBytes; b <= (offset + data.size() - 1) / kBlockBytes; ++b) {
    dirty.insert(b);
  }
}

void Node::resize(uint64_t size) {
  if (size >= now.size) {
    now.size = size;
    return;
  }
  for (auto it = now.blocks.lower_bound(size / kBlockBytes); it != now.blocks.end(); ++it) {
    dirty.insert(it->first);
  }
  now.shrink(size);
  reserved = 0;
}

void Node::sync() {
  for (const uint64_t b : dirty) {
    const auto found = now.blocks.find(b);
    if (found == now.blocks.end()) {
      durable.blocks.erase(b);
    } else {
      durable.blocks[b] = found->second;
    }
  }
  dirty.clear();
  if (now.size < durable.size) durable.shrink(now.size);
  durable.size = now.size;
}

std::optional<FsFault> State::enter(FsCall kind, const std::string& path) {
  std::function<void(FsCall, const std::string&)> call;
  {
    MutexLock lock(mutex);
    call = hook;
  }
  if (call) call(kind, path);
  MutexLock lock(mutex);
  ++calls[static_cast<size_t>(kind)];
  ++calls[static_cast<size_t>(FsCall::kAny)];
  if (!rule || (rule->kind != kind && rule->kind != FsCall::kAny)) return std::nullopt;
  if (rule->countdown > 1) {
    --rule->countdown;
    return std::nullopt;
  }
  hit = true;
  const FsFault fault = rule->fault;
  if (!rule->forever) rule.reset();
  return fault;
}

Status State::injected(FsCall kind, const std::string& path, FsFault fault) {
  return fault == FsFault::kNoSpace
             ? error(Code::kResourceExhausted, name_of(kind), path, "No space left on device")
             : error(Code::kInternal, name_of(kind), path, "Input/output error");
}

NodePtr State::find(const std::string& path) const {
  NodePtr at = root;
  for (const std::string& part : split(path)) {
    if (!at->is_dir) return nullptr;
    const auto found = at->names.find(part);
    if (found == at->names.end()) return nullptr;
    at = found->second;
  }
  return at;
}

NodePtr State::parent(const std::string& path, std::string& leaf) const {
  const auto parts = split(path);
  if (parts.empty()) return nullptr;
  leaf = parts.back();
  std::string dir;
  for (size_t i = 0; i + 1 < parts.size(); ++i) dir += "/" + parts[i];
  NodePtr node = find(dir);
  return node && node->is_dir ? node : nullptr;
}

// At once for whoever looks, durable later.
void State::change(NameChange c) {
  if (c.from_dir) c.from_dir->names.erase(c.from);
  if (c.to_dir) c.to_dir->names[c.to] = c.node;
  pending.push_back(std::move(c));
}

void State::unlink_durable(const NodePtr& dir, const std::string& name) {
  const auto found = dir->durable_names.find(name);
  if (found == dir->durable_names.end()) return;
  --found->second->durable_links;
  dir->durable_names.erase(found);
}

// A change whose predecessor was lost still takes effect where that makes sense: a renamed file
// whose creation was lost appears under its new name; one that durably has another name keeps that.
void State::apply_durable(const NameChange& c) {
  if (c.from_dir) {
    const auto found = c.from_dir->durable_names.find(c.from);
    if (found != c.from_dir->durable_names.end() && found->second == c.node) {
      unlink_durable(c.from_dir, c.from);
    }
  }
  if (!c.to_dir || c.node->durable_links > 0) return;
  unlink_durable(c.to_dir, c.to);
  c.to_dir->durable_names[c.to] = c.node;
  ++c.node->durable_links;
}

void State::sync_names(const NodePtr& dir) {
  std::set<const Node*> touched;
  for (const NameChange& c : pending) {
    if (c.from_dir == dir || c.to_dir == dir) touched.insert(c.node.get());
  }
  // A node's changes become durable in their order, wherever they happened.
  std::vector<NameChange> rest;
  for (NameChange& c : pending) {
    if (touched.contains(c.node.get())) {
      apply_durable(c);
    } else {
      rest.push_back(std::move(c));
    }
  }
  pending = std::move(rest);
}

void State::remove_tree(const NodePtr& dir, const std::string& leaf) {
  const NodePtr node = dir->names.at(leaf);
  while (!node->names.empty()) remove_tree(node, std::string(node->names.begin()->first));
  change({.from_dir = dir, .from = leaf, .to_dir = nullptr, .to = {}, .node = node});
}

uint64_t State::used() const {
  uint64_t total = 0;
  std::vector<const Node*> todo{root.get()};
  while (!todo.empty()) {
    const Node* node = todo.back();
    todo.pop_back();
    total += node->used();
    for (const auto& [name, child] : node->names) todo.push_back(child.get());
  }
  return total;
}

bool State::fits(const Node& node, uint64_t size) const {
  if (capacity == kCapacityDefault || size <= node.used()) return true;
  return used() + (size - node.used()) <= capacity;
}

// Clones.

namespace {

class Copier {
 public:
  NodePtr copy(const NodePtr& from) {
    if (!from) return nullptr;
    auto [found, is_new] = copies_.try_emplace(from.get());
    if (!is_new) return found->second;
    NodePtr to = std::make_shared<Node>(*from);
    found->second = to;  // before the children: `found` may move when they are added
    to->locked = false;
    for (auto& [name, child] : to->names) child = copy(child);
    for (auto& [name, child] : to->durable_names) child = copy(child);
    return to;
  }

 private:
  std::unordered_map<Node*, NodePtr> copies_;
};

bool survives(Rng& rng, double probability) {
  return static_cast<double>(rng.next() >> 11) * 0x1p-53 < probability;
}

// `durable` plus those dirty sectors that had reached the disk.
void settle_file(Node& node, Rng& rng, double probability, uint64_t sector_bytes) {
  Bytes out = node.durable;
  if (node.now.size != out.size && survives(rng, probability)) {
    if (node.now.size < out.size) out.shrink(node.now.size);
    out.size = node.now.size;
  }
  const uint64_t size = out.size;
  std::string sector(sector_bytes, '\0');
  for (const uint64_t b : node.dirty) {
    for (uint64_t at = b * kBlockBytes; at < (b + 1) * kBlockBytes; at += sector_bytes) {
      if (!survives(rng, probability) || at >= size) continue;
      node.now.read(at, sector);
      out.write(at, std::string_view(sector).substr(0, std::min(sector_bytes, size - at)));
    }
  }
  node.durable = out;
  node.now = std::move(out);
  node.dirty.clear();
  node.reserved = 0;
}

}  // namespace

std::shared_ptr<State> State::clone() const {
  auto out = std::make_shared<State>();
  MutexLock lock(mutex);
  MutexLock lock_out(out->mutex);
  Copier copier;
  out->root = copier.copy(root);
  for (const NameChange& c : pending) {
    out->pending.push_back(
        {copier.copy(c.from_dir), c.from, copier.copy(c.to_dir), c.to, copier.copy(c.node)});
  }
  out->capacity = capacity;
  return out;
}

void State::lose_power(Rng& rng, double probability) {
  MutexLock lock(mutex);
  for (const NameChange& c : std::exchange(pending, {})) {
    if (survives(rng, probability)) apply_durable(c);
  }
  const uint64_t sector_bytes = rng.below(2) == 0 ? kSectorBytes : kBlockBytes;
  std::vector<NodePtr> todo{root};
  while (!todo.empty()) {
    const NodePtr node = todo.back();
    todo.pop_back();
    if (!node->is_dir) settle_file(*node, rng, probability, sector_bytes);
    node->names = node->durable_names;
    for (const auto& [name, child] : node->names) todo.push_back(child);
  }
}

}  // namespace keelson::test::crash
