#include "front/h1_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "front/front_limits.h"

namespace keelson::front {
namespace {

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

H1Session::H1Session(LoopContext& context, Link& link)
    : context_(context),
      link_(link),
      parser_({limits::kHttp1HeaderBytes, context.settings.message_bytes_max}) {
  arm();
}

// Between requests the client may be quiet for long; a request that has begun has to get on.
void H1Session::arm() {
  if (busy() || closing_) return context_.connection_timers.clear(*this);
  const Duration patience =
      parser_.in_request() ? limits::kHttp1HeaderTime : limits::kHttp1IdleTime;
  context_.connection_timers.set(*this, context_.loop.now() + patience);
}

void H1Session::on_time(TimePoint) {
  if (parser_.in_request()) {
    refuse(408, "Request Timeout");
  } else {
    closing_ = true;
  }
  link_.wants_flush();
}

void H1Session::input(std::string_view bytes) {
  if (closing_) return;
  if (!busy()) return parse(bytes);
  waiting_.append(bytes);
  if (waiting_.size() > limits::kHttp1PipelineBytes && !std::exchange(paused_, true))
    link_.pause_input(true);
}

void H1Session::parse(std::string_view bytes) {
  parsing_ = true;
  const bool had_begun = parser_.in_request();
  while (!busy() && !closing_ && !bytes.empty()) {
    const auto step = parser_.feed(bytes);
    if (step == io::Http1Parser::Step::kRequest) serve(parser_.take());
    if (step == io::Http1Parser::Step::kFailed)
      refuse(parser_.error_status(), parser_.error_text());
  }
  parsing_ = false;
  waiting_.assign(bytes);
  if (parser_.wants_continue()) {
    out_.append(io::kHttp1Continue);
    link_.wants_flush();
  }
  // One clock for the whole request: a byte now and then must not win more time.
  if (!(had_begun && parser_.in_request())) arm();
}

void H1Session::serve(io::Http1Request&& raw) {
  keep_alive_ = raw.keep_alive;
  head_only_ = raw.method == "HEAD";
  http10_ = raw.http10;
  HttpRequest request;
  request.method = std::move(raw.method);
  set_target(request, raw.target);
  request.headers = std::move(raw.headers);
  request.body = std::move(raw.body);
  request.peer = link_.peer();
  request.certificate_name = link_.certificate_name();
  request.secure = link_.secure();
  exchange_ = std::make_shared<HttpExchange>([this](HttpResponse&& r) { respond(std::move(r)); });
  // The answer may come before this returns and drop the session's reference.
  const std::shared_ptr<HttpExchange> exchange = exchange_;
  handle_http(context_, std::move(request), exchange);
}

void H1Session::respond(HttpResponse&& response) {
  exchange_.reset();
  if (!keep_alive_) closing_ = true;
  write(response);
  if (parsing_ || closing_) return;
  if (std::exchange(paused_, false)) link_.pause_input(false);
  parse(std::exchange(waiting_, {}));
}

void H1Session::write(const HttpResponse& response) {
  auto headers = response.headers;
  if (closing_) {
    headers.emplace_back("connection", "close");
  } else if (http10_) {
    headers.emplace_back("connection", "keep-alive");
  }
  out_.append(io::http1_head(response.status, headers));
  if (!head_only_ && has_body(response.status)) out_.append(response.body);
  link_.wants_flush();
}

// In Go's form: the reason once more as the body.
void H1Session::refuse(int status, const std::string& text) {
  closing_ = true;
  HttpResponse response;
  response.status = status;
  response.headers = {{"content-type", "text/plain; charset=utf-8"}};
  response.body = std::to_string(status) + " " + text;
  complete_headers(context_, response);
  head_only_ = false;
  write(response);
}

bool H1Session::input_end() {
  closing_ = true;
  keep_alive_ = false;
  return busy() || out_.size() > out_sent_;
}

void H1Session::output(std::string& out, size_t limit) {
  const size_t n = std::min(limit, out_.size() - out_sent_);
  out.append(out_, out_sent_, n);
  out_sent_ += n;
  if (out_sent_ < out_.size()) return;
  std::string().swap(out_);
  out_sent_ = 0;
}

void H1Session::drain() {
  if (busy()) {
    keep_alive_ = false;
  } else {
    closing_ = true;
  }
  link_.wants_flush();
}

void H1Session::closed() {
  context_.connection_timers.clear(*this);
  if (exchange_) exchange_->abandon();
  exchange_.reset();
  closing_ = true;
}

}  // namespace keelson::front
