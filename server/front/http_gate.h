// What stands before the HttpHandler for every HTTP request, whatever protocol carried it: the host
// check against DNS rebinding, CORS, OPTIONS. And the way an answer finds back to its connection.
#pragma once

#include <functional>
#include <memory>

#include "front/http_handler.h"
#include "front/loop_context.h"

namespace keelson::front {

// Where one answer goes. The transport drops its reference when the stream or connection dies; the
// answer then finds nobody.
class HttpExchange {
 public:
  using Reply = std::function<void(HttpResponse&&)>;
  explicit HttpExchange(Reply reply) : reply_(std::move(reply)) {}
  void abandon() { reply_ = nullptr; }
  void answer(HttpResponse&& response) {
    Reply reply = std::move(reply_);
    reply_ = nullptr;
    if (reply) reply(std::move(response));
  }

 private:
  Reply reply_;
};

// Checks the request and passes it on. The answer (with CORS headers, content length and date) goes
// to the exchange, now or later.
void handle_http(LoopContext& context, HttpRequest&& request,
                 std::shared_ptr<HttpExchange> exchange);

// Content-Length and Date, for answers that do not come from the handler.
void complete_headers(const LoopContext& context, HttpResponse& response);

// Splits "/path?query" into the request's two parts.
void set_target(HttpRequest& request, std::string_view target);

}  // namespace keelson::front
