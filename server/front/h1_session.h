// HTTP/1.1 on one connection: requests one after the other, answers in their order. Loop thread
// only.
#pragma once

#include <memory>
#include <string>

#include "front/http_gate.h"
#include "front/loop_context.h"
#include "front/session.h"
#include "front/timer_wheel.h"
#include "io/http1.h"

namespace keelson::front {

class H1Session final : public Session, public Timed {
 public:
  H1Session(LoopContext& context, Link& link);

  void input(std::string_view bytes) override;
  bool input_end() override;
  void output(std::string& out, size_t limit) override;
  bool finished() const override { return closing_ && !busy() && out_.size() == out_sent_; }
  void drain() override;
  void closed() override;

  // Timed: a request or the next one took too long.
  void on_time(TimePoint now) override;

 private:
  bool busy() const { return exchange_ != nullptr; }
  void parse(std::string_view bytes);
  void serve(io::Http1Request&& raw);
  void respond(HttpResponse&& response);
  void write(const HttpResponse& response);
  void refuse(int status, const std::string& text);
  void arm();

  LoopContext& context_;
  Link& link_;
  io::Http1Parser parser_;
  std::string waiting_;  // pipelined input behind the request that is being served
  std::shared_ptr<HttpExchange> exchange_;  // while an answer is awaited
  bool parsing_ = false;
  bool paused_ = false;
  bool keep_alive_ = true, head_only_ = false, http10_ = false;  // of the request being served
  bool closing_ = false;                                         // nothing is read any more
  std::string out_;
  size_t out_sent_ = 0;
};

}  // namespace keelson::front
