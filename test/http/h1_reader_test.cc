// HTTP/1.1 off a hostile wire.
#include "http/h1_reader.h"

#include <gtest/gtest.h>

namespace keelson::http {
namespace {

using State = H1Reader::State;

TEST(H1ReaderTest, request_is_taken_apart) {
  H1Reader reader;
  Request request;
  std::string in =
      "GET /readyz?verbose HTTP/1.1\r\nHost: x\r\nAccept-Encoding:  gzip \r\n\r\nGET /next";
  ASSERT_EQ(reader.next(in, request), State::kRequest);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/readyz");
  EXPECT_EQ(request.query, "verbose");
  EXPECT_EQ(request.header("accept-encoding"), "gzip");
  EXPECT_TRUE(reader.keep_alive());
  EXPECT_EQ(in, "GET /next");
}

// TCP cuts where it likes.
TEST(H1ReaderTest, any_cut_gives_the_same_request) {
  const std::string text =
      "POST /health?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET / "
      "HTTP/1.1\r\nHost: y\r\n\r\n";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    H1Reader reader;
    std::vector<std::string> seen;
    std::string in;
    for (const std::string& part : {text.substr(0, cut), text.substr(cut)}) {
      in += part;
      Request request;
      while (reader.next(in, request) == State::kRequest)
        seen.push_back(request.method + request.path + std::string(request.header("host")));
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"POST/healthx", "GET/y"})) << cut;
  }
}

TEST(H1ReaderTest, keep_alive_follows_version_and_header) {
  const std::pair<const char*, bool> rows[] = {
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", false}};
  for (const auto& [text, alive] : rows) {
    H1Reader reader;
    Request request;
    std::string in = text;
    EXPECT_EQ(reader.next(in, request), State::kRequest) << text;
    EXPECT_EQ(reader.keep_alive(), alive) << text;
  }
}

TEST(H1ReaderTest, nonsense_is_refused) {
  const std::pair<std::string, int> rows[] = {
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400},
      {"GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"G{T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", 413},
      {std::string(20000, 'x'), 431},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400}};
  for (const auto& [text, status] : rows) {
    H1Reader reader;
    Request request;
    std::string in = text;
    EXPECT_EQ(reader.next(in, request), State::kBad) << text.substr(0, 60);
    EXPECT_EQ(reader.bad_status(), status) << text.substr(0, 60);
    EXPECT_FALSE(reader.keep_alive());
  }
}

TEST(H1ReaderTest, many_headers_are_refused) {
  std::string in = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 200; ++i) in += "A: b\r\n";
  in += "\r\n";
  H1Reader reader;
  Request request;
  EXPECT_EQ(reader.next(in, request), State::kBad);
  EXPECT_EQ(reader.bad_status(), 431);
}

TEST(H1ReaderTest, absolute_targets_lose_their_host) {
  H1Reader reader;
  Request request;
  std::string in = "GET http://a:1/metrics?x HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(reader.next(in, request), State::kRequest);
  EXPECT_EQ(request.path, "/metrics");
  EXPECT_EQ(request.query, "x");
}

TEST(H1ResponseTest, text_has_gos_order) {
  const std::chrono::nanoseconds wall = std::chrono::seconds(1704164645);
  EXPECT_EQ(
      h1_response(not_found(), false, true, wall),
      "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; "
      "charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
      "Date: Tue, 02 Jan 2024 03:04:05 GMT\r\nContent-Length: 19\r\n\r\n404 page not found\n");
  const std::string head = h1_response(not_found(), true, false, wall);
  EXPECT_TRUE(head.ends_with("Content-Length: 19\r\nConnection: close\r\n\r\n")) << head;
}

}  // namespace
}  // namespace keelson::http
