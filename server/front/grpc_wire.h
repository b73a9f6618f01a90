// The parts of gRPC over HTTP/2 that are pure text and bytes. Texts are grpc-go's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace keelson::front {

// "application/grpc", or that followed by '+' or ';'.
bool is_grpc_content_type(std::string_view value);

// grpc-message: bytes outside of space..~ and '%' become %XX; what is not UTF-8 becomes U+FFFD.
std::string percent_encode(std::string_view text);

// "100m" -> 100 ms. The error is Internal "malformed grpc-timeout: ..." as grpc-go words it.
Result<Duration> parse_grpc_timeout(std::string_view value);

// Go's %q of a string: quotes and escapes.
std::string go_quote(std::string_view text);

inline constexpr size_t kMessagePrefixBytes = 5;
void put_message_prefix(char* out, size_t message_bytes);

// Cuts a byte stream into length-prefixed messages. Whole messages inside one piece of input are
// handed out in place, without a copy.
class MessageCutter {
 public:
  explicit MessageCutter(size_t message_bytes_max) : max_(message_bytes_max) {}

  // Looks at `input` and removes what it took. A message, when one is complete: valid until the
  // next call. Nothing when more input is needed (all of `input` is taken then) or after failure.
  std::optional<std::string_view> next(std::string_view& input);
  // Why the stream cannot go on; ok while it can.
  const Status& failure() const { return failure_; }
  // Bytes of an unfinished message; not zero at the end of the stream: it was cut off.
  size_t pending_bytes() const { return prefix_bytes_ + body_.size(); }
  bool has_pending() const { return prefix_bytes_ > 0; }
  // Forgets everything; keeps small buffers for the next user.
  void reset(size_t message_bytes_max);
  // The stream's grpc-encoding: messages may still come uncompressed, as grpc-go sends small ones.
  void set_encoding(std::string_view encoding) { encoding_.assign(encoding); }

 private:
  bool take_prefix(std::string_view& input);
  bool check_prefix();

  size_t max_;
  size_t prefix_bytes_ = 0;  // of prefix_ that are there
  char prefix_[kMessagePrefixBytes];
  size_t length_ = 0;        // of the body, once the prefix is complete
  std::string body_;         // the part that came in earlier pieces
  bool handed_out_ = false;  // body_ was given away by the last next()
  std::string encoding_;
  Status failure_;
};

}  // namespace keelson::front
