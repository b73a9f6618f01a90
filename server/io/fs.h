// The file system as the log and the store see it. One production implementation (posix), one in
// test/support that forgets unsynced bytes, fails the n-th call and can be cloned as of a crash.
// Errors carry the call, the path and the errno text in Status::text(); codes are NotFound,
// AlreadyExists, PermissionDenied, ResourceExhausted (disk full, quota), Unavailable (lock held),
// else Internal. Nothing but EINTR is retried. Thread-safe as the kernel is: different files on
// different threads; one File has one user at a time unless its method says more.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace keelson::io {

class File {
 public:
  virtual ~File() = default;  // closes; never syncs
  // Reads up to out.size() bytes at `offset`; returns how many there were (short only at the end).
  virtual Result<size_t> read_at(uint64_t offset, std::span<char> out) = 0;
  // Writes all of `data` or fails. Nothing is durable before sync().
  virtual Status write_at(uint64_t offset, std::string_view data) = 0;
  // Content and the metadata needed to read it back are durable on return (fdatasync).
  virtual Status sync() = 0;
  virtual Status truncate(uint64_t size) = 0;
  // Reserves blocks so that later writes below `size` cannot meet ENOSPC; the file grows,
  // zero-filled.
  virtual Status allocate(uint64_t size) = 0;
  virtual Result<uint64_t> size() = 0;
};

enum class OpenMode { kReadOnly, kReadWrite, kCreate /* read-write, may exist */, kCreateNew };

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // New files get mode 0600.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Durable only after sync_dir of the parent.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  virtual Status remove_tree(const std::string& path) = 0;  // fine when there is none
  virtual Status make_dir(
      const std::string& path) = 0;  // mode 0700, parents too; fine when it exists
  virtual Result<std::vector<std::string>> list(const std::string& dir) = 0;  // names, sorted
  // Entries made, renamed and removed in the directory are durable on return.
  virtual Status sync_dir(const std::string& dir) = 0;
  // Holds an exclusive lock on the file until the returned object dies; Unavailable when another
  // process has it.
  virtual Result<std::unique_ptr<File>> lock(const std::string& path) = 0;
  struct Space {
    uint64_t free_bytes;
    uint64_t total_bytes;
  };
  virtual Result<Space> space(const std::string& path) = 0;
};

// True when a failed Status came from a full disk (ENOSPC, EDQUOT): a planned state, not a fatal
// one.
bool is_no_space(const Status& status);

// The real one.
std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace keelson::io
