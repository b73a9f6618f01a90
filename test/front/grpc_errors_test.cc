#include "front_fixture.h"

namespace keelson::front::test {
namespace {

struct Errors : FrontFixture {
  Reply ask(const HeaderList& headers, std::string body = framed("x")) {
    auto c = client();
    const int32_t id = c->request(headers, std::move(body), true);
    settle(*c);
    return c->replies[id];
  }
  static HeaderList grpc(HeaderList extra = {}) {
    HeaderList headers = {{":method", "POST"},
                          {":scheme", "http"},
                          {":path", "/test.Svc/Echo"},
                          {":authority", "a"},
                          {"content-type", "application/grpc"}};
    for (auto& header : extra) {
      const auto same = std::find_if(headers.begin(), headers.end(),
                                     [&](const auto& h) { return h.first == header.first; });
      if (same == headers.end()) {
        headers.push_back(header);
      } else {
        same->second = header.second;
      }
    }
    return headers;
  }
  static void expect(const Reply& reply, const std::string& http, const std::string& code,
                     const std::string& text) {
    EXPECT_EQ(reply.header(":status"), http);
    EXPECT_EQ(reply.header("content-type"), "application/grpc");
    EXPECT_EQ(reply.trailer("grpc-status"), code);
    EXPECT_EQ(reply.trailer("grpc-message"), text);
    EXPECT_EQ(reply.header_blocks, 1);
    EXPECT_TRUE(reply.closed);
  }
};

TEST_F(Errors, WrongContentType_Is415) {
  expect(ask(grpc({{"content-type", "application/json"}})), "415", "3",
         "invalid gRPC request content-type \"application/json\"");
  expect(ask(grpc({{"content-type", "application/grpcx"}})), "415", "3",
         "invalid gRPC request content-type \"application/grpcx\"");
  EXPECT_EQ(services.started, 0);
}

TEST_F(Errors, ContentTypeWithSuffix_IsFine) {
  for (const char* type : {"application/grpc+proto", "application/grpc;charset=x"}) {
    EXPECT_EQ(ask(grpc({{"content-type", type}})).trailer("grpc-status"), "0");
  }
}

TEST_F(Errors, WrongMethod_Is405) {
  expect(ask(grpc({{":method", "GET"}})), "405", "13",
         "Received a HEADERS frame with :method \"GET\" which should be POST");
}

TEST_F(Errors, BadTimeout_Is400) {
  expect(ask(grpc({{"grpc-timeout", "10"}})), "400", "13",
         "malformed grpc-timeout: transport: timeout unit is not recognized: \"10\"");
  expect(ask(grpc({{"grpc-timeout", "123456789S"}})), "400", "13",
         "malformed grpc-timeout: transport: timeout string is too long: \"123456789S\"");
  expect(ask(grpc({{"grpc-timeout", "S"}})), "400", "13",
         "malformed grpc-timeout: transport: timeout string is too short: \"S\"");
}

TEST_F(Errors, ZeroTimeout_IsOverAtOnce) {
  expect(ask(grpc({{"grpc-timeout", "0m"}})), "200", "4", "context deadline exceeded");
  EXPECT_EQ(services.started, 0);
}

// A timeout beyond what time can count is no timeout.
TEST_F(Errors, EndlessTimeout_IsNone) {
  EXPECT_EQ(ask(grpc({{"grpc-timeout", "99999999H"}})).trailer("grpc-status"), "0");
}

TEST_F(Errors, UnknownMethods_AreUnimplemented) {
  expect(ask(grpc({{":path", "/test.Svc/None"}})), "200", "12", "unknown path /test.Svc/None");
  expect(ask(grpc({{":path", "/none"}})), "200", "12", "malformed method name: \"/none\"");
}

// No compressor is registered, as in etcd: a compressed message is refused by its encoding's name;
// messages that are not compressed pass.
TEST_F(Errors, Gzip_IsUnimplemented) {
  expect(ask(grpc({{"grpc-encoding", "gzip"}}), framed("x", 1)), "200", "12",
         "grpc: Decompressor is not installed for grpc-encoding \"gzip\"");
  EXPECT_EQ(ask(grpc({{"grpc-encoding", "gzip"}})).trailer("grpc-status"), "0");
  EXPECT_EQ(ask(grpc({{"grpc-encoding", "identity"}})).trailer("grpc-status"), "0");
}

TEST_F(Errors, CompressedFlagAlone_IsInternal) {
  expect(ask(grpc(), framed("x", 1)), "200", "13",
         "grpc: compressed flag set with identity or empty encoding");
  expect(ask(grpc(), framed("x", 7)), "200", "13", "grpc: received unexpected payload format 7");
}

// The length alone refuses: nothing of the message has to come.
TEST_F(Errors, OversizedMessage_IsRefusedByItsLength) {
  std::string prefix(kMessagePrefixBytes, '\0');
  put_message_prefix(prefix.data(), 2'097'153);
  expect(ask(grpc(), prefix + "abc"), "200", "8",
         "grpc: received message larger than max (2097153 vs. 2097152)");
}

TEST_F(Errors, LargestMessage_IsTaken) {
  const std::string largest(2'097'152, 'x');
  auto c = client();
  const int32_t id = c->call("/test.Svc/Client", framed(largest));
  settle(*c);
  EXPECT_EQ(c->replies[id].messages(), std::vector<std::string>{"1"});
  EXPECT_EQ(services.received, largest.size());
}

TEST_F(Errors, NoMessageOrHalfAMessage_EndsAsInGo) {
  expect(ask(grpc(), ""), "200", "2", "EOF");
  expect(ask(grpc(), framed("abc").substr(0, 6)), "200", "2", "unexpected EOF");
  expect(ask(grpc({{":path", "/test.Svc/Server"}}), ""), "200", "13",
         "cardinality violation: received no request message from non-client-streaming RPC");
  expect(ask(grpc({{":path", "/test.Svc/Bidi"}}), std::string(2, '\0')), "200", "13",
         "unexpected EOF");
  EXPECT_EQ(services.cancelled, 4);
}

// Header lists beyond the limit end the stream and not the connection.
TEST_F(Errors, HugeHeaders_ResetTheStream) {
  auto c = client();
  HeaderList headers = grpc();
  for (int i = 0; i < 20; i++)
    headers.emplace_back("x-" + std::to_string(i), std::string(4000, 'h'));
  const int32_t bad = c->request(headers, framed("x"), true);
  settle(*c);
  EXPECT_TRUE(c->replies[bad].closed);
  EXPECT_NE(c->replies[bad].error, 0u);
  const int32_t good = c->call("/test.Svc/Echo", framed("x"));
  settle(*c);
  EXPECT_EQ(c->replies[good].trailer("grpc-status"), "0");
}

// Unfinished requests of one connection are bounded together.
TEST_F(Errors, ManyUnfinishedRequests_AreBounded) {
  auto c = client();
  settle(*c);
  std::string most = framed(std::string(2'000'000, 'x'));
  most.pop_back();
  std::vector<int32_t> ids;
  for (int i = 0; i < 80; i++) {
    ids.push_back(c->call("/test.Svc/Client", most, false));
    settle(*c);
  }
  EXPECT_EQ(c->replies[ids.front()].header_blocks, 0);
  EXPECT_EQ(c->replies[ids.back()].trailer("grpc-status"), "8");
  EXPECT_LT(services.open.size(), 70u);
}

// Without HTTP on a plain gRPC port even /version is a call, and a bad one: as in etcd.
TEST_F(Errors, PlainHttp2Get_IsNotServedOnCleartext) {
  const Reply reply =
      ask({{":method", "GET"}, {":scheme", "http"}, {":path", "/hello"}, {":authority", "a"}}, "");
  expect(reply, "415", "3", "invalid gRPC request content-type \"\"");
}

}  // namespace
}  // namespace keelson::front::test
