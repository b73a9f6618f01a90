// The services with nothing real around them: calls in memory, a node that answers when told, one
// client loop stepped by hand.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/wire.h"
#include "io/event_loop.h"
#include "rpc/methods.h"
#include "rpc/services.h"
#include "support/fake_clock.h"

namespace keelson::test {

// Builds protobuf bytes field by field, also such that no encoder would write.
class Message {
 public:
  Message& number(uint32_t field, int64_t value) {
    wire::put_tag(bytes_, field, wire::Type::kVarint);
    put_varint(bytes_, static_cast<uint64_t>(value));
    return *this;
  }
  Message& text(uint32_t field, std::string_view value) {
    wire::put_message(bytes_, field, value);
    return *this;
  }
  Message& message(uint32_t field, const Message& value) { return text(field, value.bytes_); }
  Message& raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  operator const std::string&() const { return bytes_; }
  operator std::string_view() const { return bytes_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class FakeCall final : public rpc::Call {
 public:
  explicit FakeCall(io::EventLoop& events, node::AnswerSink* sink, uint64_t id)
      : events_(events), reply_to_{sink, id} {}

  std::string_view metadata(std::string_view key) const override {
    const auto found = headers.find(std::string(key));
    return found == headers.end() ? std::string_view() : found->second;
  }
  std::string_view peer_address() const override { return "127.0.0.1:1"; }
  std::string_view certificate_name() const override { return {}; }
  std::optional<TimePoint> deadline() const override { return deadline_at; }
  TimePoint now() const override { return events_.now(); }
  node::ReplyTo reply_to() override { return reply_to_; }
  void send(std::string message) override {
    EXPECT_FALSE(ended.has_value());
    sent.push_back(std::move(message));
  }
  void send(std::string head, std::shared_ptr<const std::string> tail) override {
    send(head + *tail);
  }
  void finish(const Status& status) override {
    EXPECT_FALSE(ended.has_value());
    ended = status;
  }
  size_t output_bytes() const override { return unread_bytes; }

  std::map<std::string, std::string> headers;
  std::optional<TimePoint> deadline_at;
  std::vector<std::string> sent;
  std::optional<Status> ended;
  size_t unread_bytes = 0;
  std::unique_ptr<rpc::Handler> handler;

 private:
  io::EventLoop& events_;
  const node::ReplyTo reply_to_;
};

class FakeNode final : public node::Node {
 public:
  void submit(std::vector<node::Request>&& requests) override {
    submissions++;
    for (node::Request& request : requests) asked.push_back(std::move(request));
  }
  void add_watch_sink(node::WatchSink* added) override { sink = added; }
  void count_prev_kv_watchers(int delta) override { prev_kv_watchers += delta; }
  node::Facts facts() const override { return now; }
  std::string members_json() const override { return "[]"; }

  std::deque<node::Request> asked;
  int submissions = 0;
  int prev_kv_watchers = 0;
  node::WatchSink* sink = nullptr;
  node::Facts now;
};

// One loop with its services. Answers go straight to the handler of the call that they name.
class Bench final : public node::AnswerSink {
 public:
  explicit Bench(rpc::Settings settings = {})
      : events(io::EventLoop::create(clock)), services(node, settings, clock, log, registry, 1) {
    node.now.cluster = ClusterId(7);
    node.now.member = MemberId(0x8e9e05c52164694d);
    node.now.leader = node.now.member;
    node.now.term = Term(3);
    node.now.revision = Revision(5);
    services.attach(0, *events);
  }
  ~Bench() override { calls_.clear(); }

  FakeCall& open(std::string_view path, std::map<std::string, std::string> headers = {}) {
    auto call = std::make_unique<FakeCall>(*events, this, calls_.size());
    call->headers = std::move(headers);
    FakeCall& out = *calls_.emplace_back(std::move(call));
    const rpc::MethodId method = services.find(path);
    EXPECT_NE(method, rpc::kUnknownMethod) << path;
    out.handler = services.start(method, out, 0);
    return out;
  }
  // A call with its only message, one turn later.
  FakeCall& call(std::string_view path, const std::string& request,
                 std::map<std::string, std::string> headers = {}) {
    FakeCall& out = open(path, std::move(headers));
    if (out.handler) out.handler->on_message(request);
    if (out.handler && !out.ended) out.handler->on_half_close();
    turn();
    return out;
  }
  void turn() { events->run_once(); }
  void advance(Duration by) {
    clock.advance(by);
    turn();
  }

  // How the call ended without ever reaching the node.
  Status refusal(std::string_view path, const std::string& request) {
    const FakeCall& done = call(path, request);
    EXPECT_TRUE(node.asked.empty());
    node.asked.clear();
    EXPECT_TRUE(done.sent.empty());
    EXPECT_TRUE(done.ended.has_value());
    return done.ended.value_or(Status());
  }
  // What the call asked of the node; the request is then forgotten.
  template <typename What>
  What asked(std::string_view path, const std::string& request) {
    const FakeCall& waiting = call(path, request);
    EXPECT_FALSE(waiting.ended.has_value()) << waiting.ended->text();
    return take<What>();
  }
  template <typename What>
  What take() {
    EXPECT_FALSE(node.asked.empty());
    if (node.asked.empty()) return What();
    node::Request request = std::move(node.asked.front());
    node.asked.pop_front();
    last_to = request.to;
    last_tag = request.tag;
    EXPECT_TRUE(std::holds_alternative<What>(request.what));
    auto* what = std::get_if<What>(&request.what);
    return what != nullptr ? std::move(*what) : What();
  }

  // Answers the request that was taken last.
  void answer(Status status, std::string body, bool last = true,
              std::shared_ptr<void> object = nullptr) {
    std::vector<node::Answer> answers;
    answers.push_back(
        {last_to.call_id, last_tag, std::move(status), std::move(body), std::move(object), last});
    last_to.sink->deliver(std::move(answers));
    turn();
  }
  void deliver(std::vector<node::Answer>&& answers) override {
    for (node::Answer& answer : answers) {
      FakeCall& call = *calls_.at(answer.call_id);
      if (call.handler && !call.ended) call.handler->on_answer(std::move(answer));
    }
  }
  // As front does it soon after the end of a call.
  void bury(FakeCall& call) { call.handler.reset(); }

  FakeClock clock;
  NullLog log;
  Registry registry;
  FakeNode node;
  std::unique_ptr<io::EventLoop> events;
  rpc::EtcdServices services;
  node::ReplyTo last_to;
  uint32_t last_tag = 0;

 private:
  std::vector<std::unique_ptr<FakeCall>> calls_;
};

}  // namespace keelson::test
