#include "peer/requests.h"

#include "peer/peer_limits.h"

namespace keelson::peer {

std::string_view FetchReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Request::Request(Context& context, RequestSpec spec, std::function<void(FetchReply&&)> done)
    : context_(context), spec_(std::move(spec)), done_(std::move(done)) {}

Request::~Request() {
  context_.loop.cancel(deadline_);
  context_.loop.cancel(retry_);
  if (exchange_) exchange_->close();
}

void Request::begin() {
  deadline_ = context_.loop.call_at(context_.loop.now() + spec_.timeout, [this] {
    deadline_ = 0;
    abandon(reply_.error.empty() ? "context deadline exceeded" : reply_.error);
  });
  attempt();
}

void Request::attempt() {
  if (spec_.urls.empty()) {
    reply_.error = "no peer URL";
    return finish();
  }
  const PeerUrl& url = spec_.urls[next_url_++ % spec_.urls.size()];
  exchange_ = std::make_shared<Exchange>(context_, url, *this);
  exchange_->request(spec_.method, spec_.path, spec_.headers, spec_.body);
  exchange_->begin();
}

void Request::on_head(const io::Http1Head& head) {
  reply_.status = head.status;
  reply_.headers = head.headers;
  reply_.body.clear();
}

void Request::on_body(std::string_view bytes) {
  if (reply_.body.size() + bytes.size() <= limits::kReplyBytes) {
    reply_.body.append(bytes);
    return;
  }
  reply_ = FetchReply();
  abandon("the answer is too large");
}

void Request::on_failure(const std::string& error) {
  reply_ = FetchReply();
  reply_.error = exchange_->url().text + ": " + error;
  const bool round_over = next_url_ % spec_.urls.size() == 0;
  if (round_over && spec_.once) return finish();
  const Duration pause = round_over ? Duration(limits::kRequestRetry) : Duration::zero();
  retry_ = context_.loop.call_at(context_.loop.now() + pause, [this] {
    retry_ = 0;
    attempt();
  });
}

void Request::abandon(const std::string& error) {
  const std::string text = error;  // may be a part of what is thrown away
  reply_ = FetchReply();
  reply_.error = text;
  finish();
}

void Request::finish() {
  if (exchange_) exchange_->close();
  context_.loop.cancel(std::exchange(deadline_, 0));
  context_.loop.cancel(std::exchange(retry_, 0));
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(reply_));
}

}  // namespace keelson::peer
