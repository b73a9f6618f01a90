// A whole request and a whole answer, whatever carried them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keelson::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "GET"
  std::string path;    // without the query
  std::string query;   // without the '?'
  Headers headers;     // names in lower case

  // First value of a header; empty when absent.
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }
};

// Content-Length belongs to the transport.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// The answers that Go's net/http gives and that etcd's clients and probes see.
Response error_response(int status, std::string text);  // text/plain, nosniff, text + newline
Response not_found();
Response method_not_allowed();  // only GET is

// "exclude=A&exclude=B&verbose", percent-decoded. Parts that do not decode are left out, as in Go.
class Query {
 public:
  explicit Query(std::string_view text);
  bool has(std::string_view key) const;
  std::string first(std::string_view key) const;  // empty when absent
  std::vector<std::string> all(std::string_view key) const;

 private:
  std::vector<std::pair<std::string, std::string>> parts_;
};

}  // namespace keelson::http
