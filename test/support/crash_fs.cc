#include "crash_fs.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "crash_fs_state.h"

namespace keelson::test {
namespace {

using crash::error;
using crash::kBlockBytes;
using crash::kSectorBytes;
using crash::Node;
using crash::NodePtr;
using crash::State;

Status not_found(const char* call, const std::string& path) {
  return error(Code::kNotFound, call, path, "No such file or directory");
}

class Handle final : public io::File {
 public:
  Handle(std::shared_ptr<State> state, NodePtr node, std::string path, bool writable, bool locks)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(writable),
        locks_(locks) {}
  ~Handle() override {
    MutexLock lock(state_->mutex);
    if (locks_) node_->locked = false;
  }

  Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
    if (auto fault = state_->enter(FsCall::kRead, path_)) return failed(FsCall::kRead, *fault);
    MutexLock lock(state_->mutex);
    const uint64_t size = node_->now.size;
    const size_t n = offset >= size ? 0 : std::min<size_t>(out.size(), size - offset);
    node_->now.read(offset, out.first(n));
    return n;
  }

  Status write_at(uint64_t offset, std::string_view data) override {
    const auto fault = state_->enter(FsCall::kWrite, path_);
    if (fault && *fault != FsFault::kShort) return failed(FsCall::kWrite, *fault);
    if (fault) data = data.substr(0, data.size() / 2);
    MutexLock lock(state_->mutex);
    if (!writable_) return error(Code::kInternal, "pwrite", path_, "Bad file descriptor");
    if (!state_->fits(*node_, offset + data.size())) {
      return State::injected(FsCall::kWrite, path_, FsFault::kNoSpace);
    }
    node_->write(offset, data);
    return fault ? failed(FsCall::kWrite, *fault) : Status();
  }

  Status sync() override {
    const auto fault = state_->enter(FsCall::kSync, path_);
    MutexLock lock(state_->mutex);
    if (!fault) {
      node_->sync();
      return {};
    }
    node_->dirty.clear();
    return failed(FsCall::kSync, *fault);
  }

  Status truncate(uint64_t size) override {
    if (auto f = state_->enter(FsCall::kTruncate, path_)) return failed(FsCall::kTruncate, *f);
    MutexLock lock(state_->mutex);
    if (!state_->fits(*node_, size)) {
      return State::injected(FsCall::kTruncate, path_, FsFault::kNoSpace);
    }
    node_->resize(size);
    return {};
  }

  Status allocate(uint64_t size) override {
    if (auto f = state_->enter(FsCall::kAllocate, path_)) return failed(FsCall::kAllocate, *f);
    MutexLock lock(state_->mutex);
    if (!state_->fits(*node_, size)) {
      return State::injected(FsCall::kAllocate, path_, FsFault::kNoSpace);
    }
    node_->reserved = std::max(node_->reserved, size);
    if (size > node_->now.size) node_->resize(size);
    return {};
  }

  Result<uint64_t> size() override {
    if (auto fault = state_->enter(FsCall::kSize, path_)) return failed(FsCall::kSize, *fault);
    MutexLock lock(state_->mutex);
    return node_->now.size;
  }

 private:
  Status failed(FsCall kind, FsFault fault) const { return State::injected(kind, path_, fault); }

  const std::shared_ptr<State> state_;
  const NodePtr node_;
  const std::string path_;
  const bool writable_;
  const bool locks_;
};

}  // namespace

// The interface.

CrashFileSystem::CrashFileSystem() : state_(std::make_shared<State>()) {}
CrashFileSystem::CrashFileSystem(std::shared_ptr<State> state) : state_(std::move(state)) {}
CrashFileSystem::~CrashFileSystem() = default;

Result<std::unique_ptr<io::File>> CrashFileSystem::open(const std::string& path,
                                                        io::OpenMode mode) {
  if (auto f = state_->enter(FsCall::kOpen, path)) {
    return State::injected(FsCall::kOpen, path, *f);
  }
  MutexLock lock(state_->mutex);
  const bool creates = mode == io::OpenMode::kCreate || mode == io::OpenMode::kCreateNew;
  NodePtr node = state_->find(path);
  if (node && mode == io::OpenMode::kCreateNew) {
    return error(Code::kAlreadyExists, "open", path, "File exists");
  }
  if (node && node->is_dir) return error(Code::kInternal, "open", path, "Is a directory");
  if (!node) {
    std::string leaf;
    const NodePtr dir = state_->parent(path, leaf);
    if (!creates || !dir) return not_found("open", path);
    node = std::make_shared<Node>();
    state_->change({nullptr, {}, dir, leaf, node});
  }
  const bool writable = mode != io::OpenMode::kReadOnly;
  return std::unique_ptr<io::File>(std::make_unique<Handle>(state_, node, path, writable, false));
}

