#include "ctl/go_quote.h"

#include <gtest/gtest.h>

#include <random>

namespace keelson::ctl {
namespace {

// A key with control bytes must not reach the terminal raw.
TEST(GoQuote, ControlBytes_AreEscaped) {
  EXPECT_EQ(go_quote(std::string("a\0\x01\n\t\x7f", 6)), R"("a\x00\x01\n\t\x7f")");
}

// Scripts read the value back: quotes and backslashes inside it must not end it.
TEST(GoQuote, QuotesAndBackslashes_AreEscaped) {
  EXPECT_EQ(go_quote(R"(a"b\c'd)"), R"("a\"b\\c'd")");
}

// Printable UTF-8 stays, other runes become \u, bytes that are no UTF-8 become \x.
TEST(GoQuote, Runes_FollowGoPrintability) {
  EXPECT_EQ(go_quote("\u00e9\u4e16"), "\"\u00e9\u4e16\"");
  EXPECT_EQ(go_quote("\u2028\u200b\U000E0001"), R"("\u2028\u200b\U000e0001")");
  EXPECT_EQ(go_quote("\xff\xc3("), R"("\xff\xc3(")");
  EXPECT_EQ(go_quote("\uFFFD"), "\"\uFFFD\"");
}

// Overlong and surrogate forms are bad bytes, not runes.
TEST(GoQuote, BadUtf8_IsTakenByteByByte) {
  EXPECT_EQ(go_quote("\xc0\x80"), R"("\xc0\x80")");
  EXPECT_EQ(go_quote("\xed\xa0\x80"), R"("\xed\xa0\x80")");
  EXPECT_EQ(go_quote("\xe4\xb8"), R"("\xe4\xb8")");
}

TEST(GoQuote, Character_TakesSingleQuotes) {
  EXPECT_EQ(go_quote_char('k'), "'k'");
  EXPECT_EQ(go_quote_char('\''), R"('\'')");
}

// Cobra names unknown help topics in back quotes unless that cannot be.
TEST(GoQuote, RawForm_FallsBackToDoubleQuotes) {
  EXPECT_EQ(go_quote_raw("foo"), "`foo`");
  EXPECT_EQ(go_quote_raw("a`b"), "\"a`b\"");
}

TEST(GoUnquote, Escapes_AreDecoded) {
  EXPECT_EQ(go_unquote(R"("\x41\101\u00e9\n\"\\")"), "AA\u00e9\n\"\\");
  EXPECT_EQ(go_unquote("`a\\n`"), "a\\n");
}

// Each of these is an error in Go; a lenient reading would send another key than was typed.
TEST(GoUnquote, BadLiterals_AreRefused) {
  for (const char* literal : {"\"", "\"a", "a\"", R"("\q")", R"("\x4")", R"("\400")", R"("\ud800")",
                              "\"a\nb\"", R"("\'")", "`a`b`", "\"a\"b\""}) {
    EXPECT_FALSE(go_unquote(literal)) << literal;
  }
}

// Whatever bytes a value has: what is printed must read back as the same bytes.
TEST(GoUnquote, QuotedRandomBytes_ReadBack) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; round++) {
    std::string bytes;
    for (size_t i = random() % 12; i > 0; i--) bytes.push_back(static_cast<char>(random()));
    EXPECT_EQ(go_unquote(go_quote(bytes)), bytes);
  }
}

TEST(GoScanQuoted, Literal_IsCutOffTheInput) {
  std::string_view input = R"(  "a\"b") rest)";
  EXPECT_EQ(go_scan_quoted(&input), "a\"b");
  EXPECT_EQ(input, ") rest");
}

TEST(GoScanQuoted, MissingEnd_IsRefused) {
  std::string_view input = R"("abc\")";
  EXPECT_FALSE(go_scan_quoted(&input));
  std::string_view bare = "abc";
  EXPECT_FALSE(go_scan_quoted(&bare));
}

}  // namespace
}  // namespace keelson::ctl
