// The file that snapshot save writes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ctl/result.h"

namespace keelson::ctl {

// Collects a snapshot in FILE.part and gives it its name only when it is whole: its length ends
// with a SHA-256 and that sum is right. Until then, and on any failure, FILE is as it was, and
// FILE.part is removed. Failures have exit code 5.
class SnapshotFile {
 public:
  // `path` is the final name.
  static Result<std::unique_ptr<SnapshotFile>> create(const std::string& path);
  ~SnapshotFile();

  Status append(std::string_view bytes);
  // Checks sizes and the sum, and syncs the file to the disk.
  Status check_and_sync();
  // Gives the file its name, durably. Once, after check_and_sync.
  Status publish();

  const std::string& part_path() const { return part_path_; }
  uint64_t size() const { return size_; }

 private:
  struct Sum;
  SnapshotFile(std::string path, int fd);
  Status fail(const std::string& what) const;

  const std::string path_;
  const std::string part_path_;
  int fd_;
  uint64_t size_ = 0;
  std::string tail_;  // the last bytes seen, which may be the sum
  std::unique_ptr<Sum> sum_;
};

}  // namespace keelson::ctl
