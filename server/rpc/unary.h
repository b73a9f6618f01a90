// One unary call: the checks that all share, then the function of its method, then the node's
// answer.
#pragma once

#include <string>
#include <string_view>

#include "rpc/loop.h"

namespace keelson::rpc {

class Unary;
using UnaryFunction = void (*)(Unary& call, std::string_view request);

class Unary final : public Handler {
 public:
  Unary(Loop& loop, Call& call, MethodId method, UnaryFunction function)
      : loop_(loop), call_(call), function_(function), method_(method), started_(call.now()) {}

  void on_message(std::string_view bytes) override;
  void on_half_close() override;
  void on_answer(node::Answer&& answer) override;

  // For the functions: exactly one of ask, reply and refuse, once.
  template <typename What>
  void ask(What&& what) {
    loop_.submit(call_, std::forward<What>(what));
  }
  void reply(std::string body);
  void refuse(const Status& status);

  Loop& loop() { return loop_; }
  const Settings& settings() const { return loop_.environment().settings; }
  node::Facts facts() const { return loop_.environment().node.facts(); }

 private:
  void warn_if_slow() const;

  Loop& loop_;
  Call& call_;
  const UnaryFunction function_;
  const MethodId method_;
  const TimePoint started_;
  bool asked_ = false;
};

}  // namespace keelson::rpc
