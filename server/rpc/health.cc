#include "rpc/health.h"

#include <optional>

#include "rpc/decode.h"
#include "rpc/errors.h"

namespace keelson::rpc {
namespace {

enum ServingStatus : uint64_t { kServing = 1, kServiceUnknown = 3 };

// The name of the service asked for; nothing when the request is malformed.
std::optional<std::string> asked_service(std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kHealthCheck, request)) return std::nullopt;
  StrictReader reader(plain.bytes());
  wire::Field name;
  return reader.next(name) ? std::string(name.bytes) : std::string();
}

std::string status_message(ServingStatus status) {
  std::string out;
  wire::put_uint(out, 1, status);
  return out;
}

// One message at once; the status never changes, so the stream then stays open and silent.
class HealthWatch final : public Handler {
 public:
  explicit HealthWatch(Call& call) : call_(call) {}

  void on_message(std::string_view bytes) override {
    if (asked_) return call_.finish(errors::several_request_messages());
    asked_ = true;
    const auto service = asked_service(bytes);
    if (!service) return call_.finish(errors::malformed_message());
    call_.send(status_message(service->empty() ? kServing : kServiceUnknown));
  }
  void on_half_close() override {
    if (!asked_) call_.finish(errors::no_request_message());
  }
  void on_answer(node::Answer&&) override {}

 private:
  Call& call_;
  bool asked_ = false;
};

}  // namespace

void health_check(Unary& call, std::string_view request) {
  const auto service = asked_service(request);
  if (!service) return call.refuse(errors::malformed_request());
  if (!service->empty()) return call.refuse(errors::unknown_service());
  call.reply(status_message(kServing));
}

// A map with one entry: the empty key is not written, its value is.
void health_list(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kEmpty, request))
    return call.refuse(errors::malformed_request());
  std::string entry, body;
  wire::put_message(entry, 2, status_message(kServing));
  wire::put_message(body, 1, entry);
  call.reply(std::move(body));
}

std::unique_ptr<Handler> make_health_watch(Call& call) {
  return std::make_unique<HealthWatch>(call);
}

}  // namespace keelson::rpc
