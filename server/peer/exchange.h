// One outgoing connection and the HTTP exchanges on it, one after the other. The loop's; looked
// after through shared_ptr, because its user may let go of it inside a callback.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/connect.h"
#include "io/event_loop.h"
#include "io/http1_stream.h"
#include "peer/context.h"
#include "peer/link.h"
#include "peer/url.h"

namespace keelson::peer {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Whoever started an exchange. Called on the loop, never inside begin(), request() or write().
class ExchangeUser {
 public:
  virtual ~ExchangeUser() = default;
  virtual void on_head(const io::Http1Head&) {}
  virtual void on_body(std::string_view) {}
  virtual void on_end() {}      // the answer is complete; reusable() tells about the connection
  virtual void on_drained() {}  // everything written has left
  virtual void on_failure(const std::string& error) = 0;  // once; the connection is closed
};

class Exchange final : public io::FdHandler, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Context& context, PeerUrl url, ExchangeUser& user)
      : context_(context), url_(std::move(url)), user_(&user) {}
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Resolves, connects, shakes hands (dial 2 s, handshake 10 s), then sends what was requested.
  void begin();
  // The body in one piece; or, chunked, with write_chunk() and end_chunks().
  void request(std::string_view method, std::string_view path, const Headers& headers,
               std::string_view body);
  void request_chunked(std::string_view method, std::string_view path, const Headers& headers);
  void write_chunk(std::string_view data);  // not empty
  void end_chunks();
  // The current answer must be complete by then; replaces the time given before.
  void answer_within(Duration timeout);
  // At least one byte must come in every such span, from now on.
  void demand_bytes_every(Duration silence);
  // No callback follows.
  void close();

  bool open() const { return step_ == Step::kOpen; }
  bool reusable() const { return step_ == Step::kOpen && !busy_; }
  size_t pending() const { return open() ? link_.pending() : before_.size(); }
  const PeerUrl& url() const { return url_; }
  uint64_t received_bytes() const { return received_bytes_; }

  void on_ready(uint32_t epoll_events) override;

 private:
  enum class Step { kNew, kResolving, kConnecting, kHandshake, kOpen, kClosed };

  void resolve();
  void connect_next();
  void connected();
  void opened();
  void arrived();
  void parse(std::string_view bytes);
  bool deliver(io::Http1Stream::Step step);
  void ended();
  void write(std::string_view bytes);
  std::string start_request(std::string_view method, std::string_view path, const Headers& headers);
  void flush();
  void watch(uint32_t events);
  void fail(const std::string& error);
  void set_timer(Duration after, const char* what);
  void check_silence();

  Context& context_;
  const PeerUrl url_;
  ExchangeUser* user_;  // null after close()
  Step step_ = Step::kNew;
  std::vector<io::SocketAddress> addresses_;
  size_t next_address_ = 0;
  std::string last_error_;
  Link link_;
  std::string before_;  // requested before the connection was open
  io::Http1Stream parser_{io::Http1Stream::Kind::kResponses, kHeaderBytesMax};
  bool busy_ = false;        // a request without its complete answer
  bool answering_ = false;   // the head of the answer has come
  bool keep_alive_ = false;  // as the answer said
  bool drain_told_ = true;
  uint32_t watched_ = 0;
  io::TimerId timer_ = 0, deadline_timer_ = 0, silence_timer_ = 0;
  Duration silence_{};
  TimePoint last_byte_{};
  uint64_t received_bytes_ = 0;

  static constexpr size_t kHeaderBytesMax = 16 * 1024;
};

// Headers of requests on the raft routes.
Headers raft_headers(const Identity& identity);

}  // namespace keelson::peer
