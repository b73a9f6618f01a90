// What a service sees of a call, and what a transport sees of a service: no HTTP on this side, no
// request semantics on the other. front/ implements Call for gRPC; tests implement it in memory.
//
// Threads: a call lives on one client loop; every method of Call and Handler runs there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "node/request.h"

namespace keelson::rpc {

enum class Kind : uint8_t { kUnary, kClientStream, kServerStream, kBidi };

// Index into the method table (rpc/methods.h); kUnknownMethod when the path is not served.
using MethodId = uint16_t;
inline constexpr MethodId kUnknownMethod = 0xffff;

class Call {
 public:
  virtual ~Call() = default;
  // Lower-case key; empty view when absent. Valid while the call lives.
  virtual std::string_view metadata(std::string_view key) const = 0;
  virtual std::string_view peer_address() const = 0;
  // Common name of a verified client certificate, if any.
  virtual std::string_view certificate_name() const = 0;
  virtual std::optional<TimePoint> deadline() const = 0;
  virtual TimePoint now() const = 0;

  // Names this call in Requests; answers come back to Handler::on_answer on this loop.
  virtual node::ReplyTo reply_to() = 0;

  // Queues one response message (the bytes of the protobuf message, unframed). Never blocks.
  virtual void send(std::string message) = 0;
  // The same from pieces that several calls share, copied into the connection's output once:
  // head + shared bytes make one message.
  virtual void send(std::string head, std::shared_ptr<const std::string> tail) = 0;
  // Ends the call; the handler is destroyed soon after this returns (not inside it).
  virtual void finish(const Status& status) = 0;
  // Bytes queued and not yet taken by the socket because of flow control or a slow reader.
  virtual size_t output_bytes() const = 0;
};

// One call's server side. Destroyed when the call ended, for whatever reason.
class Handler {
 public:
  virtual ~Handler() = default;
  // A whole message arrived. `bytes` lives until this returns.
  virtual void on_message(std::string_view bytes) = 0;
  virtual void on_half_close() {}
  // An answer to a Request that named this call. Unary default: send the body, finish.
  virtual void on_answer(node::Answer&& answer) = 0;
  // The output fell below the low-water mark again after it had been above.
  virtual void on_drained() {}
  // The peer reset the stream, its connection died, or the deadline passed: nothing can be sent any
  // more; frees what the call holds. The status that metrics should count is front's business.
  virtual void on_cancel() {}
};

// What front/ needs to know of the services.
class Services {
 public:
  virtual ~Services() = default;
  virtual MethodId find(std::string_view path) const = 0;  // "/etcdserverpb.KV/Range"
  virtual Kind kind(MethodId method) const = 0;
  // Text for Unimplemented: "unknown method X for service Y" or "unknown service Y".
  virtual std::string unknown_text(std::string_view path) const = 0;
  // A new call. Refusals (metadata checks) end it at once with call.finish(); null then. `loop` is
  // the index of the client loop that owns the call.
  virtual std::unique_ptr<Handler> start(MethodId method, Call& call, int loop) = 0;
  // Metrics of a call that ended, and of bytes; called by front on the loop thread.
  virtual void ended(MethodId method, Code code, TimePoint started, TimePoint now) = 0;
  virtual void message_received(MethodId method, size_t bytes) = 0;
  virtual void message_sent(MethodId method, size_t bytes) = 0;
};

}  // namespace keelson::rpc
