// A connected socket, with or without TLS inside, as a pipe of plaintext. The loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/socket.h"
#include "io/tls.h"
#include "peer/context.h"

namespace keelson::peer {

class Link {
 public:
  Link() = default;
  Link(io::Fd fd, std::unique_ptr<io::TlsSession> tls) : fd_(std::move(fd)), tls_(std::move(tls)) {}

  enum class State { kGood, kEnded, kFailed };
  // One read of the socket. `plain` is what came out of it and stays valid until the next call with
  // this context. TLS handshakes go on by themselves; call flush() afterwards.
  State receive(Context& context, std::string_view& plain);
  // Starts a handshake as the side that speaks first.
  void hello();
  bool handshaking() const;

  void write(std::string_view plain);
  bool flush();  // false: broken
  size_t pending() const { return output_.size() - written_; }
  bool wants_write() const { return pending() > 0; }

  int fd() const { return fd_.get(); }
  bool valid() const { return fd_.valid(); }
  bool encrypted() const { return tls_ != nullptr; }
  const io::TlsSession* tls() const { return tls_.get(); }
  std::string failure() const;  // why receive() failed
  void close() { fd_.reset(); }
  // Hands over what it owns, for a user of its own; nothing may be pending.
  io::Fd take_fd() { return std::move(fd_); }
  std::unique_ptr<io::TlsSession> take_tls() { return std::move(tls_); }

 private:
  State decrypt(Context& context, std::string_view cipher, std::string_view& plain);

  io::Fd fd_;
  std::unique_ptr<io::TlsSession> tls_;
  std::string output_;  // for the socket
  size_t written_ = 0;
  int error_ = 0;
};

}  // namespace keelson::peer
