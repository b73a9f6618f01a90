// One client's socket: reads, decrypts, finds out which protocol it is, and sends what the session
// has at the end of each turn in one piece. Owned by its ClientLoop; loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "front/loop_context.h"
#include "front/session.h"
#include "front/timer_wheel.h"
#include "io/event_loop.h"
#include "io/socket.h"
#include "io/tls.h"

namespace keelson::front {

class Connection;

// What a connection needs of the loop beyond the context.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // Calls flush() at the end of the turn.
  virtual void queue_flush(Connection& connection) = 0;
  // Destroys the connection at the end of the turn.
  virtual void closed(Connection& connection) = 0;
  // Scratch space, shared by all connections; the strings are empty between uses.
  virtual std::string& plain_scratch() = 0;
  virtual std::string& cipher_scratch() = 0;
  virtual char* receive_buffer() = 0;  // limits::kReceiveBytes
  virtual char* record_buffer() = 0;   // limits::kTlsRecordBytes
  // TLS handshakes allowed in this turn; used ones are reported.
  virtual bool handshake_allowed() = 0;
  virtual void handshake_used(Duration time) = 0;
};

class Connection final : public io::FdHandler, public Link, public Timed {
 public:
  // `tls`: for ports that speak TLS; else null.
  Connection(LoopContext& context, ConnectionOwner& owner, io::Fd fd, std::string peer, Port port,
             io::TlsServer* tls);
  ~Connection() override;

  void on_ready(uint32_t epoll_events) override;
  void flush();
  // Ends politely where etcd does, else at once.
  void drain();
  void close();
  bool is_closed() const { return !fd_.valid(); }

  // Link
  void wants_flush() override;
  void pause_input(bool paused) override;
  std::string_view peer() const override { return peer_; }
  std::string_view certificate_name() const override;
  bool secure() const override { return tls_ != nullptr; }

  // Timed: handshake or preface took too long, or the peer does not read its goodbye or close.
  void on_time(TimePoint now) override;

 private:
  friend class ClientLoop;

  void receive();
  void input(std::string_view bytes);
  void input_tls(std::string_view bytes);
  void input_plain(std::string_view bytes);
  bool choose_session(std::string_view bytes);
  void choose_by_alpn();
  void begin_h2();
  void begin_http1();
  // Sends bytes, keeps what the socket does not take. False when the connection is dead.
  bool send(std::string_view bytes);
  bool send_plain(std::string_view plain);
  bool send_pending();
  // Says that nothing more comes and closes when the peer has, too: a close with unread input would
  // make the kernel throw away what was sent last.
  void linger();
  void session_input(std::string_view bytes);
  void watch(uint32_t epoll_events);

  LoopContext& context_;
  ConnectionOwner& owner_;
  io::Fd fd_;
  const std::string peer_;
  const Port port_;
  io::TlsServer* const tls_server_;
  std::unique_ptr<io::TlsSession> tls_;
  std::unique_ptr<Session> session_;
  std::string early_;    // input before the protocol is known
  std::string pending_;  // output that the socket did not take
  size_t pending_sent_ = 0;
  uint32_t watched_ = 0;
  bool flush_queued_ = false;
  bool lingering_ = false;
  Connection* next_ = nullptr;  // ClientLoop's list
  Connection* prev_ = nullptr;
};

}  // namespace keelson::front
