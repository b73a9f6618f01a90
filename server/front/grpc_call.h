// A gRPC call on an HTTP/2 stream: cuts the request into messages for the handler, queues the
// answers, keeps the deadline. Pooled by the loop; one object serves many calls one after the
// other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "front/grpc_wire.h"
#include "front/h2_stream.h"
#include "front/loop_context.h"
#include "front/request_head.h"
#include "front/timer_wheel.h"
#include "rpc/call.h"

namespace keelson::front {

// Messages on their way out, framed as they are taken.
class OutputQueue {
 public:
  void push(std::string head, std::shared_ptr<const std::string> tail);
  void take(size_t bytes, std::string& out);
  size_t bytes() const { return bytes_; }
  void clear();

 private:
  struct Message {
    char prefix[kMessagePrefixBytes];
    std::string head;
    std::shared_ptr<const std::string> tail;
    size_t size() const { return sizeof prefix + head.size() + (tail ? tail->size() : 0); }
    // Appends bytes [from, from + count) of prefix, head and tail in a row.
    void copy(size_t from, size_t count, std::string& out) const;
  };
  std::vector<Message> messages_;
  size_t first_ = 0;   // messages before it are gone
  size_t offset_ = 0;  // bytes of messages_[first_] that are gone
  size_t bytes_ = 0;
};

class GrpcCall final : public H2Stream, public rpc::Call, public Timed {
 public:
  explicit GrpcCall(LoopContext& context) : context_(context), cutter_(0) {}

  // Back to the state of a new object, with its buffers.
  void recycle();
  void answer(node::Answer&& answer);
  void tell_drained();

  // H2Stream
  void start(H2Port& port, RequestHead& head) override;
  void on_data(std::string_view bytes, bool last) override;
  void on_end() override;
  void on_closed() override;
  void release() override;
  size_t output_ready() const override { return output_.bytes(); }
  bool output_complete() const override { return ended_; }
  void take_output(size_t bytes, std::string& out) override;
  const Status* trailers() const override { return &status_; }

  // rpc::Call
  std::string_view metadata(std::string_view key) const override;
  std::string_view peer_address() const override { return port_->peer(); }
  std::string_view certificate_name() const override { return port_->certificate_name(); }
  std::optional<TimePoint> deadline() const override { return deadline_; }
  TimePoint now() const override { return context_.loop.now(); }
  node::ReplyTo reply_to() override { return {&context_.calls, call_id_}; }
  void send(std::string message) override { push(std::move(message), nullptr); }
  void send(std::string head, std::shared_ptr<const std::string> tail) override {
    push(std::move(head), std::move(tail));
  }
  void finish(const Status& status) override;
  size_t output_bytes() const override { return output_.bytes(); }

  // Timed: the deadline passed.
  void on_time(TimePoint now) override;

 private:
  // Ends a call whose handler did not ask for it: the handler is told by on_cancel().
  void abort(const Status& status);
  void end(Code code);
  Status check_head(const RequestHead& head, int& http_status);
  void push(std::string head, std::shared_ptr<const std::string> tail);
  void deliver(std::string_view message, bool last);
  void read_messages(std::string_view bytes, bool last);
  void account_input();

  LoopContext& context_;
  H2Port* port_ = nullptr;
  HeaderArena metadata_;
  std::string authority_;
  rpc::MethodId method_ = rpc::kUnknownMethod;
  rpc::Kind kind_ = rpc::Kind::kUnary;
  uint64_t call_id_ = 0;  // 0: not in the table
  std::unique_ptr<rpc::Handler> handler_;
  TimePoint started_;
  std::optional<TimePoint> deadline_;

  MessageCutter cutter_;
  size_t input_held_ = 0;  // of the cutter's bytes, as told to the port
  uint32_t messages_ = 0;
  std::string held_message_;  // a server stream's only message until the request is complete
  bool holding_ = false;

  OutputQueue output_;
  bool above_drained_ = false;  // parked output has been above the mark
  bool responded_ = false;      // headers are submitted
  bool ended_ = false;          // status_ is final
  Status status_;
};

}  // namespace keelson::front
