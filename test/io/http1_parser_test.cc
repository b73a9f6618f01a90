#include <gtest/gtest.h>

#include "io/http1.h"

namespace keelson::io {
namespace {

using Step = Http1Parser::Step;

struct Http1ParserTest : testing::Test {
  Http1Parser parser{Http1Limits{1024, 100}};
  Step step(std::string_view text) {
    rest = text;
    return parser.feed(rest);
  }
  std::string_view rest;
};

TEST_F(Http1ParserTest, Get_GivesTargetAndHeaders) {
  ASSERT_EQ(step("GET /health?serializable=true HTTP/1.1\r\nHost: a:1\r\nX-Thing:  v \r\n\r\n"),
            Step::kRequest);
  const Http1Request r = parser.take();
  EXPECT_EQ(r.method, "GET");
  EXPECT_EQ(r.target, "/health?serializable=true");
  ASSERT_EQ(r.headers.size(), 2u);
  EXPECT_EQ(r.headers[1].first, "x-thing");
  EXPECT_EQ(r.headers[1].second, "v ");
  EXPECT_TRUE(r.keep_alive);
}

// Requests are cut out of a stream: what follows one stays in the input.
TEST_F(Http1ParserTest, PipelinedRequests_ComeOneByOne) {
  ASSERT_EQ(step("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n"
                 "Host: h\r\n\r\n"),
            Step::kRequest);
  EXPECT_EQ(parser.take().body, "abc");
  ASSERT_EQ(parser.feed(rest), Step::kRequest);
  EXPECT_EQ(parser.take().target, "/b");
  EXPECT_TRUE(rest.empty());
}

TEST_F(Http1ParserTest, ByteByByte_IsTheSame) {
  const std::string text =
      "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (size_t i = 0; i + 1 < text.size(); i++) ASSERT_EQ(step(text.substr(i, 1)), Step::kMore);
  ASSERT_EQ(step(text.substr(text.size() - 1)), Step::kRequest);
  EXPECT_EQ(parser.take().body, "abcde");
}

TEST_F(Http1ParserTest, KeepAlive_FollowsVersionAndHeader) {
  ASSERT_EQ(step("GET / HTTP/1.0\r\n\r\n"), Step::kRequest);
  EXPECT_FALSE(parser.take().keep_alive);
  Http1Parser other{Http1Limits{1024, 100}};
  std::string_view close = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  ASSERT_EQ(other.feed(close), Step::kRequest);
  EXPECT_FALSE(other.take().keep_alive);
}

TEST_F(Http1ParserTest, Limits_Refuse) {
  EXPECT_EQ(step("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(2000, 'a')), Step::kFailed);
  EXPECT_EQ(parser.error_status(), 431);
  Http1Parser declared{Http1Limits{1024, 100}};
  std::string_view large = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n";
  EXPECT_EQ(declared.feed(large), Step::kFailed);
  EXPECT_EQ(declared.error_status(), 413);
  Http1Parser chunked{Http1Limits{1024, 100}};
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
      std::string(101, 'b');
  std::string_view view = text;
  EXPECT_EQ(chunked.feed(view), Step::kFailed);
  EXPECT_EQ(chunked.error_status(), 413);
}

// Many tiny headers must hit the limit, too.
TEST_F(Http1ParserTest, ManyHeaders_Refuse) {
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 40; i++) text += "a:\r\n";
  EXPECT_EQ(step(text), Step::kFailed);
  EXPECT_EQ(parser.error_status(), 431);
}

// What smugglers try: two lengths, length and chunks, no host, bare garbage.
TEST_F(Http1ParserTest, Ambiguity_IsRefused) {
  const std::string_view cases[] = {
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
      "\x16\x03\x01 hello\r\n\r\n",
  };
  for (const std::string_view text : cases) {
    Http1Parser p{Http1Limits{1024, 100}};
    std::string_view input = text;
    EXPECT_EQ(p.feed(input), Step::kFailed) << text;
    EXPECT_EQ(p.error_status(), 400) << text;
  }
}

// curl --http2 asks for an upgrade on cleartext; it gets HTTP/1.1, body and all.
TEST_F(Http1ParserTest, UpgradeRequest_GoesOnAsHttp1) {
  ASSERT_EQ(step("POST /v3/kv/range HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                 "Upgrade: h2c\r\nContent-Length: 2\r\n\r\n{}"),
            Step::kRequest);
  EXPECT_EQ(parser.take().body, "{}");
}

TEST_F(Http1ParserTest, ExpectContinue_IsToldOnce) {
  ASSERT_EQ(step("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            Step::kMore);
  EXPECT_TRUE(parser.wants_continue());
  EXPECT_FALSE(parser.wants_continue());
  EXPECT_EQ(step("ab"), Step::kRequest);
}

TEST_F(Http1ParserTest, AbsoluteTarget_IsCutToPath) {
  ASSERT_EQ(step("GET http://host:1/a/b?c HTTP/1.1\r\nHost: h\r\n\r\n"), Step::kRequest);
  EXPECT_EQ(parser.take().target, "/a/b?c");
}

TEST(Http1Head, IsWrittenInCanonicalCase) {
  EXPECT_EQ(http1_head(404, {{"content-type", "text/plain"}, {"x-b", "1"}}),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX-B: 1\r\n\r\n");
}

}  // namespace
}  // namespace keelson::io
