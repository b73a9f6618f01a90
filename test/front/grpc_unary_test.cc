#include "front_fixture.h"

namespace keelson::front::test {
namespace {

using Unary = FrontFixture;

// The whole way of a call: headers, one message, trailers, and nothing is left behind.
TEST_F(Unary, Echo_AnswersWithTrailers) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Echo", framed("hello"));
  settle(*c);
  const Reply& reply = c->replies[id];
  EXPECT_TRUE(reply.closed);
  EXPECT_EQ(reply.error, 0u);
  EXPECT_EQ(reply.header(":status"), "200");
  EXPECT_EQ(reply.header("content-type"), "application/grpc");
  EXPECT_EQ(reply.messages(), std::vector<std::string>{"hello"});
  EXPECT_EQ(reply.trailer("grpc-status"), "0");
  EXPECT_EQ(reply.header_blocks, 2);
  EXPECT_EQ(services.codes, std::vector<Code>{Code::kOk});
  EXPECT_EQ(services.destroyed, 1);
  EXPECT_EQ(server().context().calls.size(), 0u);
}

// An error before any message is one HEADERS frame: clients take it as "trailers only".
TEST_F(Unary, Error_IsTrailersOnly) {
  auto c = client();
  services.fail_with = {Code::kOutOfRange, "etcdserver: 100% r\u00e9vision\n"};
  const int32_t id = c->call("/test.Svc/Fail", framed("x"));
  settle(*c);
  const Reply& reply = c->replies[id];
  EXPECT_EQ(reply.header_blocks, 1);
  EXPECT_TRUE(reply.body.empty());
  EXPECT_EQ(reply.trailer("grpc-status"), "11");
  EXPECT_EQ(reply.trailer("grpc-message"), "etcdserver: 100%25 r%C3%A9vision%0A");
}

// All answers of a turn must leave in one send: that is where the speed comes from.
TEST_F(Unary, ManyCallsInOneTurn_AnswerInOnePiece) {
  auto c = client();
  settle(*c);
  c->receives = 0;
  for (int i = 0; i < 50; i++) c->call("/test.Svc/Echo", framed("v" + std::to_string(i)));
  c->step();
  loop->run_once();
  c->step();
  EXPECT_EQ(c->receives, 1);
  EXPECT_EQ(services.codes.size(), 50u);
}

// A message that comes byte by byte is the same message.
TEST_F(Unary, MessageInPieces_IsPutTogether) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Echo", "", false);
  const std::string body = framed("abcdefgh");
  for (size_t i = 0; i < body.size(); i++) {
    c->more(id, body.substr(i, 1), i + 1 == body.size());
    settle(*c);
  }
  EXPECT_EQ(c->replies[id].messages(), std::vector<std::string>{"abcdefgh"});
}

// Answers come from the node's thread, named by call id; ids of calls that ended find nobody.
TEST_F(Unary, AnswerFromAnotherThread_FindsItsCall) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  ASSERT_EQ(services.open.size(), 1u);
  const node::ReplyTo to = services.open[0]->call.reply_to();
  std::vector<node::Answer> answers(2);
  answers[0].call_id = answers[1].call_id = to.call_id;
  answers[0].body = "from the node";
  to.sink->deliver(std::move(answers));
  settle(*c);
  EXPECT_EQ(c->replies[id].messages(), std::vector<std::string>{"from the node"});
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
  EXPECT_TRUE(services.open.empty());
}

// A service may refuse a call before there is a handler.
TEST_F(Unary, RefusedAtStart_GetsItsStatus) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Refuse", framed("x"));
  settle(*c);
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "16");
  EXPECT_EQ(c->replies[id].trailer("grpc-message"), "etcdserver: invalid auth token");
  EXPECT_EQ(services.codes, std::vector<Code>{Code::kUnauthenticated});
}

// An answer before the request has ended tells the client to stop sending, without an error.
TEST_F(Unary, AnsweredBeforeTheEnd_ResetsWithNoError) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Echo", framed("x"), false);
  settle(*c);
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
  EXPECT_TRUE(c->replies[id].closed);
  EXPECT_EQ(c->replies[id].error, 0u);
  EXPECT_EQ(server().context().calls.size(), 0u);
}

// The client's reset frees the call: its handler learns it, its slot is free.
TEST_F(Unary, ClientReset_CancelsHandler) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  c->reset(id);
  settle(*c);
  EXPECT_EQ(services.cancelled, 1);
  EXPECT_EQ(services.destroyed, 1);
  EXPECT_EQ(services.codes, std::vector<Code>{Code::kCanceled});
  EXPECT_EQ(server().context().calls.size(), 0u);
}

// So does the death of the connection, for all its calls.
TEST_F(Unary, ConnectionDies_CancelsAll) {
  auto c = client();
  for (int i = 0; i < 10; i++) c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  c.reset();
  loop->run_once();
  EXPECT_EQ(services.cancelled, 10);
  EXPECT_EQ(services.destroyed, 10);
  EXPECT_EQ(server().connections(), 0u);
}

// grpc-timeout ends the work and answers; not before its time.
TEST_F(Unary, DeadlinePasses_EndsCall) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Hang", framed("x"), true, {{"grpc-timeout", "1500m"}});
  settle(*c);
  EXPECT_EQ(services.open.at(0)->call.deadline(), clock.now() + std::chrono::milliseconds(1500));
  pass(std::chrono::milliseconds(1499));
  EXPECT_EQ(services.cancelled, 0);
  pass(std::chrono::milliseconds(5));
  settle(*c);
  EXPECT_EQ(services.cancelled, 1);
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "4");
  EXPECT_EQ(c->replies[id].trailer("grpc-message"), "context deadline exceeded");
  EXPECT_EQ(services.codes, std::vector<Code>{Code::kDeadlineExceeded});
}

// Metadata is there for the life of the call, and only what was sent.
TEST_F(Unary, Metadata_IsFoundByName) {
  auto c = client();
  c->call("/test.Svc/Hang", framed("x"), true, {{"token", "abc"}, {"hasleader", "true"}});
  settle(*c);
  const rpc::Call& call = services.open.at(0)->call;
  EXPECT_EQ(call.metadata("token"), "abc");
  EXPECT_EQ(call.metadata("hasleader"), "true");
  EXPECT_EQ(call.metadata(":authority"), "test");
  EXPECT_EQ(call.metadata("authorization"), "");
  EXPECT_EQ(call.peer_address(), "10.1.2.3:4567");
  EXPECT_EQ(call.certificate_name(), "");
}

}  // namespace
}  // namespace keelson::front::test
