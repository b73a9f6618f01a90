#include "ctl/metrics_fetch.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace keelson::ctl {
namespace {

constexpr size_t kPageBytesMax = 16 * 1024 * 1024;
constexpr time_t kSocketTimeoutS = 10;

Failure fetch_error(const std::string& why) { return {kExitError, "fetch error: " + why}; }

// A connected socket that closes itself.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int connect_to(const std::string& host, const std::string& port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  timeval limit = {kSocketTimeoutS, 0};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    int fd = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
    if (fd < 0) continue;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd, each->ai_addr, each->ai_addrlen) == 0) return fd;
    ::close(fd);
  }
  return -1;
}

// Asks with HTTP/1.0, so that the answer simply ends with the connection.
Result<std::string> get_page(int fd, const std::string& authority) {
  std::string request = "GET /metrics HTTP/1.0\r\nHost: " + authority + "\r\n\r\n";
  ssize_t sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return fetch_error(std::strerror(errno));
  std::string page;
  std::array<char, 65536> buffer;
  while (page.size() < kPageBytesMax) {
    ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count < 0) return fetch_error(std::strerror(errno));
    if (count == 0) return page;
    page.append(buffer.data(), static_cast<size_t>(count));
  }
  return fetch_error("the page is too large");
}

}  // namespace

Result<double> find_metric(std::string_view page, std::string_view name) {
  while (!page.empty()) {
    std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(line.size() + 1, page.size()));
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ' ') continue;
    std::string value(line.substr(name.size() + 1));
    char* end = nullptr;
    double number = std::strtod(value.c_str(), &end);
    if (end != value.c_str()) return number;
  }
  return Failure{kExitError, "could not find: " + std::string(name)};
}

Result<double> fetch_resident_bytes(const std::string& endpoint) {
  std::string authority = endpoint;
  if (endpoint.starts_with("https://") || endpoint.starts_with("unixs:")) {
    return fetch_error("metrics are only read over plain HTTP");
  }
  if (endpoint.starts_with("http://")) authority = endpoint.substr(7);
  size_t colon = authority.rfind(':');
  if (colon == std::string::npos) return fetch_error("no port in " + endpoint);
  std::string host = authority.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  Socket socket(connect_to(host, authority.substr(colon + 1)));
  if (socket.fd() < 0) return fetch_error("cannot connect to " + endpoint);
  Result<std::string> page = get_page(socket.fd(), authority);
  if (!page.ok()) return page.failure();
  return find_metric(*page, "process_resident_memory_bytes");
}

}  // namespace keelson::ctl
