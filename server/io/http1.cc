#include "io/http1.h"

#include <http_parser.h>

#include <algorithm>
#include <cctype>

#include "base/check.h"

namespace keelson::io {
namespace {

// What a header costs beside its bytes: many tiny ones must not be free.
constexpr size_t kHeaderOverhead = 32;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

// "http://host/path" -> "/path": proxies and a few clients send the whole URL.
void cut_to_path(std::string& target) {
  if (target.starts_with('/') || target == "*") return;
  const size_t scheme = target.find("://");
  if (scheme == std::string::npos) return;
  const size_t path = target.find('/', scheme + 3);
  target = path == std::string::npos ? "/" : target.substr(path);
}

}  // namespace

struct Http1Parser::Impl {
  explicit Impl(Http1Limits l) : limits(l) {
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = this;
  }

  static Impl& of(http_parser* p) { return *static_cast<Impl*>(p->data); }
  int fail(int status, std::string text);
  bool count_header(size_t bytes);
  int headers_complete();

  static int on_begin(http_parser* p);
  static int on_url(http_parser* p, const char* at, size_t size);
  static int on_field(http_parser* p, const char* at, size_t size);
  static int on_value(http_parser* p, const char* at, size_t size);
  static int on_headers(http_parser* p) { return of(p).headers_complete(); }
  static int on_body(http_parser* p, const char* at, size_t size);
  static int on_complete(http_parser* p);

