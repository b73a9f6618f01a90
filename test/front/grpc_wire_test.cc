#include "front/grpc_wire.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"

namespace keelson::front::test {
namespace {

std::string framed(std::string_view message, char flag = 0) {
  std::string out(kMessagePrefixBytes, '\0');
  put_message_prefix(out.data(), message.size());
  out[0] = flag;
  return out.append(message);
}

// All messages of a stream that comes in the given pieces.
std::vector<std::string> cut(MessageCutter& cutter, const std::vector<std::string>& pieces) {
  std::vector<std::string> out;
  for (const std::string& piece : pieces) {
    std::string_view rest = piece;
    while (const auto message = cutter.next(rest)) out.emplace_back(*message);
    EXPECT_TRUE(rest.empty() || !cutter.failure().ok());
  }
  return out;
}

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> out;
  for (const char c : text) out.emplace_back(1, c);
  return out;
}

TEST(GrpcWire, ContentType_NeedsABorder) {
  EXPECT_TRUE(is_grpc_content_type("application/grpc"));
  EXPECT_TRUE(is_grpc_content_type("application/grpc+proto"));
  EXPECT_TRUE(is_grpc_content_type("application/grpc;charset=utf-8"));
  EXPECT_FALSE(is_grpc_content_type("application/grpc-web"));
  EXPECT_FALSE(is_grpc_content_type("application/json"));
  EXPECT_FALSE(is_grpc_content_type("application/grp"));
  EXPECT_FALSE(is_grpc_content_type(""));
}

// A status text goes into a header: control characters and '%' must not.
TEST(GrpcWire, StatusText_IsPercentEncoded) {
  EXPECT_EQ(percent_encode("etcdserver: key is not provided"), "etcdserver: key is not provided");
  EXPECT_EQ(percent_encode("100%"), "100%25");
  EXPECT_EQ(percent_encode("a\r\nb"), "a%0D%0Ab");
  EXPECT_EQ(percent_encode("\x7f"), "%7F");
  EXPECT_EQ(percent_encode("gr\xc3\xbc\xc3\x9f"), "gr%C3%BC%C3%9F");
  EXPECT_EQ(percent_encode(std::string_view("\0", 1)), "%00");
}

// What is no UTF-8 becomes U+FFFD, byte by byte, as Go ranges over a string.
TEST(GrpcWire, StatusTextNotUtf8_IsReplaced) {
  const std::string replaced = "%EF%BF%BD";
  EXPECT_EQ(percent_encode("\xff"), replaced);
  EXPECT_EQ(percent_encode("\xc0\xaf"), replaced + replaced);                 // overlong
  EXPECT_EQ(percent_encode("\xe0\x80\x80"), replaced + replaced + replaced);  // overlong
  EXPECT_EQ(percent_encode("\xed\xa0\x80"), replaced + replaced + replaced);  // surrogate
  EXPECT_EQ(percent_encode("\xf4\x90\x80\x80"),                               // above U+10FFFF
            replaced + replaced + replaced + replaced);
  EXPECT_EQ(percent_encode("a\xe2\x82"), "a" + replaced + replaced);  // cut off
  EXPECT_EQ(percent_encode("\xf0\x9f\x98\x80"), "%F0%9F%98%80");      // a good one
}

TEST(GrpcWire, Timeout_HasSixUnits) {
  using namespace std::chrono;
  EXPECT_EQ(*parse_grpc_timeout("2H"), Duration(hours(2)));
  EXPECT_EQ(*parse_grpc_timeout("3M"), Duration(minutes(3)));
  EXPECT_EQ(*parse_grpc_timeout("4S"), Duration(seconds(4)));
  EXPECT_EQ(*parse_grpc_timeout("5m"), Duration(milliseconds(5)));
  EXPECT_EQ(*parse_grpc_timeout("6u"), Duration(microseconds(6)));
  EXPECT_EQ(*parse_grpc_timeout("7n"), Duration(nanoseconds(7)));
  EXPECT_EQ(*parse_grpc_timeout("0n"), Duration::zero());
  EXPECT_EQ(*parse_grpc_timeout("99999999S"), Duration(seconds(99'999'999)));
}

// 99,999,999 hours do not fit nanoseconds in 64 bits.
TEST(GrpcWire, TimeoutTooLargeForAClock_IsForever) {
  EXPECT_EQ(*parse_grpc_timeout("99999999H"), Duration::max());
}

TEST(GrpcWire, BadTimeouts_AreNamed) {
  const auto text = [](std::string_view value) {
    return parse_grpc_timeout(value).status().text();
  };
  EXPECT_EQ(text(""), "malformed grpc-timeout: transport: timeout string is too short: \"\"");
  EXPECT_EQ(text("S"), "malformed grpc-timeout: transport: timeout string is too short: \"S\"");
  EXPECT_EQ(text("123456789S"),
            "malformed grpc-timeout: transport: timeout string is too long: \"123456789S\"");
  EXPECT_EQ(text("10x"),
            "malformed grpc-timeout: transport: timeout unit is not recognized: \"10x\"");
  EXPECT_EQ(text("-1S"),
            "malformed grpc-timeout: strconv.ParseUint: parsing \"-1\": invalid syntax");
  EXPECT_EQ(parse_grpc_timeout("1.5S").status().code(), Code::kInternal);
}

TEST(GrpcWire, GoQuote_EscapesAsGoDoes) {
  EXPECT_EQ(go_quote("plain"), "\"plain\"");
  EXPECT_EQ(go_quote("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(go_quote("\a\b\f\n\r\t\v"), R"("\a\b\f\n\r\t\v")");
  EXPECT_EQ(go_quote(std::string_view("\0\x1f\x7f", 3)), R"("\x00\x1f\x7f")");
  EXPECT_EQ(go_quote("\xff"), R"("\xff")");
  EXPECT_EQ(go_quote("\xc3\xbc"), "\"\xc3\xbc\"");
}

TEST(MessageCutter, WholeMessages_AreHandedOutInPlace) {
  MessageCutter cutter(100);
  const std::string stream = framed("one") + framed("") + framed("three");
  std::string_view rest = stream;
  const auto first = cutter.next(rest);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, "one");
  EXPECT_EQ(first->data(), stream.data() + kMessagePrefixBytes);
  EXPECT_EQ(*cutter.next(rest), "");
  EXPECT_EQ(*cutter.next(rest), "three");
  EXPECT_FALSE(cutter.next(rest));
  EXPECT_FALSE(cutter.has_pending());
}

TEST(MessageCutter, ByteByByte_GivesTheSame) {
  MessageCutter cutter(100);
  const std::string stream = framed("one") + framed("") + framed("three");
  EXPECT_EQ(cut(cutter, bytes_of(stream)), (std::vector<std::string>{"one", "", "three"}));
}

// The random twin: any messages, cut anywhere.
TEST(MessageCutter, RandomPieces_GiveTheMessages) {
  SeededRng rng(7);
  for (int round = 0; round < 200; round++) {
    std::vector<std::string> messages, pieces;
    std::string stream;
    for (uint64_t i = 0, n = rng.below(6); i < n; i++) {
      messages.emplace_back(rng.below(3) == 0 ? 0 : rng.below(9000), static_cast<char>('a' + i));
      stream += framed(messages.back());
    }
    for (size_t at = 0; at < stream.size();) {
      pieces.push_back(stream.substr(at, 1 + rng.below(5000)));
      at += pieces.back().size();
    }
    MessageCutter cutter(9000);
    EXPECT_EQ(cut(cutter, pieces), messages);
    EXPECT_EQ(cutter.pending_bytes(), 0u);
  }
}

TEST(MessageCutter, CutOff_IsPending) {
  MessageCutter cutter(100);
  EXPECT_TRUE(cut(cutter, {framed("hello").substr(0, 3)}).empty());
  EXPECT_EQ(cutter.pending_bytes(), 3u);
  EXPECT_TRUE(cutter.has_pending());
  EXPECT_TRUE(cut(cutter, {framed("hello").substr(3, 4)}).empty());
  EXPECT_EQ(cutter.pending_bytes(), 7u);
}

// The length is refused before a byte of the body is kept: no memory for what is announced.
TEST(MessageCutter, TooLarge_IsRefusedByItsPrefix) {
  MessageCutter cutter(10);
  std::string prefix(kMessagePrefixBytes, '\0');
  put_message_prefix(prefix.data(), 0xffffffffu);
  EXPECT_TRUE(cut(cutter, {framed("0123456789") + prefix}).size() == 1);
  EXPECT_EQ(cutter.failure().code(), Code::kResourceExhausted);
  EXPECT_EQ(cutter.failure().text(), "grpc: received message larger than max (4294967295 vs. 10)");
  EXPECT_TRUE(cut(cutter, {framed("x")}).empty());  // it stays failed
}

TEST(MessageCutter, CompressedMessages_AreRefusedByName) {
  MessageCutter cutter(10);
  cutter.set_encoding("gzip");
  EXPECT_EQ(cut(cutter, {framed("plain") + framed("zip", 1)}), std::vector<std::string>{"plain"});
  EXPECT_EQ(cutter.failure().code(), Code::kUnimplemented);
  EXPECT_EQ(cutter.failure().text(),
            "grpc: Decompressor is not installed for grpc-encoding \"gzip\"");
}

TEST(MessageCutter, CompressedWithoutAName_IsAMistake) {
  for (const char* encoding : {"", "identity"}) {
    MessageCutter cutter(10);
    cutter.set_encoding(encoding);
    EXPECT_TRUE(cut(cutter, {framed("zip", 1)}).empty());
    EXPECT_EQ(cutter.failure().text(), "grpc: compressed flag set with identity or empty encoding");
  }
}

TEST(MessageCutter, UnknownFlag_IsNamed) {
  MessageCutter cutter(10);
  EXPECT_TRUE(cut(cutter, {framed("x", 2)}).empty());
  EXPECT_EQ(cutter.failure().text(), "grpc: received unexpected payload format 2");
}

// Pooled cutters serve many calls: nothing of the last one may be left.
TEST(MessageCutter, Reset_ForgetsEverything) {
  MessageCutter cutter(10);
  cutter.set_encoding("gzip");
  (void)cut(cutter, {framed("x", 1)});
  cutter.reset(1000);
  cutter.set_encoding("");
  EXPECT_TRUE(cutter.failure().ok());
  (void)cut(cutter, {framed("left over").substr(0, 9)});
  cutter.reset(1000);
  EXPECT_FALSE(cutter.has_pending());
  const std::string large(500, 'x');
  EXPECT_EQ(cut(cutter, {framed(large)}), std::vector<std::string>{large});
}

}  // namespace
}  // namespace keelson::front::test
