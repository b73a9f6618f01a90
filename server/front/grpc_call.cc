#include "front/grpc_call.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keelson::front {
namespace {

constexpr uint32_t kErrorCancel = 8;  // RFC 9113 section 7

Status cut_off() { return {Code::kInternal, "unexpected EOF"}; }

Status malformed_name(std::string_view path) {
  return {Code::kUnimplemented, "malformed method name: " + go_quote(path)};
}

bool well_formed_name(std::string_view path) {
  return path.starts_with('/') && path.rfind('/') != 0;
}

}  // namespace

void OutputQueue::push(std::string head, std::shared_ptr<const std::string> tail) {
  Message& message = messages_.emplace_back();
  message.head = std::move(head);
  message.tail = std::move(tail);
  const size_t size = message.size();
  put_message_prefix(message.prefix, size - kMessagePrefixBytes);
  bytes_ += size;
}

void OutputQueue::Message::copy(size_t from, size_t count, std::string& out) const {
  const auto part = [&](const char* data, size_t size) {
    if (from >= size) {
      from -= size;
      return;
    }
    const size_t n = std::min(count, size - from);
    out.append(data + from, n);
    count -= n;
    from = 0;
  };
  part(prefix, sizeof prefix);
  part(head.data(), head.size());
  if (tail) part(tail->data(), tail->size());
  CHECK(count == 0);
}

void OutputQueue::take(size_t bytes, std::string& out) {
  CHECK(bytes <= bytes_);
  bytes_ -= bytes;
  while (bytes > 0) {
    Message& message = messages_[first_];
    const size_t size = message.size();
    const size_t n = std::min(bytes, size - offset_);
    message.copy(offset_, n, out);
    offset_ += n;
    bytes -= n;
    if (offset_ < size) break;
    offset_ = 0;
    message = Message();  // frees it now, not when the queue is empty
    first_++;
  }
  if (first_ == messages_.size()) clear();
}

void OutputQueue::clear() {
  messages_.clear();
  first_ = offset_ = bytes_ = 0;
}

// --- begin --------------------------------------------------------------------------------------

// In grpc-go's order: content type, timeout, method; each with its HTTP status.
Status GrpcCall::check_head(const RequestHead& head, int& http_status) {
  if (!is_grpc_content_type(head.content_type)) {
    http_status = 415;
    return {Code::kInvalidArgument,
            "invalid gRPC request content-type " + go_quote(head.content_type)};
  }
  if (head.timeout_set) {
    const Result<Duration> timeout = parse_grpc_timeout(head.grpc_timeout);
    if (!timeout.ok()) {
      http_status = 400;
      return timeout.status();
    }
    const bool forever = *timeout > TimePoint::max() - started_;
    if (!forever) deadline_ = started_ + *timeout;
  }
  if (head.method != "POST") {
    http_status = 405;
    return {Code::kInternal, "Received a HEADERS frame with :method " + go_quote(head.method) +
                                 " which should be POST"};
  }
  if (deadline_ && *deadline_ <= started_)
    return {Code::kDeadlineExceeded, "context deadline exceeded"};
  if (!well_formed_name(head.path)) return malformed_name(head.path);
  method_ = context_.services.find(head.path);
  if (method_ == rpc::kUnknownMethod)
    return {Code::kUnimplemented, context_.services.unknown_text(head.path)};
  return {};
}

void GrpcCall::start(H2Port& port, RequestHead& head) {
  CHECK(port_ == nullptr && !ended_);
  port_ = &port;
  started_ = now();
  metadata_.swap(head.others);
  authority_.swap(head.authority);
  int http_status = 200;
  const Status refused = check_head(head, http_status);
  if (!refused.ok()) {
    ended_ = true;
    responded_ = true;
    port.submit_trailers_only(*this, refused, http_status);
    return;
  }
  kind_ = context_.services.kind(method_);
  cutter_.reset(context_.settings.message_bytes_max);
  cutter_.set_encoding(head.grpc_encoding);
  call_id_ = context_.calls.add(this);
  if (deadline_) context_.call_timers.set(*this, *deadline_);
  std::unique_ptr<rpc::Handler> handler = context_.services.start(method_, *this, context_.index);
  if (ended_ && handler) {
    context_.bury(std::move(handler));
  } else {
    handler_ = std::move(handler);
  }
  CHECK(handler_ || ended_);
}

std::string_view GrpcCall::metadata(std::string_view key) const {
  if (key == ":authority") return authority_;
  return metadata_.find(key);
}

void GrpcCall::recycle() {
  id_ = 0;
  remote_closed_ = waiting_for_output_ = false;
  port_ = nullptr;
  metadata_.clear();
  authority_.clear();
  method_ = rpc::kUnknownMethod;
  call_id_ = 0;
  handler_.reset();
  deadline_.reset();
  cutter_.reset(0);
  input_held_ = 0;
  messages_ = 0;
  holding_ = false;
  held_message_.clear();
  output_.clear();
  above_drained_ = responded_ = ended_ = false;
  if (!status_.ok()) status_ = Status();
}

// --- input --------------------------------------------------------------------------------------

void GrpcCall::on_data(std::string_view bytes, bool last) {
  if (ended_) return;
  read_messages(bytes, last);
  if (!ended_) account_input();
}

