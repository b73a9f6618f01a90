#include "io/http1_stream.h"

#include <http_parser.h>

#include <algorithm>
#include <iterator>

namespace keelson::io {
namespace {

// What a header costs beside its bytes: many tiny ones must not be free.
constexpr size_t kHeaderOverhead = 32;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::string_view Http1Head::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

struct Http1Stream::Impl {
  Impl(Kind k, size_t bytes) : kind(k), header_bytes_max(bytes) {
    http_parser_init(&parser, kind == Kind::kRequests ? HTTP_REQUEST : HTTP_RESPONSE);
    parser.data = this;
  }
  static Impl& of(http_parser* p) { return *static_cast<Impl*>(p->data); }

  int fail(int status, std::string text) {
    error_status = status;
    error_text = std::move(text);
    return -1;
  }
  bool count(size_t bytes) {
    header_bytes += bytes;
    if (header_bytes <= header_bytes_max) return true;
    fail(431, "Request Header Fields Too Large");
    return false;
  }

  static int on_begin(http_parser* p);
  static int on_url(http_parser* p, const char* at, size_t size);
  static int on_field(http_parser* p, const char* at, size_t size);
  static int on_value(http_parser* p, const char* at, size_t size);
  static int on_headers(http_parser* p) { return of(p).headers_complete(); }
  static int on_body(http_parser* p, const char* at, size_t size);
  static int on_complete(http_parser* p);
  int headers_complete();
  int check_request() const;
  Step run(const char* data, size_t size, size_t& taken);

  const Kind kind;
  const size_t header_bytes_max;
  http_parser parser{};
  Http1Head head;
  std::vector<std::string_view> body;
  size_t header_bytes = 0;
  bool begun = false, in_value = false, in_trailers = false;
  bool paused_at_head = false, complete = false;
  int error_status = 0;
  std::string error_text;
};

int Http1Stream::Impl::on_begin(http_parser* p) {
  Impl& self = of(p);
  self.head = Http1Head();
  self.begun = true;
  self.in_value = self.in_trailers = false;
  self.header_bytes = 0;
  return 0;
}

int Http1Stream::Impl::on_url(http_parser* p, const char* at, size_t size) {
  Impl& self = of(p);
  if (!self.count(size)) return -1;
  self.head.target.append(at, size);
  return 0;
}

int Http1Stream::Impl::on_field(http_parser* p, const char* at, size_t size) {
  Impl& self = of(p);
  if (!self.count(size)) return -1;
  if (self.in_trailers) return 0;
  if (self.head.headers.empty() || self.in_value) {
    if (!self.count(kHeaderOverhead)) return -1;
    self.head.headers.emplace_back();
  }
  self.in_value = false;
  std::transform(at, at + size, std::back_inserter(self.head.headers.back().first), lower);
  return 0;
}

int Http1Stream::Impl::on_value(http_parser* p, const char* at, size_t size) {
  Impl& self = of(p);
  if (!self.count(size)) return -1;
  if (self.in_trailers) return 0;
  self.in_value = true;
  self.head.headers.back().second.append(at, size);
  return 0;
}

// Go demands a Host of HTTP/1.1, and one only.
int Http1Stream::Impl::check_request() const {
  const auto hosts = std::count_if(head.headers.begin(), head.headers.end(),
                                   [](const auto& h) { return h.first == "host"; });
  const bool http10 = parser.http_minor == 0;
  return parser.method == HTTP_CONNECT || hosts > 1 || (hosts == 0 && !http10) ? 400 : 0;
}

int Http1Stream::Impl::headers_complete() {
  parser.upgrade = 0;  // upgrades are not served
  if (parser.http_major != 1) return fail(505, "HTTP Version Not Supported");
  head.keep_alive = http_should_keep_alive(&parser) != 0;
  if (kind == Kind::kRequests) {
    head.method = http_method_str(static_cast<http_method>(parser.method));
    if (check_request() != 0) return fail(400, "Bad Request");
    head.wants_continue = head.header("expect") == "100-continue";
  } else {
    head.status = static_cast<int>(parser.status_code);
  }
  in_trailers = true;
  paused_at_head = true;
  http_parser_pause(&parser, 1);
  return 0;
}

int Http1Stream::Impl::on_body(http_parser* p, const char* at, size_t size) {
  of(p).body.emplace_back(at, size);
  return 0;
}

int Http1Stream::Impl::on_complete(http_parser* p) {
  Impl& self = of(p);
  self.complete = true;
  self.begun = false;
  http_parser_pause(p, 1);
  return 0;
}

Http1Stream::Step Http1Stream::Impl::run(const char* data, size_t size, size_t& taken) {
  static const http_parser_settings settings = [] {
    http_parser_settings s;
    http_parser_settings_init(&s);
    s.on_message_begin = on_begin;
    s.on_url = on_url;
    s.on_header_field = on_field;
    s.on_header_value = on_value;
    s.on_headers_complete = on_headers;
    s.on_body = on_body;
    s.on_message_complete = on_complete;
    return s;
  }();
  paused_at_head = complete = false;
  taken = http_parser_execute(&parser, &settings, data, size);
  const http_errno error = HTTP_PARSER_ERRNO(&parser);
  if (error == HPE_PAUSED) {
    http_parser_pause(&parser, 0);
    return complete ? Step::kEnd : Step::kHead;
  }
  if (error == HPE_OK && taken == size) return Step::kMore;
  if (error_status == 0) {
    const bool large = error == HPE_HEADER_OVERFLOW;
    fail(large ? 431 : 400, large ? "Request Header Fields Too Large" : "Bad Request");
  }
  return Step::kFailed;
}

Http1Stream::Http1Stream(Kind kind, size_t header_bytes)
    : impl_(std::make_unique<Impl>(kind, header_bytes)) {}
Http1Stream::~Http1Stream() = default;

Http1Stream::Step Http1Stream::feed(std::string_view& input) {
  impl_->body.clear();
  if (impl_->error_status != 0) return Step::kFailed;
  if (input.empty()) return Step::kMore;
  size_t taken = 0;
  const Step step = impl_->run(input.data(), input.size(), taken);
  if (step != Step::kFailed) input.remove_prefix(taken);
  return step;
}

Http1Stream::Step Http1Stream::finish() {
  impl_->body.clear();
  if (impl_->error_status != 0) return Step::kFailed;
  size_t taken = 0;
  return impl_->run(nullptr, 0, taken);
}

const std::vector<std::string_view>& Http1Stream::body() const { return impl_->body; }
const Http1Head& Http1Stream::head() const { return impl_->head; }
bool Http1Stream::in_message() const { return impl_->begun; }
int Http1Stream::error_status() const { return impl_->error_status; }
const std::string& Http1Stream::error_text() const { return impl_->error_text; }

}  // namespace keelson::io
