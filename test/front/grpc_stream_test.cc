#include "front_fixture.h"

namespace keelson::front::test {
namespace {

using Stream = FrontFixture;

TEST_F(Stream, ServerStream_SendsAllThenStatus) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Server", framed("m"));
  settle(*c);
  EXPECT_EQ(c->replies[id].messages(), (std::vector<std::string>{"m0", "m1", "m2"}));
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
}

// grpc-go looks for the end of the request before it starts a server stream: two messages are
// refused and nothing has run.
TEST_F(Stream, ServerStreamTwoMessages_IsRefusedUnrun) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Server", framed("a"), false);
  settle(*c);
  EXPECT_TRUE(c->replies[id].body.empty());
  c->more(id, framed("b"), true);
  settle(*c);
  EXPECT_TRUE(c->replies[id].body.empty());
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "13");
  EXPECT_EQ(
      c->replies[id].trailer("grpc-message"),
      "cardinality violation: received multiple request messages for non-client-streaming RPC");
}

// The message came first, the end of the request later.
TEST_F(Stream, ServerStreamLateEnd_RunsAtTheEnd) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Server", framed(""), false);
  settle(*c);
  EXPECT_TRUE(c->replies[id].body.empty());
  c->more(id, "", true);
  settle(*c);
  EXPECT_EQ(c->replies[id].messages(), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(Stream, Bidi_AnswersAsItGoes) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Bidi", "", false);
  for (const char* text : {"a", "b", "c"}) {
    c->more(id, framed(text), false);
    settle(*c);
    EXPECT_EQ(c->replies[id].messages().back(), std::string("re:") + text);
  }
  EXPECT_FALSE(c->replies[id].closed);
  c->more(id, "", true);
  settle(*c);
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
  EXPECT_TRUE(c->replies[id].closed);
}

TEST_F(Stream, ClientStream_CountsMessages) {
  auto c = client();
  const int32_t id =
      c->call("/test.Svc/Client", framed("1") + framed("22") + framed("") + framed("4444"));
  settle(*c);
  EXPECT_EQ(c->replies[id].messages(), std::vector<std::string>{"4"});
}

// What several calls share is framed for each and leaves as one message.
TEST_F(Stream, SharedTail_IsOneMessageForEach) {
  auto c = client();
  const int32_t a = c->call("/test.Svc/Bidi", "", false);
  const int32_t b = c->call("/test.Svc/Bidi", "", false);
  settle(*c);
  const auto tail = std::make_shared<const std::string>("events");
  for (FakeHandler* handler : services.open) handler->call.send("head-", tail);
  settle(*c);
  EXPECT_EQ(c->replies[a].messages(), std::vector<std::string>{"head-events"});
  EXPECT_EQ(c->replies[b].messages(), std::vector<std::string>{"head-events"});
}

// A reader that opens no window parks its own answers and nobody else's.
TEST_F(Stream, SlowReader_BlocksOnlyItself) {
  auto slow = client();
  auto fast = client();
  const int32_t stuck = slow->call("/test.Svc/Bidi", "", false);
  settle(*slow);
  rpc::Call& call = services.open.at(0)->call;
  for (int i = 0; i < 100; i++) call.send(std::string(10'000, 'x'));
  settle(*slow);
  EXPECT_EQ(slow->replies[stuck].body.size(), 65535u);
  EXPECT_EQ(call.output_bytes(), 100u * 10'005 - 65535);
  const int32_t quick = fast->call("/test.Svc/Echo", framed("hi"));
  settle(*fast);
  EXPECT_EQ(fast->replies[quick].messages(), std::vector<std::string>{"hi"});
  EXPECT_EQ(services.open.at(0)->drained, 0);
}

// When the reader comes back, the handler hears of it once, below the mark, and all arrives in
// order.
TEST_F(Stream, ReaderComesBack_DrainsAndTells) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Bidi", "", false);
  settle(*c);
  FakeHandler& handler = *services.open.at(0);
  std::string expected;
  for (int i = 0; i < 100; i++) {
    const std::string part(10'000, static_cast<char>('a' + i % 26));
    expected += framed(part);
    handler.call.send(part);
  }
  size_t read = 0;
  while (c->replies[id].body.size() < expected.size()) {
    settle(*c);
    const size_t now = c->replies[id].body.size();
    ASSERT_GT(now, read);
    c->consume(id, now - read);
    read = now;
  }
  EXPECT_EQ(c->replies[id].body, expected);
  EXPECT_EQ(handler.drained, 1);
  EXPECT_EQ(handler.call.output_bytes(), 0u);
}

// A large answer leaves in pieces over several turns and arrives whole.
TEST_F(Stream, LargeAnswer_ArrivesWhole) {
  auto c = client((1u << 31) - 1);
  CHECK(nghttp2_session_set_local_window_size(c->session(), 0, 0, (1 << 30)) == 0);
  const int32_t id = c->call("/test.Svc/Hang", framed("x"));
  settle(*c);
  std::string big(40 << 20, '\0');
  for (size_t i = 0; i < big.size(); i += 4096) big[i] = static_cast<char>(i >> 12);
  const node::ReplyTo to = services.open.at(0)->call.reply_to();
  std::vector<node::Answer> answers(1);
  answers[0].call_id = to.call_id;
  answers[0].body = big;
  to.sink->deliver(std::move(answers));
  settle(*c);
  ASSERT_EQ(c->replies[id].body.size(), big.size() + kMessagePrefixBytes);
  EXPECT_EQ(std::string_view(c->replies[id].body).substr(kMessagePrefixBytes), big);
  EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
}

// The deadline also ends a call whose answer nobody reads.
TEST_F(Stream, DeadlineOfUnreadAnswer_FreesIt) {
  auto c = client();
  const int32_t id = c->call("/test.Svc/Hang", framed("x"), true, {{"grpc-timeout", "2S"}});
  settle(*c);
  FakeHandler& handler = *services.open.at(0);
  handler.call.send(std::string(1'000'000, 'x'));
  handler.call.finish({});
  settle(*c);
  EXPECT_FALSE(c->replies[id].closed);
  pass(std::chrono::seconds(3));
  settle(*c);
  EXPECT_TRUE(c->replies[id].closed);
  EXPECT_EQ(c->replies[id].error, static_cast<uint32_t>(NGHTTP2_CANCEL));
  EXPECT_EQ(server().context().calls.size(), 0u);
}

// 2,000 streams at once on one connection, as watch-heavy clients have them.
TEST_F(Stream, TwoThousandStreams_AllLive) {
  auto c = client();
  settle(*c);  // the server's limit must be known
  std::vector<int32_t> ids;
  for (int i = 0; i < 2000; i++) ids.push_back(c->call("/test.Svc/Bidi", framed("x"), false));
  settle(*c);
  EXPECT_EQ(services.open.size(), 2000u);
  for (const int32_t id : ids) {
    c->consume(id, c->replies[id].body.size());
    c->more(id, "", true);
  }
  settle(*c);
  EXPECT_TRUE(services.open.empty());
  for (const int32_t id : ids) EXPECT_EQ(c->replies[id].trailer("grpc-status"), "0");
}

}  // namespace
}  // namespace keelson::front::test
