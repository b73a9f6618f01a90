#include "peer/exchange.h"

#include <sys/epoll.h>

#include <cstdio>

#include "base/bytes.h"
#include "base/check.h"
#include "base/version.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

constexpr std::string_view kMinClusterVersion = "3.0.0";

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out.append(out.empty() ? "" : ",").append(text);
  return out;
}

}  // namespace

Headers raft_headers(const Identity& identity) {
  return {{"X-Server-From", hex(identity.member.value)},
          {"X-Server-Version", std::string(kEtcdVersion)},
          {"X-Min-Cluster-Version", std::string(kMinClusterVersion)},
          {"X-Etcd-Cluster-ID", hex(identity.cluster.value)},
          {"X-PeerURLs", joined(identity.peer_urls)}};
}

Exchange::~Exchange() { CHECK(step_ == Step::kNew || step_ == Step::kClosed); }

void Exchange::begin() {
  CHECK(step_ == Step::kNew);
  step_ = Step::kResolving;
  set_timer(limits::kDial, "i/o timeout");
  if (url_.tls && context_.tls_client == nullptr) {
    last_error_ = "no TLS is configured for peers";
  } else if (url_.is_unix) {
    auto address = io::unix_address(url_.host);
    if (address.ok()) addresses_ = {*address};
    last_error_ = address.status().text();
  } else if (io::is_address_literal(url_.host)) {
    auto address = io::literal_address(url_.host, url_.port);
    if (address.ok()) addresses_ = {*address};
    last_error_ = address.status().text();
  } else {
    return resolve();
  }
  // Callbacks never come inside begin().
  context_.loop.post([self = shared_from_this()] { self->connect_next(); });
}

// Names are asked for on the pool: a resolver may take many seconds.
void Exchange::resolve() {
  auto job = [weak = weak_from_this(), box = context_.mailbox, host = url_.host, port = url_.port] {
    auto found =
        std::make_shared<Result<std::vector<io::SocketAddress>>>(io::resolve_host(host, port));
    box->post([weak, found] {
      const auto self = weak.lock();
      if (!self || self->step_ != Step::kResolving) return;
      if (found->ok()) self->addresses_ = **found;
      self->last_error_ = found->status().text();
      self->connect_next();
    });
  };
  if (context_.pool.post(std::move(job))) return;
  last_error_ = "too busy to look up " + url_.host;
  context_.loop.post([self = shared_from_this()] { self->connect_next(); });
}

void Exchange::connect_next() {
  if (step_ == Step::kClosed) return;
  while (next_address_ < addresses_.size()) {
    auto fd = io::connect_start(addresses_[next_address_++]);
    if (!fd.ok()) {
      last_error_ = fd.status().text();
      continue;
    }
    step_ = Step::kConnecting;
    link_ = Link(std::move(*fd), url_.tls ? context_.tls_client->begin(url_.host) : nullptr);
    watched_ = EPOLLOUT;
    context_.loop.add(link_.fd(), watched_, this);
    return;
  }
  fail(last_error_);
}

void Exchange::connected() {
  if (const int error = io::connect_error(link_.fd()); error != 0) {
    last_error_ = io::connect_error_text(error);
    context_.loop.remove(link_.fd());
    watched_ = 0;
    link_.close();
    return connect_next();
  }
  if (!link_.encrypted()) return opened();
  step_ = Step::kHandshake;
  set_timer(limits::kHandshake, "tls: handshake timeout");
  link_.hello();
  flush();
}

void Exchange::opened() {
  step_ = Step::kOpen;
  context_.loop.cancel(std::exchange(timer_, 0));
  last_byte_ = context_.loop.now();
  if (silence_ > Duration::zero()) check_silence();
  link_.write(std::exchange(before_, {}));
  flush();
}

