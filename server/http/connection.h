// One connection of the metrics listener. Lives on the listener's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/h1_reader.h"
#include "http/listener.h"
#include "io/event_loop.h"
#include "io/socket.h"
#include "io/tls.h"

namespace keelson::http {

// What a connection needs from its listener.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual io::EventLoop& loop() = 0;
  virtual const Clock& clock() const = 0;
  // The answer comes back as Connection::answer(turn, ...) on the loop, if the connection lives.
  virtual void serve(uint64_t connection, uint64_t turn, const Request& request) = 0;
  virtual void gone(uint64_t connection) = 0;  // destroys the connection soon
};

class Connection final : public io::FdHandler {
 public:
  Connection(ConnectionOwner& owner, uint64_t id, io::Fd fd, std::unique_ptr<io::TlsSession> tls);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void on_ready(uint32_t epoll_events) override;
  // Answers of an older turn (a request that timed out) are dropped.
  void answer(uint64_t turn, Response&& response);

 private:
  bool receive();  // false: the peer is gone
  bool decrypt(std::string_view bytes);
  void advance();  // serves what is complete
  void begin(const Request& request);
  void send(const Response& response);
  void flush();
  void watch();
  void wait_for(Duration time, bool answering);
  void close();

  ConnectionOwner& owner_;
  const uint64_t id_;
  io::Fd fd_;
  std::unique_ptr<io::TlsSession> tls_;
  H1Reader reader_;
  std::string input_;   // plaintext not yet parsed
  std::string output_;  // bytes for the socket
  uint64_t turn_ = 0;   // number of the request being answered
  bool busy_ = false;
  bool head_ = false;
  bool keep_alive_ = false;
  bool closing_ = false;  // after the output is written
  bool closed_ = false;
  uint32_t watched_ = 0;
  io::TimerId timer_ = 0;
};

}  // namespace keelson::http
