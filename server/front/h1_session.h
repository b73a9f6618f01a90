// HTTP/1.1 on one connection.
#pragma once

#include "front/loop_context.h"
#include "front/session.h"

namespace keelson::front {

class H1Session final : public Session {
 public:
  H1Session(LoopContext&, Link& link) : link_(link) {}
  void input(std::string_view) override { link_.wants_flush(); }
  bool input_end() override { return false; }
  void output(std::string&, size_t) override {}
  bool finished() const override { return true; }
  void drain() override {}
  void closed() override {}

 private:
  Link& link_;
};

}  // namespace keelson::front
