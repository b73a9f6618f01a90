// A few methods with every shape of call, and a record of what happened to them.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "rpc/call.h"

namespace keelson::front::test {

class FakeServices;

// Does what the method's name says; the tests reach it through FakeServices::open.
class FakeHandler final : public rpc::Handler {
 public:
  FakeHandler(FakeServices& services, rpc::MethodId method, rpc::Call& call);
  ~FakeHandler() override;
  void on_message(std::string_view bytes) override;
  void on_half_close() override;
  void on_answer(node::Answer&& answer) override;
  void on_drained() override;
  void on_cancel() override;

  FakeServices& services;
  const rpc::MethodId method;
  rpc::Call& call;
  std::vector<std::string> messages;
  bool half_closed = false;
  int drained = 0;
  int cancelled = 0;
};

class FakeServices final : public rpc::Services {
 public:
  enum Method : rpc::MethodId { kEcho, kFail, kHang, kServer, kBidi, kClient, kRefuse, kMethods };

  std::vector<FakeHandler*> open;
  std::vector<Code> codes;  // of calls that ended
  int started = 0, cancelled = 0, destroyed = 0;
  size_t received = 0, sent = 0;
  Status fail_with{Code::kInvalidArgument, "etcdserver: key is not provided"};

  rpc::MethodId find(std::string_view path) const override {
    static const std::map<std::string_view, rpc::MethodId> methods = {
        {"/test.Svc/Echo", kEcho},     {"/test.Svc/Fail", kFail}, {"/test.Svc/Hang", kHang},
        {"/test.Svc/Server", kServer}, {"/test.Svc/Bidi", kBidi}, {"/test.Svc/Client", kClient},
        {"/test.Svc/Refuse", kRefuse}};
    const auto it = methods.find(path);
    return it == methods.end() ? rpc::kUnknownMethod : it->second;
  }
  rpc::Kind kind(rpc::MethodId method) const override {
    switch (method) {
      case kServer:
        return rpc::Kind::kServerStream;
      case kBidi:
        return rpc::Kind::kBidi;
      case kClient:
        return rpc::Kind::kClientStream;
      default:
        return rpc::Kind::kUnary;
    }
  }
  std::string unknown_text(std::string_view path) const override {
    return "unknown path " + std::string(path);
  }
  std::unique_ptr<rpc::Handler> start(rpc::MethodId method, rpc::Call& call, int) override {
    started++;
    if (method == kRefuse) {
      call.finish({Code::kUnauthenticated, "etcdserver: invalid auth token"});
      return nullptr;
    }
    return std::make_unique<FakeHandler>(*this, method, call);
  }
  void ended(rpc::MethodId, Code code, TimePoint, TimePoint) override { codes.push_back(code); }
  void message_received(rpc::MethodId, size_t bytes) override { received += bytes; }
  void message_sent(rpc::MethodId, size_t bytes) override { sent += bytes; }
};

inline FakeHandler::FakeHandler(FakeServices& s, rpc::MethodId m, rpc::Call& c)
    : services(s), method(m), call(c) {
  services.open.push_back(this);
}
inline FakeHandler::~FakeHandler() {
  services.destroyed++;
  std::erase(services.open, this);
}
inline void FakeHandler::on_message(std::string_view bytes) {
  messages.emplace_back(bytes);
  switch (method) {
    case FakeServices::kEcho:
      call.send(std::string(bytes));
      call.finish({});
      break;
    case FakeServices::kFail:
      call.finish(services.fail_with);
      break;
    case FakeServices::kServer:
      for (int i = 0; i < 3; i++) call.send(std::string(bytes) + std::to_string(i));
      call.finish({});
      break;
    case FakeServices::kBidi:
      call.send("re:" + std::string(bytes));
      break;
    default:
      break;
  }
}
inline void FakeHandler::on_half_close() {
  half_closed = true;
  if (method == FakeServices::kBidi) call.finish({});
  if (method == FakeServices::kClient) {
    call.send(std::to_string(messages.size()));
    call.finish({});
  }
}
inline void FakeHandler::on_answer(node::Answer&& answer) {
  if (answer.status.ok()) call.send(std::move(answer.body));
  call.finish(answer.status);
}
inline void FakeHandler::on_drained() { drained++; }
inline void FakeHandler::on_cancel() {
  cancelled++;
  services.cancelled++;
}

}  // namespace keelson::front::test
