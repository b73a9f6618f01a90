// What answers plain HTTP requests on the client port (health, version, metrics, the JSON gateway).
// front/ parses, limits and frames; the handler sees whole requests and gives whole answers.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keelson::front {

// Names in lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // as sent, without the query; percent-escapes are left in place
  std::string query;   // without the '?'
  Headers headers;
  std::string body;
  std::string peer;              // "10.0.0.1:4711"
  std::string certificate_name;  // common name of a verified client certificate, if any
  bool secure = false;           // came over TLS
  int loop = 0;                  // the client loop that owns the connection

  // First value of a header; empty when absent.
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }
};

// Content-Length is added by front; Content-Type is the handler's.
struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
};

class HttpHandler {
 public:
  using Done = std::function<void(HttpResponse&&)>;

  virtual ~HttpHandler() = default;
  // Called on a client loop. `done` must be called once, on that loop, now or later; it may be
  // called after the connection is gone (the answer is dropped then).
  virtual void handle(HttpRequest&& request, Done done) = 0;
};

// The texts that Go's net/http gives, which etcd's clients and probes see.
HttpResponse http_error(int status, std::string text);  // text/plain, nosniff, text + newline
HttpResponse http_not_found();                          // 404 page not found
HttpResponse http_method_not_allowed(std::string allow);

}  // namespace keelson::front
