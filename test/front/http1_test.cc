#include "front_fixture.h"

namespace keelson::front::test {
namespace {

struct Http1 : FrontFixture {
  io::Fd client_fd;
  std::string got;
  bool closed = false;

  void open() { client_fd = connect(); }
  void send(std::string_view text) {
    CHECK(::send(client_fd.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
    turn();
  }
  void turn() {
    for (int i = 0; i < 4; i++) {
      loop->run_once();
      char buffer[65536];
      const ssize_t n = ::recv(client_fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) got.append(buffer, static_cast<size_t>(n));
      if (n == 0) closed = true;
    }
  }
  std::string take() { return std::exchange(got, {}); }
};

// "Date" stands for a time by hand; the rest is fixed.
constexpr std::string_view kDate = "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n";
constexpr std::string_view kCors =
    "Access-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Headers: accept, content-type, authorization\r\n";

TEST_F(Http1, Get_IsAnswered) {
  open();
  send("GET /hello?a=b HTTP/1.1\r\nHost: localhost:2379\r\n\r\n");
  EXPECT_EQ(take(), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + std::string(kCors) +
                        "Content-Length: 6\r\n" + std::string(kDate) + "\r\nhello ");
  EXPECT_EQ(http.seen.at(0).path, "/hello");
  EXPECT_EQ(http.seen.at(0).query, "a=b");
  EXPECT_EQ(http.seen.at(0).peer, "10.1.2.3:4567");
  EXPECT_FALSE(closed);
}

TEST_F(Http1, UnknownPath_GetsGos404) {
  open();
  send("GET /nowhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string answer = take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_NE(answer.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n404 page not found\n"));
  EXPECT_TRUE(closed);
}

// Pipelined requests are answered in order, even when the first answer comes late.
TEST_F(Http1, Pipeline_KeepsOrder) {
  open();
  send(
      "GET /later HTTP/1.1\r\nHost: h\r\n\r\nPOST /hello HTTP/1.1\r\nHost: h\r\n"
      "Content-Length: 3\r\n\r\ntwo");
  EXPECT_EQ(take(), "");
  ASSERT_EQ(http.held.size(), 1u);
  http.held[0]({200, {}, "one"});
  turn();
  const std::string answers = take();
  EXPECT_LT(answers.find("one"), answers.find("hello two"));
}

// The answer to a connection that died meanwhile goes nowhere.
TEST_F(Http1, LateAnswerAfterClose_IsDropped) {
  open();
  send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  client_fd.reset();
  loop->run_once();
  loop->run_once();
  EXPECT_EQ(server().connections(), 0u);
  http.held.at(0)({200, {}, "late"});
  loop->run_once();
}

TEST_F(Http1, Head_HasLengthButNoBody) {
  open();
  send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = take();
  EXPECT_NE(answer.find("Content-Length: 6\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(Http1, Options_IsAnsweredWithoutTheHandler) {
  open();
  send("OPTIONS /anything HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(take(), "HTTP/1.1 200 OK\r\n" + std::string(kCors) + "Content-Length: 0\r\n" +
                        std::string(kDate) + "\r\n");
  EXPECT_TRUE(http.seen.empty());
}

TEST_F(Http1, Cors_OnlyForListedOrigins) {
  config.cors = {"http://good.example"};
  open();
  send("GET /hello HTTP/1.1\r\nHost: h\r\nOrigin: http://good.example\r\n\r\n");
  EXPECT_NE(take().find("Access-Control-Allow-Origin: http://good.example\r\n"), std::string::npos);
  send("GET /hello HTTP/1.1\r\nHost: h\r\nOrigin: http://bad.example\r\n\r\n");
  EXPECT_EQ(take().find("Access-Control"), std::string::npos);
}

// DNS rebinding: a name that nobody listed is refused on cleartext, whatever its port.
TEST_F(Http1, HostNotListed_IsMisdirected) {
  config.host_whitelist = {"127.0.0.1", "::1"};
  open();
  send("GET /hello HTTP/1.1\r\nHost: evil.example:2379\r\n\r\n");
  const std::string refused = take();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 421 Misdirected Request\r\n"));
  EXPECT_NE(refused.find("--host-whitelist \"evil.example\""), std::string::npos);
  EXPECT_NE(refused.find("CVE-2018-5702"), std::string::npos);
  send("GET /hello HTTP/1.1\r\nHost: 127.0.0.1:2379\r\n\r\n");
  EXPECT_TRUE(take().starts_with("HTTP/1.1 200"));
  send("GET /hello HTTP/1.1\r\nHost: [::1]:2379\r\n\r\n");
  EXPECT_TRUE(take().starts_with("HTTP/1.1 200"));
}

TEST_F(Http1, BadRequest_IsAnsweredAndClosed) {
  open();
  send("GET / HTTP/1.1\r\n\r\n");
  const std::string answer = take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("400 Bad Request: missing required Host header"));
  EXPECT_TRUE(closed);
}

// A sender of one byte now and then gets a minute, not forever.
TEST_F(Http1, SlowRequest_TimesOut) {
  open();
  send("GET /hello HTTP/1.1\r\n");
  for (int i = 0; i < 7 && !closed; i++) {
    clock.advance(std::chrono::seconds(10));
    send("A: b\r\n");
  }
  EXPECT_TRUE(take().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(closed);
}

TEST_F(Http1, IdleConnection_IsClosedAfterAWhile) {
  open();
  send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  pass(std::chrono::minutes(4));
  turn();
  EXPECT_FALSE(closed);
  pass(std::chrono::minutes(2));
  turn();
  EXPECT_TRUE(closed);
}

TEST_F(Http1, ExpectContinue_IsAnsweredFirst) {
  open();
  send("POST /hello HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(take(), "HTTP/1.1 100 Continue\r\n\r\n");
  send("ab");
  EXPECT_TRUE(take().ends_with("hello ab"));
}

// A client that has sent its last byte still gets its answer.
TEST_F(Http1, HalfClosedClient_GetsItsAnswer) {
  open();
  send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  ::shutdown(client_fd.get(), SHUT_WR);
  turn();
  http.held.at(0)({200, {}, "still here"});
  turn();
  EXPECT_TRUE(take().ends_with("still here"));
  EXPECT_TRUE(closed);
}

// Pipelining without reading answers must not fill our memory.
TEST_F(Http1, EndlessPipeline_IsNotRead) {
  open();
  send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string more(32 * 1024, 'x');
  size_t taken = 0;
  for (int i = 0; i < 1000; i++) {
    const ssize_t n =
        ::send(client_fd.get(), more.data(), more.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) taken += static_cast<size_t>(n);
    loop->run_once();
  }
  EXPECT_LT(taken, 4u << 20);
}

// --listen-client-http-urls: the gRPC port does not speak HTTP/1.1, the HTTP port no gRPC.
TEST_F(Http1, GrpcPort_RefusesHttp1) {
  port.http = false;
  open();
  send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(http.seen.empty());
  EXPECT_EQ(take().substr(3, 1), "\x04");  // a SETTINGS frame
  EXPECT_TRUE(closed);
}

}  // namespace
}  // namespace keelson::front::test
