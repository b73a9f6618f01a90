// HTTP/1.1 requests out of a stream of bytes, for a port that needs no bodies. The input is
// hostile: every length is bounded before anything is kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/message.h"

namespace keelson::http {

class H1Reader {
 public:
  enum class State { kMore, kRequest, kBad };

  // Takes one request off the front of `input`. kMore: not complete yet. kBad: answer bad_status()
  // and close. A body is skipped.
  State next(std::string& input, Request& request);
  bool keep_alive() const { return keep_alive_; }
  int bad_status() const { return bad_status_; }

  static constexpr size_t kHeadBytesMax = 16 * 1024;  // 431 above
  static constexpr size_t kHeadersMax = 100;          // 431 above
  static constexpr size_t kBodyBytesMax =
      1024 * 1024;  // 413 above; skipped, so that keep-alive goes on

 private:
  State bad(int status);
  bool parse_request_line(std::string_view line, Request& request);
  bool parse_headers(std::string_view lines, Request& request);
  bool measure_body(const Request& request);

  bool keep_alive_ = false;
  bool http_1_0_ = false;
  int bad_status_ = 0;
  size_t skip_ = 0;  // bytes of the last request's body still to come
};

// Status line, headers, body. The body stays away when the request was HEAD.
std::string h1_response(const Response& response, bool head, bool keep_alive,
                        std::chrono::nanoseconds wall);

}  // namespace keelson::http