Result<std::unique_ptr<io::File>> CrashFileSystem::lock(const std::string& path) {
  if (auto f = state_->enter(FsCall::kLock, path)) {
    return State::injected(FsCall::kLock, path, *f);
  }
  MutexLock guard(state_->mutex);
  NodePtr node = state_->find(path);
  if (!node) {
    std::string leaf;
    const NodePtr dir = state_->parent(path, leaf);
    if (!dir) return not_found("open", path);
    node = std::make_shared<Node>();
    state_->change({nullptr, {}, dir, leaf, node});
  }
  if (node->locked) return error(Code::kUnavailable, "lock", path, "held by another process");
  node->locked = true;
  return std::unique_ptr<io::File>(std::make_unique<Handle>(state_, node, path, true, true));
}

Result<bool> CrashFileSystem::exists(const std::string& path) {
  if (auto f = state_->enter(FsCall::kExists, path)) {
    return State::injected(FsCall::kExists, path, *f);
  }
  MutexLock lock(state_->mutex);
  return state_->find(path) != nullptr;
}

Status CrashFileSystem::rename(const std::string& from, const std::string& to) {
  if (auto f = state_->enter(FsCall::kRename, from)) {
    return State::injected(FsCall::kRename, from, *f);
  }
  MutexLock lock(state_->mutex);
  std::string from_leaf;
  std::string to_leaf;
  const NodePtr from_dir = state_->parent(from, from_leaf);
  const NodePtr to_dir = state_->parent(to, to_leaf);
  const NodePtr node = state_->find(from);
  if (!from_dir || !to_dir || !node) return not_found("rename", from + " to " + to);
  const NodePtr target = state_->find(to);
  if (target == node) return {};
  if (target && target->is_dir && !target->names.empty()) {
    return error(Code::kInternal, "rename", from + " to " + to, "Directory not empty");
  }
  state_->change({from_dir, from_leaf, to_dir, to_leaf, node});
  return {};
}

Status CrashFileSystem::remove(const std::string& path) {
  if (auto f = state_->enter(FsCall::kRemove, path)) {
    return State::injected(FsCall::kRemove, path, *f);
  }
  MutexLock lock(state_->mutex);
  std::string leaf;
  const NodePtr dir = state_->parent(path, leaf);
  const NodePtr node = state_->find(path);
  if (!dir || !node) return not_found("remove", path);
  if (!node->names.empty()) return error(Code::kInternal, "remove", path, "Directory not empty");
  state_->remove_tree(dir, leaf);
  return {};
}

Status CrashFileSystem::remove_tree(const std::string& path) {
  if (auto f = state_->enter(FsCall::kRemove, path)) {
    return State::injected(FsCall::kRemove, path, *f);
  }
  MutexLock lock(state_->mutex);
  std::string leaf;
  const NodePtr dir = state_->parent(path, leaf);
  if (dir && state_->find(path)) state_->remove_tree(dir, leaf);
  return {};
}

Status CrashFileSystem::make_dir(const std::string& path) {
  if (auto f = state_->enter(FsCall::kMakeDir, path)) {
    return State::injected(FsCall::kMakeDir, path, *f);
  }
  MutexLock lock(state_->mutex);
  NodePtr at = state_->root;
  for (const std::string& part : crash::split(path)) {
    NodePtr& next = at->names[part];
    if (!next) {
      auto node = std::make_shared<Node>();
      node->is_dir = true;
      state_->change({nullptr, {}, at, part, node});
    }
    if (!next->is_dir) return error(Code::kAlreadyExists, "mkdir", path, "File exists");
    at = NodePtr(next);
  }
  return {};
}

Result<std::vector<std::string>> CrashFileSystem::list(const std::string& dir) {
  if (auto f = state_->enter(FsCall::kList, dir)) return State::injected(FsCall::kList, dir, *f);
  MutexLock lock(state_->mutex);
  const NodePtr node = state_->find(dir);
  if (!node || !node->is_dir) return not_found("opendir", dir);
  std::vector<std::string> out;
  for (const auto& [name, child] : node->names) out.push_back(name);
  return out;
}

Status CrashFileSystem::sync_dir(const std::string& dir) {
  if (auto f = state_->enter(FsCall::kSyncDir, dir)) {
    return State::injected(FsCall::kSyncDir, dir, *f);
  }
  MutexLock lock(state_->mutex);
  const NodePtr node = state_->find(dir);
  if (!node || !node->is_dir) return not_found("open", dir);
  state_->sync_names(node);
  return {};
}

