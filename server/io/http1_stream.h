// HTTP/1.1 messages, requests or responses, whose bodies are handed out as they come: for bodies
// that are endless or too large to be put together. No sockets.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keelson::io {

struct Http1Head {
  std::string method;                                        // of a request
  std::string target;                                        // of a request: "/path?query"
  int status = 0;                                            // of a response
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  bool keep_alive = false;
  bool wants_continue = false;

  std::string_view header(std::string_view name) const;  // the first; empty when absent
};

// Cuts a stream of bytes into messages. One owner.
class Http1Stream {
 public:
  enum class Kind { kRequests, kResponses };
  // Names and values of one message's headers may take `header_bytes` together.
  Http1Stream(Kind kind, size_t header_bytes);
  ~Http1Stream();

  enum class Step { kMore, kHead, kEnd, kFailed };
  // Takes bytes from the front of `input`: all of them for kMore, else up to the end of the head or
  // of the message. What they held of the body is in body() afterwards, whatever the step is. After
  // kFailed the stream cannot go on.
  Step feed(std::string_view& input);
  // The peer closed: kEnd when that ends a body without a length, kFailed inside a message, else
  // kMore.
  Step finish();
  // Views into what the last feed() took.
  const std::vector<std::string_view>& body() const;
  const Http1Head& head() const;  // of the current message
  bool in_message() const;        // bytes of a message have come and it has not ended
  int error_status() const;       // after kFailed: 400, 431 or 505
  const std::string& error_text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson::io