void GrpcCall::read_messages(std::string_view bytes, bool last) {
  while (!ended_) {
    const std::optional<std::string_view> message = cutter_.next(bytes);
    if (message) {
      context_.services.message_received(method_, message->size());
      deliver(*message, last && bytes.empty());
    } else if (!cutter_.failure().ok()) {
      abort(cutter_.failure());
    } else {
      return;
    }
  }
}

// A unary call runs when its message is there; what follows is not looked at, as in grpc-go. A
// server stream runs when the request has ended: a second message must refuse it before it did
// anything.
void GrpcCall::deliver(std::string_view message, bool last) {
  messages_++;
  if (kind_ == rpc::Kind::kServerStream) {
    if (messages_ > 1) {
      abort({Code::kInternal,
             "cardinality violation: received multiple request messages for non-client-streaming "
             "RPC"});
      return;
    }
    if (!last) {
      held_message_.assign(message);
      holding_ = true;
      return;
    }
  }
  if (kind_ == rpc::Kind::kUnary && messages_ > 1) return;
  handler_->on_message(message);
}

void GrpcCall::account_input() {
  const size_t held = cutter_.pending_bytes() + held_message_.size();
  if (held == input_held_) return;
  const auto change = static_cast<ptrdiff_t>(held) - static_cast<ptrdiff_t>(input_held_);
  input_held_ = held;
  if (!port_->add_held_input(change)) {
    abort({Code::kResourceExhausted,
           "grpc: too many bytes of unfinished requests on one connection"});
  }
}

void GrpcCall::on_end() {
  if (ended_) return;
  if (cutter_.has_pending()) {
    // grpc-go reads a unary request outside of what turns this into Internal.
    abort(kind_ == rpc::Kind::kUnary ? Status(Code::kUnknown, "unexpected EOF") : cut_off());
    return;
  }
  if (messages_ == 0 && kind_ == rpc::Kind::kUnary) {
    abort({Code::kUnknown, "EOF"});
    return;
  }
  if (messages_ == 0 && kind_ == rpc::Kind::kServerStream) {
    abort({Code::kInternal,
           "cardinality violation: received no request message from non-client-streaming RPC"});
    return;
  }
  if (std::exchange(holding_, false)) {
    handler_->on_message(held_message_);
    held_message_.clear();
  }
  if (!ended_) handler_->on_half_close();
}

void GrpcCall::answer(node::Answer&& answer) {
  if (handler_ && !ended_) handler_->on_answer(std::move(answer));
}

// --- output -------------------------------------------------------------------------------------

void GrpcCall::push(std::string head, std::shared_ptr<const std::string> tail) {
  if (ended_) return;
  const size_t before = output_.bytes();
  output_.push(std::move(head), std::move(tail));
  const size_t added = output_.bytes() - before;
  if (output_.bytes() > limits::kCallDrainedBytes) above_drained_ = true;
  context_.services.message_sent(method_, added - kMessagePrefixBytes);
  port_->add_parked_output(static_cast<ptrdiff_t>(added));
  if (!std::exchange(responded_, true)) {
    port_->submit_response(*this);
  } else {
    port_->resume(*this);
  }
}

void GrpcCall::take_output(size_t bytes, std::string& out) {
  output_.take(bytes, out);
  port_->add_parked_output(-static_cast<ptrdiff_t>(bytes));
  if (above_drained_ && output_.bytes() <= limits::kCallDrainedBytes) {
    above_drained_ = false;
    if (!ended_) context_.drained.push_back(call_id_);
  }
}

void GrpcCall::tell_drained() {
  if (handler_ && !ended_) handler_->on_drained();
}

// --- end ----------------------------------------------------------------------------------------

void GrpcCall::end(Code code) {
  CHECK(!ended_);
  ended_ = true;
  context_.services.ended(method_, code, started_, now());
  if (handler_) context_.bury(std::move(handler_));
}

void GrpcCall::finish(const Status& status) {
  if (ended_) return;
  status_ = status;
  end(status.code());
  if (!std::exchange(responded_, true)) {
    port_->submit_trailers_only(*this, status_, 200);
  } else {
    port_->resume(*this);
  }
}

void GrpcCall::abort(const Status& status) {
  if (ended_) return;
  // The handler may answer to on_cancel() with finish(): the first status wins.
  std::unique_ptr<rpc::Handler> handler = std::move(handler_);
  finish(status);
  if (!handler) return;
  handler->on_cancel();
  context_.bury(std::move(handler));
}

// A call that has ended and still could not send all of its answer gives it up: the reader's time
// is over too.
void GrpcCall::on_time(TimePoint) {
  if (ended_) {
    port_->reset(*this, kErrorCancel);
  } else {
    abort({Code::kDeadlineExceeded, "context deadline exceeded"});
  }
}

void GrpcCall::on_closed() {
  if (!ended_) {
    std::unique_ptr<rpc::Handler> handler = std::move(handler_);
    end(Code::kCanceled);
    if (handler) {
      handler->on_cancel();
      context_.bury(std::move(handler));
    }
  }
  context_.call_timers.clear(*this);
  if (call_id_ != 0) context_.calls.remove(call_id_);
  port_->add_parked_output(-static_cast<ptrdiff_t>(output_.bytes()));
  if (input_held_ > 0) (void)port_->add_held_input(-static_cast<ptrdiff_t>(input_held_));
  output_.clear();
}

void GrpcCall::release() { context_.bury(std::unique_ptr<GrpcCall>(this)); }

}  // namespace keelson::front
