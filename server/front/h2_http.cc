#include "front/h2_http.h"

#include <utility>

namespace keelson::front {

void H2Http::start(H2Port& port, RequestHead& head) {
  port_ = &port;
  request_.method.swap(head.method);
  set_target(request_, head.path);
  head.others.for_each([&](std::string_view name, std::string_view value) {
    request_.headers.emplace_back(name, value);
    return true;
  });
  if (!head.content_type.empty()) request_.headers.emplace_back("content-type", head.content_type);
  if (!head.authority.empty()) request_.headers.emplace_back("host", head.authority);
  request_.peer = link_.peer();
  request_.certificate_name = link_.certificate_name();
  request_.secure = link_.secure();
}

void H2Http::on_data(std::string_view bytes, bool) {
  if (answered_) return;
  held_ += bytes.size();
  const bool fits = port_->add_held_input(static_cast<ptrdiff_t>(bytes.size()));
  if (fits && held_ <= context_.settings.message_bytes_max) {
    request_.body.append(bytes);
    return;
  }
  HttpResponse response = http_error(413, "Request Entity Too Large");
  complete_headers(context_, response);
  respond(std::move(response));
}

void H2Http::release_input() {
  (void)port_->add_held_input(-static_cast<ptrdiff_t>(held_));
  held_ = 0;
}

void H2Http::on_end() {
  if (answered_) return;
  exchange_ = std::make_shared<HttpExchange>([this](HttpResponse&& r) { respond(std::move(r)); });
  head_only_ = request_.method == "HEAD";
  release_input();
  handle_http(context_, std::move(request_), exchange_);
}

void H2Http::respond(HttpResponse&& response) {
  if (std::exchange(answered_, true)) return;
  if (!head_only_) body_ = std::move(response.body);
  port_->add_parked_output(static_cast<ptrdiff_t>(body_.size()));
  port_->submit_http_response(*this, response);
}

void H2Http::take_output(size_t bytes, std::string& out) {
  out.append(body_, sent_, bytes);
  sent_ += bytes;
  port_->add_parked_output(-static_cast<ptrdiff_t>(bytes));
}

void H2Http::on_closed() {
  if (exchange_) exchange_->abandon();
  release_input();
  port_->add_parked_output(-static_cast<ptrdiff_t>(output_ready()));
}

}  // namespace keelson::front
