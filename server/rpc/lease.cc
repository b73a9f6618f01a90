#include "rpc/lease.h"

#include "base/limits.h"
#include "rpc/decode.h"
#include "rpc/errors.h"
#include "rpc/kv.h"
#include "rpc/stream.h"

namespace keelson::rpc {
namespace {

constexpr int64_t kGrantCost = 64;

class KeepAlive final : public Stream {
 public:
  using Stream::Stream;

  void on_message(std::string_view bytes) override {
    std::array<int64_t, 1> id;
    PlainBytes plain;
    if (ended()) return;
    if (!plain.decode(RequestKind::kLeaseKeepAlive, bytes, id)) {
      loop_.environment().metrics.receive_failed("lease-keepalive");
      return end(errors::malformed_message());
    }
    if (waiting_.size() >= limits::kKeepAlivesWaiting) return end(errors::flooded());
    waiting_.push_back(LeaseId(id[0]));
    go_on();
  }

  void on_half_close() override {
    closed_ = true;
    finish_if_done();
  }

  void on_answer(node::Answer&& answer) override {
    if (ended()) return;
    asked_--;
    if (!answer.status.ok()) return end(answer.status);
    call_.send(std::move(answer.body));
    finish_if_done();
  }

  void on_drained() override { go_on(); }

 private:
  // Answers that nobody reads must not pile up: the rest waits as ids.
  void go_on() {
    while (!waiting_.empty() && call_.output_bytes() < limits::kStreamAheadBytes) {
      loop_.submit(call_, node::LeaseKeepAlive{waiting_.front()});
      waiting_.pop_front();
      asked_++;
    }
  }
  void finish_if_done() {
    if (closed_ && asked_ == 0 && waiting_.empty()) end(Status());
  }

  std::deque<LeaseId> waiting_;
  size_t asked_ = 0;
  bool closed_ = false;
};

}  // namespace

void lease_grant(Unary& call, std::string_view request) {
  std::array<int64_t, 2> numbers;  // TTL, ID; ID 0 is filled by the node
  PlainBytes plain;
  if (!plain.decode(RequestKind::kLeaseGrant, request, numbers))
    return call.refuse(errors::malformed_request());
  propose(call, {.field = apply::field::kLeaseGrant,
                 .body = std::string(plain.bytes()),
                 .quota_cost = kGrantCost});
}

void lease_revoke(Unary& call, std::string_view request) {
  std::array<int64_t, 1> numbers;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kLeaseRevoke, request, numbers))
    return call.refuse(errors::malformed_request());
  propose(call, {.field = apply::field::kLeaseRevoke, .body = std::string(plain.bytes())});
}

void lease_time_to_live(Unary& call, std::string_view request) {
  std::array<int64_t, 2> numbers;  // ID, keys
  PlainBytes plain;
  if (!plain.decode(RequestKind::kLeaseTimeToLive, request, numbers))
    return call.refuse(errors::malformed_request());
  call.ask(node::LeaseTimeToLive{LeaseId(numbers[0]), numbers[1] != 0});
}

void lease_leases(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kEmpty, request))
    return call.refuse(errors::malformed_request());
  call.ask(node::LeaseLeases{});
}

std::unique_ptr<Handler> make_keep_alive(Loop& loop, Call& call) {
  return std::make_unique<KeepAlive>(loop, call);
}

}  // namespace keelson::rpc
