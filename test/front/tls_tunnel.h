// TLS between a client that talks plaintext on a socket pair and a server's socket; pumped by the
// test.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "io/socket.h"
#include "io/tls_certs.h"

namespace keelson::front::test {

class TlsTunnel {
 public:
  TlsTunnel(io::Fd server, const io::test::TlsClient::Options& options)
      : server_(std::move(server)), tls_(options) {
    int fds[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    plain_ = io::Fd(fds[0]);
    client_ = io::Fd(fds[1]);
  }

  // The client's end, once.
  io::Fd take_client() { return std::move(client_); }

  void pump() {
    if (!plain_.valid()) return;
    tls_.feed(receive(server_, server_closed_));
    tls_.step();
    if (tls_.open()) {
      to_client_ += tls_.read();
      bool client_closed = false;
      const std::string bytes = receive(plain_, client_closed);
      if (!bytes.empty()) tls_.write(bytes);
    }
    to_server_ += tls_.take();
    send(server_, to_server_);
    send(plain_, to_client_);
    if (closed() && to_client_.empty()) plain_.reset();
  }

  bool closed() const { return server_closed_ || tls_.failed() || tls_.ended(); }
  bool server_closed() const { return server_closed_; }
  const io::test::TlsClient& tls() const { return tls_; }
  int server_fd() const { return server_.get(); }

 private:
  static std::string receive(const io::Fd& fd, bool& closed) {
    std::string out;
    char buffer[16384];
    for (;;) {
      const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN)) closed = true;
      if (n <= 0) return out;
      out.append(buffer, static_cast<size_t>(n));
    }
  }
  static void send(const io::Fd& fd, std::string& bytes) {
    if (bytes.empty()) return;
    const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) bytes.erase(0, static_cast<size_t>(n));
  }

  io::Fd server_, plain_, client_;
  io::test::TlsClient tls_;
  std::string to_server_, to_client_;
  bool server_closed_ = false;
};

}  // namespace keelson::front::test