void Exchange::on_ready(uint32_t epoll_events) {
  const auto self = shared_from_this();
  if (step_ == Step::kConnecting) return connected();
  if ((epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) arrived();
  if (step_ != Step::kClosed) flush();
}

void Exchange::arrived() {
  std::string_view plain;
  const Link::State state = link_.receive(context_, plain);
  last_byte_ = context_.loop.now();
  received_bytes_ += plain.size();
  if (step_ == Step::kHandshake && state != Link::State::kFailed && !link_.handshaking()) opened();
  if (step_ == Step::kOpen && !plain.empty()) parse(plain);
  if (step_ == Step::kClosed || state == Link::State::kGood) return;
  if (state == Link::State::kFailed) {
    (void)link_.flush();  // the alert
    return fail(link_.failure());
  }
  if (step_ == Step::kOpen && answering_ && deliver(parser_.finish())) {
    if (step_ == Step::kClosed || !busy_) return;
  }
  if (step_ != Step::kClosed) fail(busy_ ? "EOF" : "connection closed while idle");
}

void Exchange::parse(std::string_view bytes) {
  while (!bytes.empty() && step_ == Step::kOpen) {
    if (!busy_) return fail("unsolicited response");
    if (!deliver(parser_.feed(bytes))) return;
  }
}

// False: nothing may follow. Callbacks may close this.
bool Exchange::deliver(io::Http1Stream::Step step) {
  if (step == io::Http1Stream::Step::kFailed) {
    fail("malformed HTTP response");
    return false;
  }
  for (const std::string_view piece : parser_.body()) {
    if (user_ == nullptr || step_ != Step::kOpen) return false;
    user_->on_body(piece);
  }
  if (step_ != Step::kOpen || user_ == nullptr) return false;
  // 1xx answers come before the one that counts.
  const bool interim = parser_.head().status < 200;
  if (step == io::Http1Stream::Step::kHead && !interim) {
    answering_ = true;
    keep_alive_ = parser_.head().keep_alive;
    user_->on_head(parser_.head());
  }
  if (step == io::Http1Stream::Step::kEnd && !interim) ended();
  return step_ == Step::kOpen;
}

void Exchange::ended() {
  busy_ = answering_ = false;
  context_.loop.cancel(std::exchange(deadline_timer_, 0));
  ExchangeUser* const user = user_;
  if (!keep_alive_ || link_.pending() > 0) close();
  user->on_end();
}

void Exchange::write(std::string_view bytes) {
  if (step_ == Step::kClosed) return;
  drain_told_ = false;
  if (step_ != Step::kOpen) {
    before_ += bytes;
    return;
  }
  link_.write(bytes);
  // At the socket in this turn, but callbacks only from the loop.
  context_.loop.post([weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->step_ == Step::kOpen) self->flush();
  });
}

std::string Exchange::start_request(std::string_view method, std::string_view path,
                                    const Headers& headers) {
  CHECK(!busy_);
  busy_ = true;
  std::string out;
  out.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(url_.authority);
  out.append("\r\nUser-Agent: keelson\r\n");
  for (const auto& [name, value] : headers) out.append(name).append(": ").append(value) += "\r\n";
  return out;
}

void Exchange::request(std::string_view method, std::string_view path, const Headers& headers,
                       std::string_view body) {
  std::string out = start_request(method, path, headers);
  if (!body.empty() || method == "POST")
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  out.append("\r\n").append(body);
  write(out);
}

void Exchange::request_chunked(std::string_view method, std::string_view path,
                               const Headers& headers) {
  std::string out = start_request(method, path, headers);
  write(out.append("Transfer-Encoding: chunked\r\n\r\n"));
}

void Exchange::write_chunk(std::string_view data) {
  CHECK(!data.empty());
  char head[32];
  const int n = std::snprintf(head, sizeof head, "%zx\r\n", data.size());
  std::string out(head, static_cast<size_t>(n));
  write(out.append(data).append("\r\n"));
}

void Exchange::end_chunks() { write("0\r\n\r\n"); }

void Exchange::flush() {
  if (!link_.flush()) {
    // An answer that came before the whole request was taken (a refusal) is worth reading first.
    if (step_ == Step::kOpen) arrived();
    return step_ == Step::kClosed ? void() : fail(link_.failure());
  }
  watch(EPOLLIN | (link_.wants_write() ? static_cast<uint32_t>(EPOLLOUT) : 0u));
  if (step_ != Step::kOpen || link_.pending() > 0 || drain_told_ || user_ == nullptr) return;
  drain_told_ = true;
  user_->on_drained();
}

void Exchange::watch(uint32_t events) {
  if (events == watched_) return;
  watched_ = events;
  context_.loop.modify(link_.fd(), events);
}

void Exchange::answer_within(Duration timeout) {
  if (step_ == Step::kClosed) return;
  context_.loop.cancel(deadline_timer_);
  deadline_timer_ = context_.loop.call_at(context_.loop.now() + timeout, [this] {
    deadline_timer_ = 0;
    const auto self = shared_from_this();
    fail("deadline exceeded");
  });
}

void Exchange::demand_bytes_every(Duration silence) {
  silence_ = silence;
  if (step_ == Step::kOpen) check_silence();
}

void Exchange::check_silence() {
  context_.loop.cancel(std::exchange(silence_timer_, 0));
  const TimePoint due = last_byte_ + silence_;
  if (due <= context_.loop.now()) return fail("i/o timeout");
  silence_timer_ = context_.loop.call_at(due, [this] {
    silence_timer_ = 0;
    const auto self = shared_from_this();
    check_silence();
  });
}

void Exchange::set_timer(Duration after, const char* what) {
  context_.loop.cancel(timer_);
  timer_ = context_.loop.call_at(context_.loop.now() + after, [this, what] {
    timer_ = 0;
    const auto self = shared_from_this();
    fail(what);
  });
}

void Exchange::close() {
  if (step_ == Step::kClosed) return;
  step_ = Step::kClosed;
  user_ = nullptr;
  for (io::TimerId* timer : {&timer_, &deadline_timer_, &silence_timer_})
    context_.loop.cancel(std::exchange(*timer, 0));
  if (watched_ != 0) context_.loop.remove(link_.fd());
  watched_ = 0;
  link_.close();
}

void Exchange::fail(const std::string& error) {
  if (step_ == Step::kClosed) return;
  ExchangeUser* const user = user_;
  close();
  if (user != nullptr) user->on_failure(error);
}

}  // namespace keelson::peer
