#include "peer/link.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "peer/peer_limits.h"

namespace keelson::peer {

Link::State Link::receive(Context& context, std::string_view& plain) {
  plain = {};
  const ssize_t n =
      ::recv(fd_.get(), context.cipher_scratch.data(), context.cipher_scratch.size(), 0);
  if (n == 0) return State::kEnded;
  if (n < 0) {
    error_ = errno;
    return error_ == EAGAIN || error_ == EINTR ? State::kGood : State::kFailed;
  }
  const std::string_view bytes(context.cipher_scratch.data(), static_cast<size_t>(n));
  if (tls_) return decrypt(context, bytes, plain);
  plain = bytes;
  return State::kGood;
}

// Plaintext is never longer than the ciphertext it came from, plus what was kept of the last
// record.
Link::State Link::decrypt(Context& context, std::string_view cipher, std::string_view& plain) {
  std::vector<char>& buffer = context.plain_scratch;
  tls_->feed(cipher);
  if (tls_->state() == io::TlsSession::State::kHandshake) tls_->handshake(output_);
  size_t size = 0;
  while (tls_->state() == io::TlsSession::State::kOpen) {
    if (size == buffer.size()) buffer.resize(buffer.size() * 2);
    const size_t n = tls_->read(buffer.data() + size, buffer.size() - size, output_);
    if (n == 0) break;
    size += n;
  }
  plain = {buffer.data(), size};
  if (tls_->state() == io::TlsSession::State::kFailed) return State::kFailed;
  return tls_->ended() ? State::kEnded : State::kGood;
}

void Link::hello() {
  if (tls_) tls_->handshake(output_);
}

bool Link::handshaking() const {
  return tls_ && tls_->state() == io::TlsSession::State::kHandshake;
}

void Link::write(std::string_view plain) {
  if (tls_) {
    tls_->write(plain, output_);
  } else {
    output_ += plain;
  }
}

bool Link::flush() {
  while (pending() > 0) {
    const ssize_t n = ::send(fd_.get(), output_.data() + written_, pending(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) {
      error_ = errno;
      return false;
    }
    written_ += static_cast<size_t>(n);
  }
  output_.clear();
  written_ = 0;
  return true;
}

std::string Link::failure() const {
  if (tls_ && tls_->state() == io::TlsSession::State::kFailed) return "tls: " + tls_->failure();
  return error_ == 0 ? "connection closed" : std::strerror(error_);
}

}  // namespace keelson::peer
