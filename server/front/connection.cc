#include "front/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/check.h"
#include "front/front_limits.h"
#include "front/h1_session.h"
#include "front/h2_session.h"

namespace keelson::front {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr char kTlsHandshakeRecord = 22;

// Whether the first line is `METHOD TARGET HTTP/1.x`; not decided before its end. etcd closes a
// cleartext connection that begins with anything else without a word, and an answer in HTTP/1.1
// would make no sense to who spoke neither.
std::optional<bool> begins_http1(std::string_view bytes) {
  const size_t end = bytes.substr(0, limits::kHttp1FirstLineBytes).find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() < limits::kHttp1FirstLineBytes) return std::nullopt;
    return false;
  }
  std::string_view line = bytes.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  return second != std::string_view::npos && line.substr(second + 1).starts_with("HTTP/1.");
}

}  // namespace

Connection::Connection(LoopContext& context, ConnectionOwner& owner, io::Fd fd, std::string peer,
                       Port port, io::TlsServer* tls)
    : context_(context),
      owner_(owner),
      fd_(std::move(fd)),
      peer_(std::move(peer)),
      port_(port),
      tls_server_(tls) {
  CHECK(port.plain || tls != nullptr);
  watched_ = EPOLLIN;
  context_.loop.add(fd_.get(), watched_, this);
  const Duration patience = port.secure ? limits::kHandshakeTime : limits::kPrefaceTime;
  context_.connection_timers.set(*this, context_.loop.now() + patience);
}

Connection::~Connection() { close(); }

void Connection::close() {
  if (!fd_.valid()) return;
  context_.connection_timers.clear(*this);
  context_.loop.remove(fd_.get());
  fd_.reset();
  if (session_) session_->closed();
  owner_.closed(*this);
}

void Connection::on_time(TimePoint) { close(); }

std::string_view Connection::certificate_name() const {
  return tls_ ? tls_->certificate_name() : std::string_view();
}

void Connection::watch(uint32_t epoll_events) {
  if (epoll_events == watched_) return;
  watched_ = epoll_events;
  context_.loop.modify(fd_.get(), watched_);
}

void Connection::pause_input(bool paused) {
  watch(paused ? watched_ & ~uint32_t{EPOLLIN} : watched_ | uint32_t{EPOLLIN});
}

void Connection::wants_flush() {
  if (!std::exchange(flush_queued_, true)) owner_.queue_flush(*this);
}

// --- input --------------------------------------------------------------------------------------

void Connection::on_ready(uint32_t epoll_events) {
  if ((epoll_events & (EPOLLERR | EPOLLHUP)) != 0) return close();
  if ((epoll_events & EPOLLOUT) != 0) wants_flush();
  if ((epoll_events & EPOLLIN) != 0) receive();
}

void Connection::receive() {
  // The socket stays readable: the handshake gets its chance in the next turn.
  const bool handshaking = tls_ ? tls_->state() == io::TlsSession::State::kHandshake
                                : tls_server_ != nullptr && !session_;
  if (handshaking && !owner_.handshake_allowed()) return;
  char* const buffer = owner_.receive_buffer();
  const ssize_t n = ::recv(fd_.get(), buffer, limits::kReceiveBytes, 0);
  if (n > 0) return input({buffer, static_cast<size_t>(n)});
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const bool waits = n == 0 && session_ && !lingering_ && session_->input_end();
  if (!waits) return close();
  watch(watched_ & ~uint32_t{EPOLLIN});
  wants_flush();
}

void Connection::input(std::string_view bytes) {
  if (!tls_ && port_.secure && !session_ && early_.empty()) {
    const bool looks_like_tls = bytes[0] == kTlsHandshakeRecord;
    if (looks_like_tls || !port_.plain) tls_ = tls_server_->begin();
  }
  tls_ ? input_tls(bytes) : input_plain(bytes);
}

void Connection::input_plain(std::string_view bytes) {
  if (session_) return session_input(bytes);
  early_.append(bytes);
  if (!choose_session(early_)) return;
  const std::string early = std::exchange(early_, {});
  if (session_) {
    session_input(early);
  } else {
    close();
  }
}

void Connection::session_input(std::string_view bytes) {
  if (lingering_ || session_->failed()) return;
  // The preface is here; from now on the session minds the time.
  if (timer_set()) context_.connection_timers.clear(*this);
  session_->input(bytes);
}

// True when it is decided; no session then means that nobody speaks that here.
bool Connection::choose_session(std::string_view bytes) {
  const std::string_view seen = bytes.substr(0, kPreface.size());
  if (!port_.http) {
    // Whatever it is: the answer to what is not HTTP/2 is a SETTINGS frame and a close, as in etcd.
    begin_h2();
  } else if (kPreface.starts_with(seen)) {
    if (seen.size() < kPreface.size()) return false;
    if (port_.grpc) begin_h2();
  } else {
    const std::optional<bool> http1 = begins_http1(bytes);
    if (!http1) return false;
    if (*http1) begin_http1();
  }
  return true;
}

