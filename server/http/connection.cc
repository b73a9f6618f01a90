#include "http/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace keelson::http {
namespace {

constexpr size_t kReadBytes = 16 * 1024;
// Plaintext that waits behind a request being answered; a peer that sends more is closed.
constexpr size_t kInputBytesMax = 256 * 1024;
constexpr std::chrono::seconds kIdle{180};  // longer than the usual scrape intervals
// A page that asks the node. The node's own limit is 7 s; behind it the node itself is stuck.
constexpr std::chrono::seconds kAnswer{10};
constexpr std::chrono::seconds kWrite{30};

}  // namespace

Connection::Connection(ConnectionOwner& owner, uint64_t id, io::Fd fd,
                       std::unique_ptr<io::TlsSession> tls)
    : owner_(owner), id_(id), fd_(std::move(fd)), tls_(std::move(tls)) {
  watched_ = EPOLLIN;
  owner_.loop().add(fd_.get(), watched_, this);
  wait_for(kAnswer, false);
}

Connection::~Connection() {
  owner_.loop().cancel(timer_);
  if (!closed_) owner_.loop().remove(fd_.get());
}

void Connection::on_ready(uint32_t epoll_events) {
  if (closed_) return;
  if ((epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !receive()) return close();
  advance();
  flush();
}

bool Connection::receive() {
  char buffer[kReadBytes];
  const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  const std::string_view bytes(buffer, static_cast<size_t>(n));
  if (tls_) return decrypt(bytes);
  input_ += bytes;
  return input_.size() <= kInputBytesMax;
}

bool Connection::decrypt(std::string_view bytes) {
  tls_->feed(bytes);
  if (tls_->state() == io::TlsSession::State::kHandshake) tls_->handshake(output_);
  char buffer[kReadBytes];
  while (tls_->state() == io::TlsSession::State::kOpen && input_.size() <= kInputBytesMax) {
    const size_t n = tls_->read(buffer, sizeof buffer, output_);
    if (n == 0) break;
    input_.append(buffer, n);
  }
  const bool good = tls_->state() != io::TlsSession::State::kFailed && !tls_->ended();
  if (!good) flush();  // the alert
  return good && input_.size() <= kInputBytesMax;
}

void Connection::advance() {
  while (!busy_ && !closing_ && !closed_) {
    Request request;
    const H1Reader::State state = reader_.next(input_, request);
    if (state == H1Reader::State::kMore) return;
    keep_alive_ = reader_.keep_alive();
    head_ = request.method == "HEAD";
    if (state == H1Reader::State::kBad) {
      const int status = reader_.bad_status();
      send(error_response(
          status, status == 431 ? "431 Request Header Fields Too Large" : "400 Bad Request"));
    } else {
      begin(request);
    }
  }
}

void Connection::begin(const Request& request) {
  busy_ = true;
  wait_for(kAnswer, true);
  owner_.serve(id_, ++turn_, request);
}

void Connection::answer(uint64_t turn, Response&& response) {
  if (!busy_ || turn != turn_ || closed_) return;
  send(response);
  advance();
  flush();
}

void Connection::send(const Response& response) {
  busy_ = false;
  const std::string text = h1_response(response, head_, keep_alive_, owner_.clock().wall());
  if (tls_) {
    tls_->write(text, output_);
    if (!keep_alive_) tls_->end(output_);
  } else {
    output_ += text;
  }
  closing_ = !keep_alive_;
}

void Connection::flush() {
  if (closed_) return;
  while (!output_.empty()) {
    const ssize_t n = ::send(fd_.get(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) return close();
    output_.erase(0, static_cast<size_t>(n));
  }
  if (output_.empty() && closing_) return close();
  if (!busy_) wait_for(output_.empty() ? Duration(kIdle) : Duration(kWrite), false);
  watch();
}

void Connection::watch() {
  const uint32_t wanted = EPOLLIN | (output_.empty() ? 0u : static_cast<uint32_t>(EPOLLOUT));
  if (wanted == watched_) return;
  watched_ = wanted;
  owner_.loop().modify(fd_.get(), wanted);
}

void Connection::wait_for(Duration time, bool answering) {
  owner_.loop().cancel(timer_);
  timer_ = owner_.loop().call_at(owner_.loop().now() + time, [this, answering] {
    timer_ = 0;
    if (!answering) return close();
    const uint64_t turn = turn_;
    answer(turn, error_response(503, "context deadline exceeded"));
  });
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  owner_.loop().remove(fd_.get());
  owner_.gone(id_);
}

}  // namespace keelson::http
