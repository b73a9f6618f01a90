// A file system in memory that tells "written" from "durable", as a page cache does. It can be
// cloned as of a crash, can fail the n-th call of a kind, damages bytes on demand and fills up.
//
// The model, chosen to be at least as harsh as a real disk:
//  - bytes are durable after File::sync() of their file; names after sync_dir() of their directory
//    (a synced file whose name was never synced is lost);
//  - at a power loss each dirty sector, each changed size and each unsynced create, rename or
//  removal
//    survives or not on its own: later ones may survive without earlier ones, a rename is atomic;
//  - a failed sync leaves its pages clean and not durable (what Linux does): a later sync that
//  succeeds
//    proves nothing about them.
//
// Thread-safe: one lock around everything. Files keep working on the file system that opened them;
// clones share nothing with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "io/fs.h"

namespace keelson::test {

namespace crash {
struct State;
}

enum class FsCall : uint8_t {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kTruncate,
  kAllocate,
  kSize,
  kExists,
  kRename,
  kRemove,  // remove and remove_tree
  kMakeDir,
  kList,
  kSyncDir,
  kLock,
  kSpace,
  kAny,  // for counting and failing: every call
};

enum class FsFault : uint8_t {
  kIoError,  // EIO, nothing done (a sync: see above)
  kNoSpace,  // ENOSPC, nothing done
  kShort,    // a write does its first half, a read returns EIO after half; else like kIoError
};

class CrashFileSystem final : public io::FileSystem {
 public:
  CrashFileSystem();
  ~CrashFileSystem() override;

  // --- io::FileSystem ---
  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_tree(const std::string& path) override;
  Status make_dir(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& dir) override;
  Status sync_dir(const std::string& dir) override;
  Result<std::unique_ptr<io::File>> lock(const std::string& path) override;
  Result<Space> space(const std::string& path) override;

  // --- crashes ---
  // The state after a power loss now: what is durable, plus each unsynced piece with `probability`.
  // 0 = only what was synced, 1 = everything. Sectors are 512 or 4096 bytes, drawn per clone.
  std::unique_ptr<CrashFileSystem> crash_clone(Rng& rng, double probability) const;
  // The state after kill -9 now: everything written is there, and what is unsynced still is.
  std::unique_ptr<CrashFileSystem> kill_clone() const;

  // --- faults ---
  // The n-th call (from 1) of this kind from now on fails; with `forever` all later ones, too. One
  // rule at a time: a new call replaces the old rule.
  void fail_call(FsCall kind, uint64_t n, FsFault fault, bool forever = false);
  void fail_nothing();
  bool fault_hit() const;  // the rule of the last fail_call has struck
  // How many calls of this kind there were since construction (kAny: all).
  uint64_t calls(FsCall kind) const;
  // Called before every call that counts, outside the lock: to crash or pause between any two
  // calls.
  void on_call(std::function<void(FsCall, const std::string& path)> hook);
  // Total bytes the disk has; files count rounded up to 4096, allocated space included.
  void set_capacity(uint64_t bytes);
  uint64_t used_bytes() const;

  // --- looking and damaging (both sides of the cache; CHECKs that the file exists) ---
  std::string content(const std::string& path) const;
  uint64_t unsynced_bytes(const std::string& path) const;             // whole sectors of 512
  void set_content(const std::string& path, std::string_view bytes);  // creates it; durable
  void flip(const std::string& path, uint64_t offset, uint8_t mask);
  std::vector<std::string> files() const;  // full paths of all files, sorted

 private:
  explicit CrashFileSystem(std::shared_ptr<crash::State> state);

  std::shared_ptr<crash::State> state_;  // open files share it
};

}  // namespace keelson::test