void Connection::begin_h2() {
  const bool one_server = secure() && port_.http;  // gRPC and HTTP behind Go's HTTP server
  H2Session::Rules rules;
  rules.grpc = port_.grpc;
  rules.not_grpc = one_server || !port_.grpc ? NotGrpc::kHttp : NotGrpc::kRefuse;
  rules.police_pings = !one_server;
  session_ = std::make_unique<H2Session>(context_, *this, rules);
}

void Connection::begin_http1() { session_ = std::make_unique<H1Session>(context_, *this); }

void Connection::choose_by_alpn() {
  if (tls_->alpn() == "h2") {
    begin_h2();
  } else if (port_.http) {
    begin_http1();
  }
}

void Connection::input_tls(std::string_view bytes) {
  std::string& cipher = owner_.cipher_scratch();
  tls_->feed(bytes);
  if (tls_->state() == io::TlsSession::State::kHandshake) {
    const TimePoint before = context_.clock.now();
    const auto state = tls_->handshake(cipher);
    owner_.handshake_used(context_.clock.now() - before);
    if (state == io::TlsSession::State::kOpen) {
      choose_by_alpn();
      context_.connection_timers.set(*this, context_.loop.now() + limits::kPrefaceTime);
    }
  }
  const bool open = tls_->state() == io::TlsSession::State::kOpen && session_ != nullptr;
  while (open) {
    const size_t n = tls_->read(owner_.record_buffer(), limits::kTlsRecordBytes, cipher);
    if (n == 0) break;
    session_input({owner_.record_buffer(), n});
  }
  if (tls_->state() == io::TlsSession::State::kFailed && !session_) {
    context_.log.warn(
        "rejected connection on client endpoint",
        {{"remote-addr", peer_}, {"server-name", tls_->server_name()}, {"error", tls_->failure()}});
  }
  const bool over = tls_->state() == io::TlsSession::State::kFailed || tls_->ended() ||
                    (tls_->state() == io::TlsSession::State::kOpen && !session_);
  if (fd_.valid() && !cipher.empty()) (void)send(cipher);
  cipher.clear();
  if (fd_.valid() && over) close();
}

// --- output -------------------------------------------------------------------------------------

bool Connection::send(std::string_view bytes) {
  if (!pending_.empty()) {
    pending_.append(bytes);
    return true;
  }
  const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    close();
    return false;
  }
  const size_t taken = n < 0 ? 0 : static_cast<size_t>(n);
  if (taken == bytes.size()) return true;
  pending_.assign(bytes.substr(taken));
  pending_sent_ = 0;
  watch(watched_ | uint32_t{EPOLLOUT});
  return true;
}

// False while the socket does not take what is left, or when the connection died.
bool Connection::send_pending() {
  if (pending_.empty()) return true;
  const ssize_t n = ::send(fd_.get(), pending_.data() + pending_sent_,
                           pending_.size() - pending_sent_, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return false;
  }
  pending_sent_ += static_cast<size_t>(n);
  if (pending_sent_ < pending_.size()) return false;
  std::string().swap(pending_);
  pending_sent_ = 0;
  watch(watched_ & ~uint32_t{EPOLLOUT});
  return true;
}

void Connection::flush() {
  flush_queued_ = false;
  if (!fd_.valid() || lingering_) return;
  // Without this a peer that does not read would keep its connection, and its calls, for good: the
  // goodbye waits behind what the socket does not take.
  if (session_ && session_->failed() && !timer_set())
    context_.connection_timers.set(*this, context_.loop.now() + limits::kLingerTime);
  if (!send_pending() || !session_) return;
  std::string& plain = owner_.plain_scratch();
  size_t sent = 0;
  while (sent < limits::kOutputTurnBytes && pending_.empty()) {
    plain.clear();
    session_->output(plain, limits::kOutputPieceBytes);
    if (plain.empty()) break;
    sent += plain.size();
    if (!send_plain(plain)) return;
  }
  if (!pending_.empty()) return;  // EPOLLOUT brings us back
  if (sent >= limits::kOutputTurnBytes) {
    wants_flush();
    context_.loop.wake();
  } else if (session_->finished()) {
    linger();
  }
}

void Connection::linger() {
  if (std::exchange(lingering_, true)) return;
  session_->closed();  // what still runs has nobody to answer
  if (tls_) {
    std::string& cipher = owner_.cipher_scratch();
    tls_->end(cipher);
    const bool alive = send(cipher);
    cipher.clear();
    if (!alive) return;
  }
  ::shutdown(fd_.get(), SHUT_WR);
  watch(EPOLLIN);
  context_.connection_timers.set(*this, context_.loop.now() + limits::kLingerTime);
}

bool Connection::send_plain(std::string_view plain) {
  if (!tls_) return send(plain);
  std::string& cipher = owner_.cipher_scratch();
  const bool fine = tls_->write(plain, cipher) && send(cipher);
  cipher.clear();
  if (!fine && fd_.valid()) close();
  return fine;
}

void Connection::drain() {
  const bool graceful = session_ && !(secure() && port_.http);
  if (!graceful) return close();
  session_->drain();
  wants_flush();
}

}  // namespace keelson::front
