// Stream sockets: listening, accepting, addresses. All descriptors are non-blocking and
// close-on-exec.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/status.h"

namespace keelson::io {

// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

struct ListenOptions {
  bool reuse_port = false;  // several processes may listen on one address
  int backlog = 4096;
};

// Binds and listens. `host` is an address ("0.0.0.0" is IPv4 only, "::" and "" take both families)
// or a name, of which the first address counts, IPv4 before IPv6. Port 0 lets the kernel choose.
// The error text is Go's: "listen tcp 127.0.0.1:2379: bind: address already in use".
Result<Fd> listen_tcp(const std::string& host, uint16_t port, const ListenOptions& options = {});

// A socket file that is left over is removed first, as etcd does it. Whoever listens removes it at
// the end.
Result<Fd> listen_unix(const std::string& path);

// The next connection of a listener, ready for use (no delay, keep-alive), and its address in text:
// "10.0.0.1:4711", "[::1]:4711", "@" for a unix socket. Invalid fd when none waits or accept
// failed; `error` then holds errno (EAGAIN: none waits).
struct Accepted {
  Fd fd;
  std::string peer;
  int error = 0;
};
Accepted accept_next(int listener);

// The port a TCP listener is bound to; 0 for other kinds.
uint16_t bound_port(int listener);
// "127.0.0.1:2379", "[::]:2379", or the path of a unix socket.
std::string bound_address(int listener);

}  // namespace keelson::io
