#include "rpc/watch.h"

#include <optional>

#include "rpc/decode.h"
#include "rpc/errors.h"

namespace keelson::rpc {
namespace {

// Which member of WatchRequest's union is set.
enum class Asked : uint8_t { kNothing = 0, kCreate = 1, kCancel = 2, kProgress = 3 };

// Filter numbers that mean nothing are ignored.
void add_filter(uint64_t filter, watch::CreateRequest& out) {
  if (static_cast<int32_t>(filter) == 0) out.no_put = true;
  if (static_cast<int32_t>(filter) == 1) out.no_delete = true;
}

bool add_packed_filters(std::string_view in, watch::CreateRequest& out) {
  for (uint64_t filter = 0; !in.empty();) {
    if (!get_varint(in, filter)) return false;
    add_filter(filter, out);
  }
  return true;
}

bool set_create_number(const wire::Field& f, watch::CreateRequest& out) {
  switch (f.number) {
    case 3:
      out.start_revision = f.as_int64();
      return true;
    case 4:
      out.progress_notify = f.as_bool();
      return true;
    case 5:
      add_filter(f.number_value, out);
      return true;
    case 6:
      out.prev_kv = f.as_bool();
      return true;
    case 7:
      out.watch_id = f.as_int64();
      return true;
    case 8:
      out.fragment = f.as_bool();
      return true;
    default:
      return false;
  }
}

bool set_create_bytes(const wire::Field& f, watch::CreateRequest& out) {
  switch (f.number) {
    case 1:
      out.key = f.bytes;
      return true;
    case 2:
      out.end = f.bytes;
      return true;
    case 5:
      return add_packed_filters(f.bytes, out);
    default:
      return false;
  }
}

bool decode_create(std::string_view in, watch::CreateRequest& out) {
  StrictReader reader(in);
  for (wire::Field f; reader.next(f);) {
    const bool good =
        f.type == wire::Type::kBytes ? set_create_bytes(f, out) : set_create_number(f, out);
    if (!good) return false;
    if (f.number == 5) reader.allow_repeat();
  }
  return reader.plain();
}

struct WatchRequest {
  Asked asked = Asked::kNothing;
  watch::CreateRequest create;
  std::array<int64_t, 1> cancel_id{};
};

bool decode_strict(std::string_view in, WatchRequest& out) {
  StrictReader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (out.asked != Asked::kNothing || f.type != wire::Type::kBytes || f.number > 3) return false;
    out.asked = static_cast<Asked>(f.number);
    if (out.asked == Asked::kCreate && !decode_create(f.bytes, out.create)) return false;
    if (out.asked == Asked::kCancel && !decode_numbers(f.bytes, out.cancel_id)) return false;
    if (out.asked == Asked::kProgress && !f.bytes.empty()) return false;
  }
  return reader.plain();
}

bool decode(std::string_view in, WatchRequest& out) {
  if (decode_strict(in, out)) return true;
  const auto again = canonical(RequestKind::kWatch, in);
  out = WatchRequest();
  return again && decode_strict(*again, out);
}

// A client that ends its side goes on getting events, as with etcd: the stream ends when the client
// resets it, its connection goes, or there is no leader.
class WatchCall final : public Stream, private watch::Outlet {
 public:
  WatchCall(Loop& loop, Call& call) : Stream(loop, call), stream_(loop.hub().open(*this)) {}
  ~WatchCall() override { loop_.hub().close(stream_); }

  void on_message(std::string_view bytes) override {
    if (ended()) return;
    WatchRequest request;
    if (!decode(bytes, request)) {
      loop_.environment().metrics.receive_failed("watch");
      return Stream::end(errors::malformed_message());
    }
    switch (request.asked) {
      case Asked::kCreate:
        return loop_.hub().create(*stream_, std::move(request.create));
      case Asked::kCancel:
        return loop_.hub().cancel(*stream_, request.cancel_id[0]);
      case Asked::kProgress:
        return loop_.hub().request_progress(*stream_);
      case Asked::kNothing:
        loop_.environment().log.info("invalid watch request type received in gRPC stream");
    }
  }
  void on_answer(node::Answer&&) override {}
  void on_drained() override { loop_.hub().drained(*stream_); }

 private:
  void send(std::string message) override {
    if (!ended()) call_.send(std::move(message));
  }
  void send(std::string head, std::shared_ptr<const std::string> tail) override {
    if (!ended()) call_.send(std::move(head), std::move(tail));
  }
  size_t output_bytes() const override { return call_.output_bytes(); }
  void end(const Status& status) override { Stream::end(status); }

  watch::WatchStream* const stream_;
};

}  // namespace

std::unique_ptr<Handler> make_watch(Loop& loop, Call& call) {
  return std::make_unique<WatchCall>(loop, call);
}

}  // namespace keelson::rpc
