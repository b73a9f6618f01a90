// A plain HTTP request on an HTTP/2 stream: collects it, hands it on, sends the answer.
#pragma once

#include <memory>
#include <string>

#include "front/h2_stream.h"
#include "front/http_gate.h"
#include "front/loop_context.h"
#include "front/session.h"

namespace keelson::front {

class H2Http final : public H2Stream {
 public:
  H2Http(LoopContext& context, Link& link) : context_(context), link_(link) {}

  void start(H2Port& port, RequestHead& head) override;
  void on_data(std::string_view bytes, bool last) override;
  void on_end() override;
  void on_closed() override;
  void release() override { delete this; }
  size_t output_ready() const override { return body_.size() - sent_; }
  bool output_complete() const override { return true; }
  void take_output(size_t bytes, std::string& out) override;
  const Status* trailers() const override { return nullptr; }

 private:
  void respond(HttpResponse&& response);
  void release_input();

  LoopContext& context_;
  Link& link_;
  H2Port* port_ = nullptr;
  HttpRequest request_;
  std::shared_ptr<HttpExchange> exchange_;  // while an answer is awaited
  size_t held_ = 0;                         // bytes of the body, as told to the port
  bool head_only_ = false;
  bool answered_ = false;
  std::string body_;
  size_t sent_ = 0;
};

}  // namespace keelson::front
