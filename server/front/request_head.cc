#include "front/request_head.h"

#include "front/front_limits.h"

namespace keelson::front {

namespace {
constexpr size_t kFieldOverhead = 32;  // RFC 9113, SETTINGS_MAX_HEADER_LIST_SIZE
}

bool RequestHead::add(std::string_view name, std::string_view value) {
  bytes += name.size() + value.size() + kFieldOverhead;
  if (bytes > limits::kHeaderListBytes) return false;
  if (name == ":path") {
    path.assign(value);
  } else if (name == ":method") {
    method.assign(value);
  } else if (name == ":authority") {
    authority.assign(value);
  } else if (name == ":scheme" || name == "te") {
    // Known and of no use here; `te: trailers` is what every gRPC client sends.
  } else if (name == "content-type") {
    content_type.assign(value);
  } else if (name == "grpc-timeout") {
    grpc_timeout.assign(value);
    timeout_set = true;
  } else if (name == "grpc-encoding") {
    grpc_encoding.assign(value);
  } else {
    others.add(name, value);
  }
  return true;
}

void RequestHead::clear() {
  method.clear();
  path.clear();
  authority.clear();
  content_type.clear();
  grpc_timeout.clear();
  grpc_encoding.clear();
  timeout_set = false;
  bytes = 0;
  others.clear();
}

}  // namespace keelson::front
