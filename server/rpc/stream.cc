#include "rpc/stream.h"

#include "base/limits.h"
#include "rpc/decode.h"
#include "rpc/errors.h"
#include "rpc/kv.h"
#include "rpc/txn_check.h"

namespace keelson::rpc {

void Stream::on_no_leader() { end(errors::no_leader()); }

// The node keeps pins and files under the call's id until the last answer.
PullStream::~PullStream() {
  if (state_ != State::kAsked && state_ != State::kHeldBack) return;
  node::Request gone;
  gone.to = address_;
  gone.what = node::CallGone{};
  loop_.submit(std::move(gone));
}

void PullStream::on_message(std::string_view bytes) {
  if (state_ != State::kNew) return end(errors::several_request_messages());
  const Status status = open(bytes);
  if (!status.ok()) {
    state_ = State::kDone;
    return end(status);
  }
  state_ = State::kAsked;
}

void PullStream::on_half_close() {
  if (state_ == State::kNew) end(errors::no_request_message());
}

void PullStream::on_answer(node::Answer&& answer) {
  if (ended()) return;
  if (!answer.status.ok()) {
    state_ = State::kDone;
    return end(answer.status);
  }
  if (!answer.body.empty()) call_.send(std::move(answer.body));
  if (answer.last) {
    state_ = State::kDone;
    return end(Status());
  }
  state_ = State::kHeldBack;
  if (call_.output_bytes() < limits::kStreamAheadBytes) go_on();
}

void PullStream::on_drained() {
  if (state_ == State::kHeldBack && !ended()) go_on();
}

void PullStream::go_on() {
  state_ = State::kAsked;
  ask_for_more();
}

namespace {

// The order a stream can give: ascending by key, asked for or not.
bool is_key_order(const apply::RangeView& view) {
  return view.sort_order == 0 || (view.sort_order == 1 && view.sort_target == 0);
}

bool has_revision_filter(const apply::RangeView& view) {
  return view.min_mod_revision != 0 || view.max_mod_revision != 0 ||
         view.min_create_revision != 0 || view.max_create_revision != 0;
}

class RangeStream final : public PullStream {
 public:
  using PullStream::PullStream;

 private:
  Status open(std::string_view request) override {
    apply::RangeView view;
    PlainBytes plain;
    if (!plain.decode(RequestKind::kRange, request, view)) return errors::malformed_message();
    if (Status status = check_range(view.key, view.sort_order, view.sort_target); !status.ok())
      return status;
    if (!is_key_order(view)) return errors::stream_sorted();
    if (has_revision_filter(view)) return errors::stream_filtered();
    loop_.submit(call_, node::RangeStreamOpen{to_query(view)});
    return {};
  }
  void ask_for_more() override { loop_.submit(call_, node::RangeStreamMore{}); }
};

class SnapshotStream final : public PullStream {
 public:
  using PullStream::PullStream;

 private:
  Status open(std::string_view request) override {
    PlainBytes plain;
    if (!plain.encode_anew(RequestKind::kEmpty, request)) return errors::malformed_message();
    loop_.submit(call_, node::SnapshotOpen{});
    return {};
  }
  void ask_for_more() override { loop_.submit(call_, node::SnapshotMore{}); }
};

}  // namespace

std::unique_ptr<Handler> make_range_stream(Loop& loop, Call& call) {
  return std::make_unique<RangeStream>(loop, call);
}

std::unique_ptr<Handler> make_snapshot_stream(Loop& loop, Call& call) {
  return std::make_unique<SnapshotStream>(loop, call);
}

}  // namespace keelson::rpc
