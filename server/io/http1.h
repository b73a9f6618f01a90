// HTTP/1.1 messages: requests are parsed under limits, responses are written. No sockets, no
// routing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keelson::io {

struct Http1Limits {
  size_t header_bytes;  // request line and headers together
  size_t body_bytes;
};

struct Http1Request {
  std::string method;  // "GET"
  std::string target;  // "/path?query"; an absolute target is cut down to that
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // chunked bodies put together
  bool keep_alive = false;
  bool http10 = false;
};

// Cuts a stream of bytes into requests.
class Http1Parser {
 public:
  explicit Http1Parser(Http1Limits limits);
  ~Http1Parser();

  enum class Step { kMore, kRequest, kFailed };
  // Takes bytes from the front of `input`: all of them for kMore, up to the end of the request for
  // kRequest. After kFailed the stream cannot go on.
  Step feed(std::string_view& input);
  // The request just completed; the next feed() begins a new one.
  Http1Request take();

  // Bytes of a request have come and it is not complete.
  bool in_request() const;
  // The client waits for "100 Continue" before it sends the body; told once.
  bool wants_continue();
  // What to answer after kFailed: 400, 413 or 431, and why.
  int error_status() const;
  const std::string& error_text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view kHttp1Continue = "HTTP/1.1 100 Continue\r\n\r\n";

// "Not Found"; empty for numbers nobody uses.
std::string_view http_reason(int status);
// Status line and headers with the empty line; names are written as "Content-Type".
std::string http1_head(int status, const std::vector<std::pair<std::string, std::string>>& headers);

}  // namespace keelson::io
