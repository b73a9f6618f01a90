// HTTP/1.1 messages whose bodies are handed out in pieces: any cut, both kinds, hostile input.
#include "io/http1_stream.h"

#include <gtest/gtest.h>

namespace keelson::io::test {
namespace {

using Step = Http1Stream::Step;

struct Seen {
  std::vector<std::string> heads;  // targets or statuses
  std::string body;
  int ends = 0;
  bool failed = false;
};

// Feeds in pieces of `cut` bytes.
Seen feed_all(Http1Stream& stream, std::string_view text, size_t cut) {
  Seen seen;
  for (size_t at = 0; at < text.size(); at += cut) {
    std::string_view piece = text.substr(at, cut);
    while (!piece.empty() && !seen.failed) {
      const Step step = stream.feed(piece);
      for (const std::string_view part : stream.body()) seen.body += part;
      if (step == Step::kHead)
        seen.heads.push_back(stream.head().target.empty() ? std::to_string(stream.head().status)
                                                          : stream.head().target);
      if (step == Step::kEnd) seen.ends++;
      seen.failed = step == Step::kFailed;
    }
  }
  return seen;
}

TEST(Http1StreamTest, Requests_AnyCutGivesTheSame) {
  const std::string text =
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (size_t cut = 1; cut <= text.size(); cut++) {
    Http1Stream stream(Http1Stream::Kind::kRequests, 4096);
    const Seen seen = feed_all(stream, text, cut);
    EXPECT_EQ(seen.heads, (std::vector<std::string>{"/a", "/b", "/c"})) << cut;
    EXPECT_EQ(seen.body, "helloabcde") << cut;
    EXPECT_EQ(seen.ends, 3) << cut;
    EXPECT_FALSE(stream.in_message());
  }
}

// An endless body is handed out while it comes; an answer without a body ends at once.
TEST(Http1StreamTest, Responses_AreHandedOutAsTheyCome) {
  Http1Stream stream(Http1Stream::Kind::kResponses, 4096);
  const Seen seen = feed_all(stream,
                             "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                             7);
  EXPECT_EQ(seen.heads, (std::vector<std::string>{"204", "200"}));
  EXPECT_EQ(seen.ends, 1);
  EXPECT_EQ(seen.body, "ab");
  EXPECT_TRUE(stream.in_message());
  EXPECT_EQ(stream.finish(), Step::kFailed);
}

// Without a length the body ends with the connection.
TEST(Http1StreamTest, BodyWithoutLength_EndsWithTheConnection) {
  Http1Stream stream(Http1Stream::Kind::kResponses, 4096);
  const Seen seen = feed_all(stream, "HTTP/1.1 200 OK\r\n\r\nrest", 100);
  EXPECT_EQ(seen.body, "rest");
  EXPECT_EQ(seen.ends, 0);
  EXPECT_EQ(stream.finish(), Step::kEnd);
}

TEST(Http1StreamTest, HostileRequests_Fail) {
  const std::string many = "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(5000, 'y') + "\r\n\r\n";
  for (const auto& [text, status] : std::vector<std::pair<std::string, int>>{
           {"nonsense\r\n\r\n", 400},
           {many, 431},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
           {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400}}) {
    Http1Stream stream(Http1Stream::Kind::kRequests, 4096);
    EXPECT_TRUE(feed_all(stream, text, 1000).failed) << text;
    EXPECT_EQ(stream.error_status(), status) << text;
  }
}

}  // namespace
}  // namespace keelson::io::test
