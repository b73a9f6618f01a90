#include "rpc/unary.h"

#include "rpc/errors.h"

namespace keelson::rpc {

void Unary::on_message(std::string_view bytes) {
  if (asked_) return;
  asked_ = true;
  if (const Status status = loop_.admit(call_, row(method_)); !status.ok()) return refuse(status);
  function_(*this, bytes);
}

void Unary::on_half_close() {
  if (asked_) return;
  asked_ = true;
  refuse(errors::no_request_message());
}

void Unary::on_answer(node::Answer&& answer) {
  warn_if_slow();
  if (!answer.status.ok()) return refuse(answer.status);
  reply(std::move(answer.body));
}

void Unary::reply(std::string body) {
  call_.send(std::move(body));
  call_.finish(Status());
}

void Unary::refuse(const Status& status) { call_.finish(status); }

void Unary::warn_if_slow() const {
  const Duration took = call_.now() - started_;
  const Environment& environment = loop_.environment();
  if (took <= environment.settings.warning_unary_duration) return;
  environment.log.warn("request stats", {{"time spent", took},
                                         {"remote", call_.peer_address()},
                                         {"response type", row(method_).path}});
}

}  // namespace keelson::rpc
