// The insides of CrashFileSystem: bytes and names on both sides of the page cache, clones, fault
// rules. For crash_fs.cc only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "crash_fs.h"

namespace keelson::test::crash {

inline constexpr uint64_t kBlockBytes = 4096;
inline constexpr uint64_t kSectorBytes = 512;
inline constexpr uint64_t kCapacityDefault = 1ull << 40;

using Block = std::array<char, kBlockBytes>;

// A sparse file: an absent block is zeros. Blocks are shared between the two sides of the cache and
// between clones, and copied when somebody writes to a shared one.
struct Bytes {
  std::map<uint64_t, std::shared_ptr<Block>> blocks;
  uint64_t size = 0;

  void read(uint64_t offset, std::span<char> out) const;
  void write(uint64_t offset, std::string_view data);
  void shrink(uint64_t to);
};

struct Node;
using NodePtr = std::shared_ptr<Node>;

struct Node {
  bool is_dir = false;
  // A file. `dirty`: blocks that differ between the two sides and that a sync would write.
  Bytes now;
  Bytes durable;
  std::set<uint64_t> dirty;
  uint64_t reserved = 0;
  bool locked = false;
  // A directory.
  std::map<std::string, NodePtr> names;
  std::map<std::string, NodePtr> durable_names;
  int durable_links = 0;  // durable names that lead here

  void write(uint64_t offset, std::string_view data);
  void resize(uint64_t size);
  void sync();
  uint64_t used() const {
    return std::max(reserved, (now.size + kBlockBytes - 1) / kBlockBytes * kBlockBytes);
  }
};

// One change of names that is not durable yet: a creation has only `to`, a removal only `from`.
struct NameChange {
  NodePtr from_dir;
  std::string from;
  NodePtr to_dir;
  std::string to;
  NodePtr node;
};

struct State {
  State() : root(std::make_shared<Node>()) { root->is_dir = true; }

  // Calls. Returns the failure to report instead of (or, for kShort, after half of) the work.
  std::optional<FsFault> enter(FsCall kind, const std::string& path) EXCLUDES(mutex);
  static Status injected(FsCall kind, const std::string& path, FsFault fault);

  // Names.
  NodePtr find(const std::string& path) const REQUIRES(mutex);
  NodePtr parent(const std::string& path, std::string& leaf) const REQUIRES(mutex);
  void change(NameChange c) REQUIRES(mutex);
  void apply_durable(const NameChange& c) REQUIRES(mutex);
  void unlink_durable(const NodePtr& dir, const std::string& name) REQUIRES(mutex);
  void sync_names(const NodePtr& dir) REQUIRES(mutex);
  void remove_tree(const NodePtr& dir, const std::string& leaf) REQUIRES(mutex);
  uint64_t used() const REQUIRES(mutex);
  bool fits(const Node& node, uint64_t size) const REQUIRES(mutex);

  // Crashes.
  std::shared_ptr<State> clone() const EXCLUDES(mutex);
  void lose_power(Rng& rng, double probability) EXCLUDES(mutex);

  mutable Mutex mutex;
  NodePtr root GUARDED_BY(mutex);
  std::vector<NameChange> pending GUARDED_BY(mutex);
  uint64_t capacity GUARDED_BY(mutex) = kCapacityDefault;
  std::array<uint64_t, static_cast<size_t>(FsCall::kAny) + 1> calls GUARDED_BY(mutex){};
  std::function<void(FsCall, const std::string&)> hook GUARDED_BY(mutex);
  struct Rule {
    FsCall kind;
    uint64_t countdown;
    FsFault fault;
    bool forever;
  };
  std::optional<Rule> rule GUARDED_BY(mutex);
  bool hit GUARDED_BY(mutex) = false;
};

std::vector<std::string> split(const std::string& path);
Status error(Code code, const char* call, const std::string& path, const char* why);

}  // namespace keelson::test::crash
