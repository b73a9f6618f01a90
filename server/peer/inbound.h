// One accepted connection of the peer port: HTTP/1.1 requests one after the other. What a request
// means is decided elsewhere (RouteOwner); a stream takes the socket away, a snapshot takes the
// body piece by piece. The loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "io/event_loop.h"
#include "io/http1_stream.h"
#include "peer/context.h"
#include "peer/exchange.h"
#include "peer/link.h"

namespace keelson::peer {

struct Answer {
  int status = 200;
  Headers headers{};
  std::string body{};
  bool cut = false;  // close the connection behind it
};

// Go's http.Error: text and a newline.
Answer error_answer(int status, std::string_view text);

// Takes a body that is not kept in memory. Answers never come from inside of its methods.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // False: no more now; the connection pauses until `resume` of the owner is called.
  virtual bool take(std::string_view bytes) = 0;
  virtual void end() = 0;
};

// What is to become of a request, decided when its head is there.
struct Plan {
  enum class Kind {
    kAnswer,  // at once, whatever the body is
    kBody,    // collect up to `body_bytes`, then serve()
    kSink,    // into `sink`, which answers through Inbound::answer()
    kStream,  // the socket goes to attach()
  } kind = Kind::kAnswer;
  Answer answer{};
  size_t body_bytes = 0;
  std::string_view too_large{};  // text of the 413 above that; empty: 400 `unreadable`
  std::string_view unreadable{};
  std::shared_ptr<BodySink> sink{};
};

class Inbound;

class RouteOwner {
 public:
  virtual ~RouteOwner() = default;
  virtual Plan plan(const io::Http1Head& head, Inbound& connection) = 0;
  // The answer goes to connection.answer(turn), now or later.
  virtual void serve(const io::Http1Head& head, std::string&& body, Inbound& connection,
                     uint64_t turn) = 0;
  // A plan of kind kStream: the socket is the owner's now.
  virtual void attach(const io::Http1Head& head, io::Fd fd,
                      std::unique_ptr<io::TlsSession> tls) = 0;
  // Whether the certificate fits the address it came from. `decided` at once, or later on the loop.
  virtual void check_certificate(const Inbound& connection,
                                 std::function<void(bool ok)> decided) = 0;
  virtual void gone(uint64_t connection) = 0;  // destroys it soon
};

class Inbound final : public io::FdHandler, public std::enable_shared_from_this<Inbound> {
 public:
  Inbound(Context& context, RouteOwner& owner, uint64_t id, io::Fd fd, std::string peer,
          std::unique_ptr<io::TlsSession> tls);
  ~Inbound() override;
  Inbound(const Inbound&) = delete;
  Inbound& operator=(const Inbound&) = delete;

  void start();
  void on_ready(uint32_t epoll_events) override;
  // Answers of an older turn are dropped.
  void answer(uint64_t turn, const Answer& answer);
  void resume();  // the sink takes bytes again
  void close();

  uint64_t id() const { return id_; }
  uint64_t turn() const { return turn_; }
  const std::string& peer() const { return peer_; }  // remote address
  const Link& link() const { return link_; }

 private:
  void handshaken();
  void advance();
  bool consume();
  void begin_request();
  bool take_body(std::string_view bytes);
  void end_request();
  void hand_over();
  void send(const Answer& answer);
  void flush();
  void watch();
  void wait(Duration time);

  Context& context_;
  RouteOwner& owner_;
  const uint64_t id_;
  const std::string peer_;
  Link link_;
  io::Http1Stream parser_;
  std::string input_;  // plaintext not yet parsed
  Plan plan_;
  std::string body_;
  uint64_t turn_ = 0;
  bool in_body_ = false;  // a head has been planned, its message has not ended
  bool busy_ = false;     // a request waits for its answer
  bool advancing_ = false;
  bool paused_ = false;    // the sink is full
  bool checking_ = false;  // the certificate
  bool handshaken_ = false;
  bool keep_alive_ = false;
  bool closing_ = false;  // after the output
  bool closed_ = false;
  uint64_t discarded_ = 0;
  uint32_t watched_ = 0;
  io::TimerId timer_ = 0;
};

}  // namespace keelson::peer
