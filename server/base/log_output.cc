#include "base/log_output.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"

namespace keelson {
namespace {

// Gives up on an error other than an interruption: a log line is never worth waiting for a broken
// pipe.
void write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    data.remove_prefix(static_cast<size_t>(n));
  }
}

class FdOutput final : public LogOutput {
 public:
  explicit FdOutput(int fd) : fd_(fd) {}
  void write(LogLevel, std::string_view line) override { write_all(fd_, line); }

 private:
  const int fd_;
};

constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

// syslog's numbers.
int priority(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 7;
    case LogLevel::kInfo:
      return 6;
    case LogLevel::kWarn:
      return 4;
    case LogLevel::kError:
      return 3;
    default:
      return 2;
  }
}

class JournalOutput final : public LogOutput {
 public:
  JournalOutput() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~JournalOutput() override {
    if (fd_ >= 0) ::close(fd_);
  }
  JournalOutput(const JournalOutput&) = delete;
  JournalOutput& operator=(const JournalOutput&) = delete;

  void write(LogLevel level, std::string_view line) override {
    if (!send(level, line)) write_all(STDERR_FILENO, line);
  }

 private:
  // The journal's own protocol: NAME=value lines; a value with newlines is preceded by its length.
  bool send(LogLevel level, std::string_view line) const {
    if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    std::string message =
        "PRIORITY=" + std::to_string(priority(level)) + "\nSYSLOG_IDENTIFIER=etcd\nMESSAGE\n";
    put_u64le(message, line.size());
    message.append(line).append("\n");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, kJournalSocket, sizeof kJournalSocket);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    return ::sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL, to, sizeof address) >= 0;
  }

  const int fd_;
};

}  // namespace

std::unique_ptr<LogOutput> make_fd_output(int fd) { return std::make_unique<FdOutput>(fd); }
std::unique_ptr<LogOutput> make_journal_output() { return std::make_unique<JournalOutput>(); }

}  // namespace keelson
