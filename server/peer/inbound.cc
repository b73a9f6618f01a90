#include "peer/inbound.h"

#include <sys/epoll.h>

#include <ctime>

#include "base/check.h"
#include "io/http1.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

std::string date_text(std::chrono::nanoseconds wall) {
  const time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(wall).count();
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
}

}  // namespace

Answer error_answer(int status, std::string_view text) {
  return {status,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
          std::string(text) + "\n"};
}

Inbound::Inbound(Context& context, RouteOwner& owner, uint64_t id, io::Fd fd, std::string peer,
                 std::unique_ptr<io::TlsSession> tls)
    : context_(context),
      owner_(owner),
      id_(id),
      peer_(std::move(peer)),
      link_(std::move(fd), std::move(tls)),
      parser_(io::Http1Stream::Kind::kRequests, limits::kHeaderBytes) {}

Inbound::~Inbound() { CHECK(closed_); }

void Inbound::start() {
  watched_ = EPOLLIN;
  context_.loop.add(link_.fd(), watched_, this);
  handshaken_ = !link_.encrypted();
  wait(handshaken_ ? Duration(limits::kIdle) : Duration(limits::kHandshake));
}

void Inbound::on_ready(uint32_t epoll_events) {
  const auto self = shared_from_this();
  if (closed_) return;
  if ((epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    std::string_view plain;
    const Link::State state = link_.receive(context_, plain);
    input_ += plain;
    if (state == Link::State::kFailed) {
      (void)link_.flush();  // the alert
      if (!handshaken_) {
        context_.log.warn("rejected connection on peer endpoint",
                          {{"remote-addr", peer_}, {"error", link_.failure()}});
      }
      return close();
    }
    if (state == Link::State::kEnded) return close();
    if (!handshaken_ && !link_.handshaking()) handshaken();
  }
  advance();
  flush();
}

void Inbound::handshaken() {
  handshaken_ = true;
  checking_ = true;
  owner_.check_certificate(*this, [weak = weak_from_this()](bool ok) {
    const auto self = weak.lock();
    if (!self || self->closed_) return;
    self->checking_ = false;
    if (!ok) return self->close();
    self->wait(limits::kIdle);
    self->advance();
    self->flush();
  });
}

void Inbound::advance() {
  if (advancing_) return;  // an answer that came at once; the loop below goes on
  advancing_ = true;
  while (!closed_ && handshaken_ && !checking_ && !busy_ && !paused_ && !closing_) {
    if (!consume()) break;
  }
  advancing_ = false;
  if (paused_) wait(limits::kSnapshotStall);
}

// One step of the parser; false: nothing more to do now.
bool Inbound::consume() {
  if (input_.empty()) return false;
  wait(limits::kIdle);
  const std::string taken = std::exchange(input_, {});
  std::string_view rest = taken;
  const io::Http1Stream::Step step = parser_.feed(rest);
  input_ = rest;
  if (step == io::Http1Stream::Step::kFailed) {
    keep_alive_ = false;
    const int status = parser_.error_status();
    send(error_answer(status,
                      status == 431 ? "431 Request Header Fields Too Large" : "400 Bad Request"));
    return false;
  }
  // The views point into `taken`.
  for (const std::string_view piece : parser_.body()) {
    if (!take_body(piece)) return false;
  }
  if (step == io::Http1Stream::Step::kHead) begin_request();
  if (step == io::Http1Stream::Step::kEnd) end_request();
  return !closed_;
}

void Inbound::begin_request() {
  turn_++;
  keep_alive_ = parser_.head().keep_alive;
  body_.clear();
  discarded_ = 0;
  in_body_ = true;
  plan_ = owner_.plan(parser_.head(), *this);
  if (plan_.kind == Plan::Kind::kAnswer) {
    send(plan_.answer);
  } else if (parser_.head().wants_continue && plan_.kind != Plan::Kind::kStream) {
    link_.write(io::kHttp1Continue);
  }
}

// False: the connection cannot go on.
bool Inbound::take_body(std::string_view bytes) {
  if (plan_.kind == Plan::Kind::kSink) {
    const auto sink = plan_.sink;
    if (!sink->take(bytes)) paused_ = true;
    return true;
  }
  if (plan_.kind == Plan::Kind::kBody) {
    if (body_.size() + bytes.size() <= plan_.body_bytes) {
      body_ += bytes;
      return true;
    }
    send(plan_.too_large.empty() ? error_answer(400, plan_.unreadable)
                                 : error_answer(413, plan_.too_large));
    plan_.kind = Plan::Kind::kAnswer;
  }
  // An answered request goes on for a while: the sender reads the answer when it has written.
  discarded_ += bytes.size();
  if (discarded_ <= limits::kDiscardBytes) return true;
  close();
  return false;
}

void Inbound::end_request() {
  in_body_ = false;
  switch (plan_.kind) {
    case Plan::Kind::kAnswer:
      closing_ = !keep_alive_;
      break;
    case Plan::Kind::kBody:
      busy_ = true;
      wait(limits::kPage);
      owner_.serve(parser_.head(), std::exchange(body_, {}), *this, turn_);
      break;
    case Plan::Kind::kSink:
      busy_ = true;
      wait(limits::kSnapshotReply);
      plan_.sink->end();
      break;
    case Plan::Kind::kStream:
      hand_over();
      break;
  }
}

void Inbound::hand_over() {
  if (link_.pending() > 0 && !link_.flush()) return close();
  if (link_.pending() > 0) return close();  // answers before it are not even read
  context_.loop.remove(link_.fd());
  context_.loop.cancel(std::exchange(timer_, 0));
  watched_ = 0;
  closed_ = true;
  owner_.attach(parser_.head(), link_.take_fd(), link_.take_tls());
  owner_.gone(id_);
}

void Inbound::answer(uint64_t turn, const Answer& answer) {
  if (closed_ || turn != turn_) return;
  const auto self = shared_from_this();
  busy_ = paused_ = false;
  if (answer.cut) keep_alive_ = false;
  send(answer);
  // The rest of a body that is not wanted any more is dropped.
  plan_ = Plan();
  wait(limits::kIdle);
  advance();
  flush();
}

void Inbound::resume() {
  const auto self = shared_from_this();
  paused_ = false;
  advance();
  flush();
}

void Inbound::send(const Answer& answer) {
  Headers headers = answer.headers;
  headers.emplace_back("Date", date_text(context_.clock.wall()));
  if (answer.status != 204)
    headers.emplace_back("Content-Length", std::to_string(answer.body.size()));
  if (!keep_alive_) headers.emplace_back("Connection", "close");
  link_.write(io::http1_head(answer.status, headers) + answer.body);
  closing_ = !keep_alive_ && (!in_body_ || answer.cut);
  if (!keep_alive_ && parser_.error_status() != 0) closing_ = true;
}

void Inbound::flush() {
  if (closed_) return;
  if (!link_.flush()) return close();
  if (closing_ && link_.pending() == 0) return close();
  watch();
}

// While a request is answered or its body has nowhere to go, the peer's bytes stay in the kernel.
void Inbound::watch() {
  const bool reads = !busy_ && !paused_ && !checking_ && !closing_;
  const uint32_t wanted = (reads ? static_cast<uint32_t>(EPOLLIN) : 0u) |
                          (link_.wants_write() ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  if (wanted == watched_) return;
  watched_ = wanted;
  context_.loop.modify(link_.fd(), wanted);
}

void Inbound::wait(Duration time) {
  context_.loop.cancel(timer_);
  timer_ = context_.loop.call_at(context_.loop.now() + time, [this] {
    timer_ = 0;
    const auto self = shared_from_this();
    close();
  });
}

void Inbound::close() {
  if (closed_) return;
  closed_ = true;
  plan_ = Plan();
  context_.loop.cancel(std::exchange(timer_, 0));
  context_.loop.remove(link_.fd());
  link_.close();
  owner_.gone(id_);
}

}  // namespace keelson::peer