Result<io::FileSystem::Space> CrashFileSystem::space(const std::string& path) {
  if (auto f = state_->enter(FsCall::kSpace, path)) {
    return State::injected(FsCall::kSpace, path, *f);
  }
  MutexLock lock(state_->mutex);
  const uint64_t used = state_->used();
  return Space{.free_bytes = state_->capacity - std::min(used, state_->capacity),
               .total_bytes = state_->capacity};
}

// What only tests do.

std::unique_ptr<CrashFileSystem> CrashFileSystem::kill_clone() const {
  return std::unique_ptr<CrashFileSystem>(new CrashFileSystem(state_->clone()));
}

std::unique_ptr<CrashFileSystem> CrashFileSystem::crash_clone(Rng& rng, double probability) const {
  auto out = kill_clone();
  out->state_->lose_power(rng, probability);
  return out;
}

void CrashFileSystem::fail_call(FsCall kind, uint64_t n, FsFault fault, bool forever) {
  CHECK(n > 0);
  MutexLock lock(state_->mutex);
  state_->rule = State::Rule{kind, n, fault, forever};
  state_->hit = false;
}

void CrashFileSystem::fail_nothing() {
  MutexLock lock(state_->mutex);
  state_->rule.reset();
}

bool CrashFileSystem::fault_hit() const {
  MutexLock lock(state_->mutex);
  return state_->hit;
}

uint64_t CrashFileSystem::calls(FsCall kind) const {
  MutexLock lock(state_->mutex);
  return state_->calls[static_cast<size_t>(kind)];
}

void CrashFileSystem::on_call(std::function<void(FsCall, const std::string& path)> hook) {
  MutexLock lock(state_->mutex);
  state_->hook = std::move(hook);
}

void CrashFileSystem::set_capacity(uint64_t bytes) {
  MutexLock lock(state_->mutex);
  state_->capacity = bytes;
}

uint64_t CrashFileSystem::used_bytes() const {
  MutexLock lock(state_->mutex);
  return state_->used();
}

std::string CrashFileSystem::content(const std::string& path) const {
  MutexLock lock(state_->mutex);
  const NodePtr node = state_->find(path);
  CHECK(node && !node->is_dir);
  std::string out(node->now.size, '\0');
  node->now.read(0, out);
  return out;
}

uint64_t CrashFileSystem::unsynced_bytes(const std::string& path) const {
  MutexLock lock(state_->mutex);
  const NodePtr node = state_->find(path);
  CHECK(node && !node->is_dir);
  uint64_t bytes = 0;
  std::string now(kSectorBytes, '\0');
  std::string durable(kSectorBytes, '\0');
  for (const uint64_t b : node->dirty) {
    for (uint64_t at = b * kBlockBytes; at < (b + 1) * kBlockBytes; at += kSectorBytes) {
      node->now.read(at, now);
      node->durable.read(at, durable);
      if (now != durable) bytes += kSectorBytes;
    }
  }
  return bytes;
}

void CrashFileSystem::set_content(const std::string& path, std::string_view bytes) {
  MutexLock lock(state_->mutex);
  NodePtr node = state_->find(path);
  if (!node) {
    std::string leaf;
    const NodePtr dir = state_->parent(path, leaf);
    CHECK(dir != nullptr);
    node = std::make_shared<Node>();
    state_->change({nullptr, {}, dir, leaf, node});
    state_->sync_names(dir);
  }
  node->resize(0);
  node->write(0, bytes);
  node->sync();
}

void CrashFileSystem::flip(const std::string& path, uint64_t offset, uint8_t mask) {
  MutexLock lock(state_->mutex);
  const NodePtr node = state_->find(path);
  CHECK(node && !node->is_dir);
  CHECK(offset < node->now.size);
  for (crash::Bytes* side : {&node->now, &node->durable}) {
    if (offset >= side->size) continue;
    char byte = 0;
    side->read(offset, std::span(&byte, 1));
    byte = static_cast<char>(byte ^ static_cast<char>(mask));
    side->write(offset, std::string_view(&byte, 1));
  }
}

std::vector<std::string> CrashFileSystem::files() const {
  MutexLock lock(state_->mutex);
  std::vector<std::string> out;
  std::vector<std::pair<std::string, const Node*>> todo{{"", state_->root.get()}};
  while (!todo.empty()) {
    const auto [path, node] = todo.back();
    todo.pop_back();
    if (!node->is_dir) out.push_back(path);
    for (const auto& [name, child] : node->names) todo.emplace_back(path + "/" + name, child.get());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace keelson::test
