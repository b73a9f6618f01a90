#include "ctl/txn_input.h"

#include <gtest/gtest.h>

#include <sstream>

#include "ctl/compare.h"
#include "ctl/line_words.h"
#include "string_console.h"

namespace keelson::ctl {
namespace {

namespace pb = etcdserverpb;
using Words = std::vector<std::string>;

Result<pb::TxnRequest> read(const std::string& text, StringConsole* console) {
  std::istringstream input(text);
  return read_txn(input, [&](const std::string& title) { console->out(title + "\n"); }, *console);
}

std::string failure_text(const std::string& text) {
  StringConsole console;
  Result<pb::TxnRequest> request = read(text, &console);
  if (request.ok()) return "";
  EXPECT_EQ(request.failure().code, kExitInvalidInput);
  return request.failure().text;
}

TEST(TxnInput, ThreeParts_BecomeARequest) {
  StringConsole console;
  auto request = read(
      "mod(\"k\") > \"0\"\nval(\"k\") != \"x y\"\n\n put k \"a b\" --lease 1f\nget k --prefix\n\n"
      "del k\n\n",
      &console);
  ASSERT_TRUE(request.ok());
  ASSERT_EQ(request->compare_size(), 2);
  EXPECT_EQ(request->compare(1).value(), "x y");
  EXPECT_EQ(request->compare(1).result(), pb::Compare::NOT_EQUAL);
  ASSERT_EQ(request->success_size(), 2);
  EXPECT_EQ(request->success(0).request_put().value(), "a b");
  EXPECT_EQ(request->success(0).request_put().lease(), 31);
  EXPECT_EQ(request->success(1).request_range().range_end(), "l");
  EXPECT_EQ(request->failure(0).request_delete_range().key(), "k");
}

TEST(TxnInput, Prompts_NameEachPart) {
  StringConsole console;
  ASSERT_TRUE(read("\n\n\n", &console).ok());
  EXPECT_EQ(console.written,
            "compares:\nsuccess requests (get, put, del):\nfailure requests (get, put, del):\n");
}

// A cut input must not run as a shorter transaction.
TEST(TxnInput, InputEndsEarly_IsRefused) {
  EXPECT_EQ(failure_text(""), "EOF");
  EXPECT_EQ(failure_text("\nget k\n\n"), "EOF");
  EXPECT_EQ(failure_text("\n\nget k"), "EOF");
}

TEST(TxnInput, BadRequests_AreRefused) {
  EXPECT_EQ(failure_text("\nget\n"), "invalid txn compare request: get");
  EXPECT_EQ(failure_text("\nfoo bar\n"), "invalid txn request: foo bar");
  EXPECT_EQ(failure_text("\nput a \"\\q\"\n"), "invalid syntax");
}

// The empty lines behind the request would be stored as its value, and the parts they end missed.
TEST(TxnInput, PutWithoutAValue_DoesNotTakeTheRestOfTheInput) {
  StringConsole console;
  auto request = read("\nput k\n\n\n", &console);
  ASSERT_FALSE(request.ok());
  EXPECT_EQ(request.failure().code, kExitBadArgs);
  EXPECT_EQ(request.failure().text,
            "put command needs 1 argument and input from stdin or 2 arguments");
}

TEST(TxnInput, BadFlag_ShowsTheUsage) {
  StringConsole console;
  auto request = read("\nget --foo a\n", &console);
  ASSERT_FALSE(request.ok());
  EXPECT_EQ(request.failure().text, "invalid txn request: get --foo a");
  EXPECT_TRUE(console.errors.starts_with("Usage:\n   get [options] <key> [range_end] [flags]\n"));
}

// Flags of one line must not leak into the next.
TEST(TxnInput, Flags_HoldForOneLine) {
  StringConsole console;
  auto request = read("\nget a --prefix\nget b\n\n\n", &console);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->success(0).request_range().range_end(), "b");
  EXPECT_EQ(request->success(1).request_range().range_end(), "");
}

TEST(Compare, Targets_HaveShortAndLongNames) {
  for (const char* line : {"c(\"k\") = \"5\"", "create(\"k\") = \"5\""}) {
    auto compare = parse_compare(line);
    ASSERT_TRUE(compare.ok());
    EXPECT_EQ(compare->target(), pb::Compare::CREATE);
    EXPECT_EQ(compare->create_revision(), 5);
  }
  EXPECT_EQ(parse_compare("ver(`k`) < \"2\"")->version(), 2);
  EXPECT_EQ(parse_compare("lease(\"k\") = \"1f\"")->lease(), 31);
}

TEST(Compare, MalformedLines_TellWhatWasRead) {
  EXPECT_EQ(parse_compare("mod \"k\"").failure().text, "malformed comparison: mod \"k\"");
  EXPECT_EQ(parse_compare("mod(\"k\")>\"0\"").failure().text,
            "malformed comparison: mod(\"k\")>\"0\"; got mod(\"k\")  \"\"");
  EXPECT_EQ(parse_compare("mod(\"k\") > 0").failure().text,
            "malformed comparison: mod(\"k\") > 0; got mod(\"k\") > \"\"");
  EXPECT_EQ(parse_compare("foo(\"k\") > \"0\"").failure().text,
            "malformed comparison: foo(\"k\") > \"0\" (unknown target foo)");
  EXPECT_EQ(parse_compare("mod(\"k\") > \"x\"").failure().text,
            "invalid txn compare request: mod(\"k\") > \"x\"");
  EXPECT_FALSE(parse_compare("mod(\"k\") ~ \"0\"").ok());
}

TEST(LineWords, Quotes_GroupWords) {
  EXPECT_EQ(*split_words(R"(put "a b" 'c\n d' e"f g)"),
            (Words{"put", "a b", "c\\n d", "e\"f", "g"}));
  EXPECT_EQ(*split_words(R"(  "\x41\"" )"), Words{"A\""});
  EXPECT_EQ(*split_words(""), Words{});
}

// A lone quote is skipped and its text goes on as plain words, as in etcdctl.
TEST(LineWords, LoneQuote_IsSkipped) {
  EXPECT_EQ(*split_words("put \"a b"), (Words{"put", "a", "b"}));
}

}  // namespace
}  // namespace keelson::ctl
