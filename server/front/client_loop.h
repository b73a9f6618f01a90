// The connections of one client loop: takes new ones, flushes those with output once a turn, buries
// the dead. Everything runs on the loop's thread but for what says otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "front/connection.h"
#include "front/loop_context.h"
#include "io/event_loop.h"

namespace keelson::front {

class ClientLoop final : public ConnectionOwner {
 public:
  ClientLoop(io::EventLoop& loop, int index, rpc::Services& services, HttpHandler& http,
             const Settings& settings, const Clock& clock, Log& log);
  ~ClientLoop() override;

  // Registers the flush with the loop. After services have registered their own turn-end work, so
  // that what they have to say leaves in the same turn.
  void begin();

  void adopt(io::Fd fd, std::string peer, Port port, io::TlsServer* tls);
  void drain();
  void close_all();
  // Any thread; connections that are open or on their way to this loop.
  size_t connections() const { return connections_.load(std::memory_order_relaxed); }
  // Counted before the connection is handed over, so that the next choice sees it.
  void expect_one() { connections_.fetch_add(1, std::memory_order_relaxed); }
  // Called when a connection has gone.
  void on_gone(std::function<void()> callback) { on_gone_ = std::move(callback); }

  LoopContext& context() { return context_; }

  // ConnectionOwner
  void queue_flush(Connection& connection) override { to_flush_.push_back(&connection); }
  void closed(Connection& connection) override;
  std::string& plain_scratch() override { return plain_scratch_; }
  std::string& cipher_scratch() override { return cipher_scratch_; }
  char* receive_buffer() override { return receive_buffer_.get(); }
  char* record_buffer() override { return record_buffer_.get(); }
  bool handshake_allowed() override;
  void handshake_used(Duration time) override;

 private:
  void end_turn();
  void gone();

  LoopContext context_;
  Connection* open_ = nullptr;  // doubly linked
  std::vector<Connection*> to_flush_;
  std::vector<std::unique_ptr<Connection>> dead_;
  std::function<void()> on_gone_;
  std::atomic<size_t> connections_{0};
  bool draining_ = false;

  std::string plain_scratch_, cipher_scratch_;
  const std::unique_ptr<char[]> receive_buffer_, record_buffer_;
  int handshakes_ = 0;          // in this turn
  Duration handshake_time_{0};  // in this turn
};

}  // namespace keelson::front
