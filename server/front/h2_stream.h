// One HTTP/2 stream of a session: a gRPC call or a plain HTTP request. Owned by the session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "front/http_handler.h"
#include "front/request_head.h"

namespace keelson::front {

class H2Stream;

// What streams ask of the session they live in.
class H2Port {
 public:
  virtual ~H2Port() = default;
  // ":status 200" and gRPC's content type; the body follows from H2Stream::take_output().
  virtual void submit_response(H2Stream& stream) = 0;
  // One HEADERS frame that is both: gRPC status without a message.
  virtual void submit_trailers_only(H2Stream& stream, const Status& status, int http_status) = 0;
  // A whole HTTP response; its body, if any, follows from take_output().
  virtual void submit_http_response(H2Stream& stream, const HttpResponse& response) = 0;
  // More output is there after the stream had none.
  virtual void resume(H2Stream& stream) = 0;
  // Ends the stream with RST_STREAM; what it still has to send is dropped.
  virtual void reset(H2Stream& stream, uint32_t error_code) = 0;
  virtual std::string_view peer() const = 0;
  virtual std::string_view certificate_name() const = 0;
  // Bytes held for this connection, both directions; each call says how its share changes.
  virtual void add_parked_output(ptrdiff_t bytes) = 0;
  // False when the connection holds too many unfinished requests.
  virtual bool add_held_input(ptrdiff_t bytes) = 0;
};

class H2Stream {
 public:
  virtual ~H2Stream() = default;
  int32_t id() const { return id_; }
  bool remote_closed() const { return remote_closed_; }

  // First call. May take parts out of `head`.
  virtual void start(H2Port& port, RequestHead& head) = 0;
  // `last`: the frame that these bytes are part of ends the request.
  virtual void on_data(std::string_view bytes, bool last) = 0;
  // The request is complete.
  virtual void on_end() = 0;
  // The stream is gone, for whatever reason.
  virtual void on_closed() = 0;
  // Last call, after on_closed(): the session has forgotten the stream, which disposes of itself.
  virtual void release() = 0;

  // Output: how much is ready, whether that is all, and whether trailers follow it.
  virtual size_t output_ready() const = 0;
  virtual bool output_complete() const = 0;
  virtual void take_output(size_t bytes, std::string& out) = 0;
  // The status for the trailers; null: the body itself ends the stream.
  virtual const Status* trailers() const = 0;

 protected:
  friend class H2Session;
  friend struct H2Callbacks;
  int32_t id_ = 0;
  bool remote_closed_ = false;
  bool waiting_for_output_ = false;  // the session found nothing to send and sleeps on it
  H2Stream* next_ = nullptr;
  H2Stream* prev_ = nullptr;
};

}  // namespace keelson::front
