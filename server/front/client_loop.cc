#include "front/client_loop.h"

#include <utility>

#include "base/check.h"
#include "front/front_limits.h"

namespace keelson::front {

ClientLoop::ClientLoop(io::EventLoop& loop, int index, rpc::Services& services, HttpHandler& http,
                       const Settings& settings, const Clock& clock, Log& log)
    : context_(loop, index, services, http, settings, clock, log),
      receive_buffer_(std::make_unique<char[]>(limits::kReceiveBytes)),
      record_buffer_(std::make_unique<char[]>(limits::kTlsRecordBytes)) {}

ClientLoop::~ClientLoop() {
  close_all();
  dead_.clear();
}

void ClientLoop::begin() {
  context_.loop.at_turn_end([this] { end_turn(); });
}

void ClientLoop::adopt(io::Fd fd, std::string peer, Port port, io::TlsServer* tls) {
  if (draining_) return gone();
  auto* connection =
      new Connection(context_, *this, std::move(fd), std::move(peer), port, tls);  // see closed()
  connection->next_ = open_;
  if (open_ != nullptr) open_->prev_ = connection;
  open_ = connection;
}

void ClientLoop::closed(Connection& connection) {
  if (connection.next_ != nullptr) connection.next_->prev_ = connection.prev_;
  (connection.prev_ != nullptr ? connection.prev_->next_ : open_) = connection.next_;
  connection.next_ = connection.prev_ = nullptr;
  dead_.emplace_back(&connection);
  gone();
}

void ClientLoop::gone() {
  connections_.fetch_sub(1, std::memory_order_relaxed);
  if (on_gone_) on_gone_();
}

void ClientLoop::drain() {
  draining_ = true;
  for (Connection* c = open_; c != nullptr;) {
    Connection* next = c->next_;
    c->drain();
    c = next;
  }
}

void ClientLoop::close_all() {
  draining_ = true;
  while (open_ != nullptr) open_->close();
  context_.clear_dead();
}

bool ClientLoop::handshake_allowed() {
  return handshakes_ < limits::kHandshakesPerTurn &&
         handshake_time_ < limits::kHandshakeTimePerTurn;
}

void ClientLoop::handshake_used(Duration time) {
  handshakes_++;
  handshake_time_ += time;
}

void ClientLoop::end_turn() {
  handshakes_ = 0;
  handshake_time_ = Duration::zero();
  context_.calls.answer_here();
  // By index: what is flushed may queue others, and itself once more for the next turn.
  std::vector<Connection*> batch;
  batch.swap(to_flush_);
  for (Connection* connection : batch) connection->flush();
  batch.clear();
  if (to_flush_.empty()) to_flush_.swap(batch);  // keeps the capacity
  context_.tell_drained();
  context_.clear_dead();
  if (!dead_.empty()) {
    // A connection that was queued and closed in the same turn must outlive the queue.
    std::erase_if(to_flush_, [](const Connection* c) { return c->is_closed(); });
    dead_.clear();
  }
  if (!to_flush_.empty()) context_.loop.wake();
}

}  // namespace keelson::front
