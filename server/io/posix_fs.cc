// The FileSystem over system calls. Every call is retried on EINTR and nothing else: what a failed
// write or sync has left behind is unknown, and what to do about it is the caller's decision.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "io/fs.h"

namespace keelson::io {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirMode = 0700;
constexpr size_t kZeroChunkBytes = 256 * 1024;

Code code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return Code::kResourceExhausted;
    default:
      return Code::kInternal;
  }
}

// "pwrite /data/member/wal/x: Input/output error".
Status failure(const char* call, const std::string& path, int error) {
  const char* why = ::strerrordesc_np(error);
  return Status(code_of(error), std::string(call) + " " + path + ": " +
                                    (why != nullptr ? why : "errno " + std::to_string(error)));
}

template <typename Call>
auto retry(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) { CHECK(fd >= 0); }
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<size_t> read_at(uint64_t offset, std::span<char> out) override;
  Status write_at(uint64_t offset, std::string_view data) override;
  Status sync() override {
    return done("fdatasync", retry([&] { return ::fdatasync(fd_); }));
  }
  Status truncate(uint64_t size) override {
    return done("ftruncate", retry([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }));
  }
  Status allocate(uint64_t size) override;
  Result<uint64_t> size() override;
  Status lock();

 private:
  Status done(const char* call, int result) const {
    return result == 0 ? Status() : failure(call, path_, errno);
  }
  Status fill_zero(uint64_t from, uint64_t to);

  const int fd_;
  const std::string path_;
};

Result<size_t> PosixFile::read_at(uint64_t offset, std::span<char> out) {
  size_t have = 0;
  while (have < out.size()) {
    const ssize_t n = retry([&] {
      return ::pread(fd_, out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    });
    if (n < 0) return failure("pread", path_, errno);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  return have;
}

Status PosixFile::write_at(uint64_t offset, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n =
        retry([&] { return ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset)); });
    if (n < 0) return failure("pwrite", path_, errno);
    if (n == 0) return failure("pwrite", path_, EIO);  // never for a regular file; do not spin
    offset += static_cast<uint64_t>(n);
    data.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status PosixFile::allocate(uint64_t size) {
  const int result = retry([&] { return ::fallocate(fd_, 0, 0, static_cast<off_t>(size)); });
  if (result == 0) return {};
  if (errno != EOPNOTSUPP) return failure("fallocate", path_, errno);
  auto now = this->size();
  return now.ok() ? fill_zero(*now, size) : now.status();
}

// Where there is no fallocate, only written blocks are reserved blocks.
Status PosixFile::fill_zero(uint64_t from, uint64_t to) {
  const std::string zeros(kZeroChunkBytes, '\0');
  while (from < to) {
    const auto n = std::min<uint64_t>(zeros.size(), to - from);
    if (Status s = write_at(from, std::string_view(zeros).substr(0, n)); !s.ok()) return s;
    from += n;
  }
  return {};
}

Result<uint64_t> PosixFile::size() {
  struct stat info;
  if (::fstat(fd_, &info) != 0) return failure("fstat", path_, errno);
  return static_cast<uint64_t>(info.st_size);
}

// An open-file-description lock belongs to this descriptor: unlike a classic POSIX lock it does not
// vanish when somebody else in the process opens and closes the same file.
Status PosixFile::lock() {
  struct flock range{};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  if (retry([&] { return ::fcntl(fd_, F_OFD_SETLK, &range); }) == 0) return {};
  if (errno != EAGAIN && errno != EACCES) return failure("fcntl(F_OFD_SETLK)", path_, errno);
  return Status(Code::kUnavailable, "lock " + path_ + ": held by another process");
}

Result<std::unique_ptr<PosixFile>> open_file(const std::string& path, int flags) {
  const int fd = retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
  if (fd < 0) return failure("open", path, errno);
  return std::make_unique<PosixFile>(fd, path);
}

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kReadOnly:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  CHECK(false);
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_tree(const std::string& path) override;
  Status make_dir(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& dir) override;
  Status sync_dir(const std::string& dir) override;
  Result<std::unique_ptr<File>> lock(const std::string& path) override;
  Result<Space> space(const std::string& path) override;
};

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  auto file = open_file(path, flags_of(mode));
  if (!file.ok()) return file.status();
  return std::unique_ptr<File>(std::move(*file));
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return failure("stat", path, errno);
}

Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return failure("rename", from + " to " + to, errno);
}

Status PosixFileSystem::remove(const std::string& path) {
  if (::remove(path.c_str()) == 0) return {};
  return failure("remove", path, errno);
}

Status PosixFileSystem::remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error ? failure("remove tree", path, error.value()) : Status();
}

Status PosixFileSystem::make_dir(const std::string& path) {
  if (::mkdir(path.c_str(), kDirMode) == 0) return {};
  if (errno == ENOENT) {
    const std::string parent = std::filesystem::path(path).parent_path();
    if (parent.empty() || parent == path) return failure("mkdir", path, ENOENT);
    if (Status s = make_dir(parent); !s.ok()) return s;
    if (::mkdir(path.c_str(), kDirMode) == 0) return {};
  }
  const int error = errno;
  struct stat info;
  if (error == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  return failure("mkdir", path, error);
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& dir) {
  std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(dir.c_str()), ::closedir);
  if (!handle) return failure("opendir", dir, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(handle.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return failure("readdir", dir, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixFileSystem::sync_dir(const std::string& dir) {
  const int fd = retry([&] { return ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return failure("open", dir, errno);
  const int result = retry([&] { return ::fsync(fd); });
  const int error = errno;
  ::close(fd);
  return result == 0 ? Status() : failure("fsync", dir, error);
}

Result<std::unique_ptr<File>> PosixFileSystem::lock(const std::string& path) {
  auto file = open_file(path, O_RDWR | O_CREAT);
  if (!file.ok()) return file.status();
  if (Status s = (*file)->lock(); !s.ok()) return s;
  return std::unique_ptr<File>(std::move(*file));
}

Result<FileSystem::Space> PosixFileSystem::space(const std::string& path) {
  struct statvfs info;
  if (retry([&] { return ::statvfs(path.c_str(), &info); }) != 0) {
    return failure("statvfs", path, errno);
  }
  return Space{.free_bytes = info.f_bavail * info.f_frsize,
               .total_bytes = info.f_blocks * info.f_frsize};
}

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace keelson::io
