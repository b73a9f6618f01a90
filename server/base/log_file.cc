// Log files with rotation by size. Old files are named NAME-2006-01-02T15-04-05.000.EXT (plus .gz)
// and are pruned by number and age, as etcd's operators know it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "base/log_format.h"
#include "base/log_output.h"

namespace keelson {
namespace {

namespace fs = std::filesystem;

constexpr size_t kStampSize = sizeof("2006-01-02T15-04-05.000") - 1;
constexpr size_t kCopyChunkBytes = 64 * 1024;

std::string stamp_text(std::chrono::nanoseconds wall, bool local_time) {
  const int64_t millis = std::chrono::floor<std::chrono::milliseconds>(wall).count();
  const time_t seconds = millis / 1000 + (local_time ? local_utc_offset(wall) : 0);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%S", &parts);
  std::snprintf(text + n, sizeof text - n, ".%03d", static_cast<int>(millis % 1000));
  return text;
}

// The time a stamp says, as seconds of the clock it was written with; negative when it is none.
int64_t stamp_seconds(const std::string& stamp) {
  tm parts{};
  if (stamp.size() != kStampSize) return -1;
  const char* end = strptime(stamp.c_str(), "%Y-%m-%dT%H-%M-%S", &parts);
  if (end == nullptr || *end != '.') return -1;
  return timegm(&parts);
}

// Copies `from` into a gzip file beside it and removes it. A failure leaves `from` alone.
void compress(const fs::path& from) {
  std::error_code ignored;
  const std::string to = from.string() + ".gz";
  FILE* in = std::fopen(from.c_str(), "rbe");
  if (in == nullptr) return;
  const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  gzFile out = fd < 0 ? nullptr : gzdopen(fd, "wb");
  if (fd >= 0 && out == nullptr) ::close(fd);
  bool good = out != nullptr;
  std::string chunk(kCopyChunkBytes, '\0');
  while (good) {
    const size_t n = std::fread(chunk.data(), 1, chunk.size(), in);
    if (n == 0) break;
    good = gzwrite(out, chunk.data(), static_cast<unsigned>(n)) == static_cast<int>(n);
  }
  good = good && std::ferror(in) == 0;
  std::fclose(in);
  if (out != nullptr && gzclose(out) != Z_OK) good = false;
  fs::remove(good ? from : fs::path(to), ignored);
}

class FileOutput final : public LogOutput {
 public:
  FileOutput(fs::path path, const LogRotation& rotation, const Clock& clock)
      : path_(std::move(path)), rotation_(rotation), clock_(clock) {}
  ~FileOutput() override { close(); }
  FileOutput(const FileOutput&) = delete;
  FileOutput& operator=(const FileOutput&) = delete;

  Status open() {
    std::error_code ignored;
    if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), ignored);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd_ < 0)
      return Status(Code::kInternal, "open " + path_.string() + ": " + std::strerror(errno));
    struct stat info{};
    size_ = ::fstat(fd_, &info) == 0 ? info.st_size : 0;
    return Status();
  }

  void write(LogLevel, std::string_view line) override {
    const auto bytes = static_cast<int64_t>(line.size());
    if (rotation_.enabled && size_ > 0 && size_ + bytes > max_bytes()) rotate();
    size_ += bytes;
    while (!line.empty()) {
      const ssize_t n = ::write(fd_, line.data(), line.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      line.remove_prefix(static_cast<size_t>(n));
    }
  }

 private:
  struct Backup {
    fs::path path;
    std::string stamp;
  };

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  int64_t max_bytes() const { return std::max<int64_t>(rotation_.max_size_mb, 1) << 20; }

  void rotate() {
    const std::string stamp = stamp_text(clock_.wall(), rotation_.local_time);
    const std::string name = path_.stem().string() + "-" + stamp + path_.extension().string();
    std::error_code failed;
    fs::rename(path_, path_.parent_path() / name, failed);
    if (failed) return;  // goes on in the same file
    close();
    if (!open().ok()) return;
    prune();
  }

  // Old files of this log, newest first.
  std::vector<Backup> backups() const {
    std::vector<Backup> found;
    const std::string prefix = path_.stem().string() + "-";
    const std::string extension = path_.extension().string();
    const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
      std::string name = it->path().filename().string();
      if (name.ends_with(".gz")) name.resize(name.size() - 3);
      if (!name.starts_with(prefix) || !name.ends_with(extension)) continue;
      if (name.size() != prefix.size() + kStampSize + extension.size()) continue;
      std::string stamp = name.substr(prefix.size(), kStampSize);
      if (stamp_seconds(stamp) >= 0) found.push_back({it->path(), std::move(stamp)});
    }
    std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.stamp > b.stamp; });
    return found;
  }

  bool too_old(const Backup& backup) const {
    if (rotation_.max_age_days <= 0) return false;
    auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall()).count();
    if (rotation_.local_time) now += local_utc_offset(clock_.wall());
    return now - stamp_seconds(backup.stamp) > rotation_.max_age_days * 86400;
  }

  void prune() {
    int64_t kept = 0;
    std::error_code ignored;
    for (const Backup& backup : backups()) {
      const bool too_many = rotation_.max_backups > 0 && kept >= rotation_.max_backups;
      if (too_many || too_old(backup)) {
        fs::remove(backup.path, ignored);
        continue;
      }
      ++kept;
      if (rotation_.compress && backup.path.extension() != ".gz") compress(backup.path);
    }
  }

  const fs::path path_;
  const LogRotation rotation_;
  const Clock& clock_;
  int fd_ = -1;
  int64_t size_ = 0;
};

}  // namespace

Result<std::unique_ptr<LogOutput>> make_file_output(const std::string& path,
                                                    const LogRotation& rotation,
                                                    const Clock& clock) {
  auto output = std::make_unique<FileOutput>(path, rotation, clock);
  if (Status opened = output->open(); !opened.ok()) return opened;
  return std::unique_ptr<LogOutput>(std::move(output));
}

}  // namespace keelson