  const Http1Limits limits;
  http_parser parser{};
  Http1Request request;
  bool in_value = false;  // the last header has got its value: the next name begins a new one
  bool begun = false, complete = false;
  bool continue_wanted = false;
  bool in_trailers = false;  // of a chunked body; they mean nothing here
  size_t header_bytes = 0;
  int error_status = 0;
  std::string error_text;
};

int Http1Parser::Impl::fail(int status, std::string text) {
  error_status = status;
  error_text = std::move(text);
  return -1;
}

bool Http1Parser::Impl::count_header(size_t bytes) {
  header_bytes += bytes;
  if (header_bytes <= limits.header_bytes) return true;
  fail(431, "Request Header Fields Too Large");
  return false;
}

int Http1Parser::Impl::on_begin(http_parser* p) {
  Impl& self = of(p);
  self.request = Http1Request();
  self.begun = true;
  self.in_value = self.continue_wanted = self.in_trailers = false;
  self.header_bytes = 0;
  return 0;
}

int Http1Parser::Impl::on_url(http_parser* p, const char* at, size_t size) {
  Impl& self = of(p);
  if (!self.count_header(size)) return -1;
  self.request.target.append(at, size);
  return 0;
}

int Http1Parser::Impl::on_field(http_parser* p, const char* at, size_t size) {
  Impl& self = of(p);
  if (!self.count_header(size)) return -1;
  if (self.in_trailers) return 0;
  if (self.request.headers.empty() || self.in_value) {
    if (!self.count_header(kHeaderOverhead)) return -1;
    self.request.headers.emplace_back();
  }
  self.in_value = false;
  std::string& name = self.request.headers.back().first;
  std::transform(at, at + size, std::back_inserter(name), lower);
  return 0;
}

int Http1Parser::Impl::on_value(http_parser* p, const char* at, size_t size) {
  Impl& self = of(p);
  if (!self.count_header(size)) return -1;
  if (self.in_trailers) return 0;
  self.in_value = true;
  self.request.headers.back().second.append(at, size);
  return 0;
}

int Http1Parser::Impl::headers_complete() {
  // Upgrades are not served: what looks like one (curl's h2c) goes on as HTTP/1.1.
  parser.upgrade = 0;
  if (parser.method == HTTP_CONNECT) return fail(400, "Bad Request");
  request.http10 = parser.http_major == 1 && parser.http_minor == 0;
  if (parser.http_major != 1) return fail(505, "HTTP Version Not Supported");
  request.keep_alive = http_should_keep_alive(&parser) != 0;
  request.method = http_method_str(static_cast<http_method>(parser.method));
  const bool sized = (parser.flags & F_CONTENTLENGTH) != 0;
  if (sized && parser.content_length > limits.body_bytes)
    return fail(413, "Request Entity Too Large");
  int hosts = 0;
  for (const auto& [name, value] : request.headers) {
    if (name == "host") hosts++;
    if (name == "expect" && value == "100-continue") continue_wanted = true;
  }
  if (hosts > 1) return fail(400, "Bad Request: too many Host headers");
  if (hosts == 0 && !request.http10) return fail(400, "Bad Request: missing required Host header");
  in_trailers = true;
  return 0;
}

int Http1Parser::Impl::on_body(http_parser* p, const char* at, size_t size) {
  Impl& self = of(p);
  self.continue_wanted = false;
  if (self.request.body.size() + size > self.limits.body_bytes)
    return self.fail(413, "Request Entity Too Large");
  self.request.body.append(at, size);
  return 0;
}

int Http1Parser::Impl::on_complete(http_parser* p) {
  Impl& self = of(p);
  self.complete = true;
  self.begun = false;
  cut_to_path(self.request.target);
  http_parser_pause(p, 1);
  return 0;
}

Http1Parser::Http1Parser(Http1Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
Http1Parser::~Http1Parser() = default;

Http1Parser::Step Http1Parser::feed(std::string_view& input) {
  static const http_parser_settings settings = [] {
    http_parser_settings s;
    http_parser_settings_init(&s);
    s.on_message_begin = Impl::on_begin;
    s.on_url = Impl::on_url;
    s.on_header_field = Impl::on_field;
    s.on_header_value = Impl::on_value;
    s.on_headers_complete = Impl::on_headers;
    s.on_body = Impl::on_body;
    s.on_message_complete = Impl::on_complete;
    return s;
  }();
  Impl& self = *impl_;
  if (self.error_status != 0) return Step::kFailed;
  if (input.empty()) return Step::kMore;
  self.complete = false;
  const size_t n = http_parser_execute(&self.parser, &settings, input.data(), input.size());
  const http_errno error = HTTP_PARSER_ERRNO(&self.parser);
  if (error == HPE_PAUSED && self.complete) {
    http_parser_pause(&self.parser, 0);
    input.remove_prefix(n);
    return Step::kRequest;
  }
  if (error == HPE_OK && n == input.size()) {
    input = {};
    return Step::kMore;
  }
  if (self.error_status == 0) {
    const bool large = error == HPE_HEADER_OVERFLOW;
    self.fail(large ? 431 : 400, large ? "Request Header Fields Too Large" : "Bad Request");
  }
  return Step::kFailed;
}

Http1Request Http1Parser::take() {
  CHECK(impl_->complete);
  impl_->complete = false;
  return std::move(impl_->request);
}

bool Http1Parser::in_request() const { return impl_->begun; }
bool Http1Parser::wants_continue() {
  const bool wants = impl_->begun && impl_->continue_wanted;
  impl_->continue_wanted = false;
  return wants;
}
int Http1Parser::error_status() const { return impl_->error_status; }
const std::string& Http1Parser::error_text() const { return impl_->error_text; }

std::string_view http_reason(int status) {
  if (status == 413) return "Request Entity Too Large";  // Go's name for it
  switch (status) {
#define KEELSON_STATUS(number, name, text) \
  case number:                             \
    return #text;
    HTTP_STATUS_MAP(KEELSON_STATUS)
#undef KEELSON_STATUS
    default:
      return {};
  }
}

std::string http1_head(int status,
                       const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(http_reason(status)).append("\r\n");
  for (const auto& [name, value] : headers) {
    bool first = true;
    for (const char c : name) {
      out += first ? upper(c) : c;
      first = c == '-';
    }
    out.append(": ").append(value).append("\r\n");
  }
  return out.append("\r\n");
}

}  // namespace keelson::io
