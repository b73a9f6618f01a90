#include "ctl/snapshot_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace keelson::ctl {
namespace {

constexpr size_t kSumBytes = 32;
// The database is a whole number of pages, so that a rest of 32 tells of a sum behind it.
constexpr uint64_t kSectorBytes = 512;
constexpr mode_t kPrivate = 0600;

std::string error_text(int error) {
  std::string text = std::strerror(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

Failure interrupted(std::string text) { return {kExitInterrupted, std::move(text)}; }

bool sync_directory_of(const std::string& path) {
  size_t slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace

struct SnapshotFile::Sum {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Sum() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~Sum() { EVP_MD_CTX_free(context); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context, bytes.data(), bytes.size()); }
  std::string value() {
    std::array<unsigned char, kSumBytes> out;
    EVP_DigestFinal_ex(context, out.data(), nullptr);
    return {reinterpret_cast<char*>(out.data()), out.size()};
  }
};

SnapshotFile::SnapshotFile(std::string path, int fd)
    : path_(std::move(path)), part_path_(path_ + ".part"), fd_(fd), sum_(std::make_unique<Sum>()) {}

SnapshotFile::~SnapshotFile() {
  if (fd_ >= 0) ::close(fd_);
  ::unlink(part_path_.c_str());  // gone already after publish()
}

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::create(const std::string& path) {
  std::string part = path + ".part";
  int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPrivate);
  if (fd < 0) {
    return interrupted("could not open " + part + " (open " + part + ": " + error_text(errno) +
                       ")");
  }
  return std::unique_ptr<SnapshotFile>(new SnapshotFile(path, fd));
}

Status SnapshotFile::fail(const std::string& what) const {
  return interrupted(what + ": " + error_text(errno));
}

Status SnapshotFile::append(std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail("could not write snapshot: write " + part_path_);
    done += static_cast<size_t>(count);
  }
  size_ += bytes.size();
  tail_ += bytes;
  if (tail_.size() > kSumBytes) {
    sum_->add(std::string_view(tail_).substr(0, tail_.size() - kSumBytes));
    tail_.erase(0, tail_.size() - kSumBytes);
  }
  return {};
}

Status SnapshotFile::check_and_sync() {
  if (size_ % kSectorBytes != kSumBytes) {
    return interrupted("sha256 checksum not found [bytes: " + std::to_string(size_) + "]");
  }
  if (sum_->value() != tail_) return interrupted("snapshot does not match its sha256 checksum");
  if (::fsync(fd_) != 0) return fail("could not fsync snapshot: sync " + part_path_);
  int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) return fail("could not close file descriptor: close " + part_path_);
  return {};
}

Status SnapshotFile::publish() {
  std::string both = part_path_ + " to " + path_;
  if (std::rename(part_path_.c_str(), path_.c_str()) != 0) {
    return interrupted("could not rename " + both + " (rename " + part_path_ + " " + path_ + ": " +
                       error_text(errno) + ")");
  }
  if (!sync_directory_of(path_)) return fail("could not fsync the folder of " + path_);
  return {};
}

}  // namespace keelson::ctl
