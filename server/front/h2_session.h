// HTTP/2 on one connection, over nghttp2: framing, HPACK and flow control are its work; which
// streams there are, what they may cost and how they end is ours. Loop thread only.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>

#include "front/h2_stream.h"
#include "front/keepalive.h"
#include "front/loop_context.h"
#include "front/request_head.h"
#include "front/session.h"
#include "front/timer_wheel.h"

namespace keelson::front {

// What a request without gRPC's content type is.
enum class NotGrpc : uint8_t { kRefuse, kHttp };

class H2Session final : public Session, public H2Port, public Timed {
 public:
  struct Rules {
    NotGrpc not_grpc = NotGrpc::kRefuse;
    bool grpc = true;          // false: a port for HTTP alone
    bool police_pings = true;  // etcd's gRPC stack owns the connection
  };
  H2Session(LoopContext& context, Link& link, Rules rules);
  ~H2Session() override;

  void input(std::string_view bytes) override;
  bool input_end() override { return false; }
  void output(std::string& out, size_t limit) override;
  bool finished() const override;
  bool failed() const override { return broken_; }
  void drain() override;
  void closed() override;

  void submit_response(H2Stream& stream) override;
  void submit_trailers_only(H2Stream& stream, const Status& status, int http_status) override;
  void submit_http_response(H2Stream& stream, const HttpResponse& response) override;
  void resume(H2Stream& stream) override;
  void reset(H2Stream& stream, uint32_t error_code) override;
  std::string_view peer() const override { return link_.peer(); }
  std::string_view certificate_name() const override { return link_.certificate_name(); }
  void add_parked_output(ptrdiff_t bytes) override;
  bool add_held_input(ptrdiff_t bytes) override;

  // Timed: keepalive.
  void on_time(TimePoint now) override;

 private:
  friend struct H2Callbacks;

  void begin_request(int32_t stream_id);
  void add_header(std::string_view name, std::string_view value);
  void end_head(int32_t stream_id);
  void data(int32_t stream_id, std::string_view bytes, bool last);
  void end_request(int32_t stream_id);
  void stream_closed(int32_t stream_id);
  void count_frame(const nghttp2_frame_hd& head);
  void count_reset();
  // HEADERS for a stream that is gone, or that was left out, end the connection, as with grpc-go;
  // nghttp2 would skip them and leave the client waiting.
  void check_stream(const nghttp2_frame_hd& head);
  void on_ping(const nghttp2_ping& ping, bool ack);
  ssize_t next_output(H2Stream& stream, size_t limit, uint32_t& flags);
  // False: the piece of output is full; the same frame comes again.
  bool send_data(H2Stream& stream, std::string_view frame_head, size_t bytes);
  void sent(const nghttp2_frame& frame);

  H2Stream* find(int32_t stream_id) const;
  std::unique_ptr<H2Stream> make_stream();
  bool takes_new_streams() const;
  void link_stream(H2Stream& stream, int32_t stream_id);
  void unlink_stream(H2Stream& stream);
  void submit_trailers(H2Stream& stream, const Status& status);
  void begin_settings();
  // GOAWAY with a reason; the connection closes when it has left.
  void give_up(uint32_t error_code, std::string_view reason);
  void arm_keepalive();

  LoopContext& context_;
  Link& link_;
  const Rules rules_;
  nghttp2_session* session_ = nullptr;
  std::string* out_ = nullptr;  // while output() runs
  size_t out_limit_ = 0;        // size of *out_ where it stops

  RequestHead head_;  // of the request whose headers are coming in
  int32_t head_stream_ = 0;
  bool head_too_large_ = false;

  int32_t last_stream_ = 0;      // the highest that the client has begun
  H2Stream* streams_ = nullptr;  // all open ones, doubly linked
  size_t stream_count_ = 0;
  size_t parked_output_ = 0;
  size_t held_input_ = 0;

  PingPolicy ping_policy_;
  TokenBucket control_frames_;
  TokenBucket resets_;
  TimePoint last_input_;
  TimePoint ping_sent_;
  bool ping_outstanding_ = false;
  bool draining_ = false;
  bool last_goaway_sent_ = false;  // the one that names the last stream, or the reason
  bool broken_ = false;            // nothing more is read; ends when the GOAWAY has left
};

}  // namespace keelson::front
