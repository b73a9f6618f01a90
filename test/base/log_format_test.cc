// The text of log lines.
#include "base/log_format.h"

#include <gtest/gtest.h>

namespace keelson {
namespace {

constexpr std::chrono::nanoseconds kTime{1704164645678901234};  // 2024-01-02T03:04:05.678901234Z

LogRecord record(std::string msg, std::vector<LogField> fields) {
  return {LogLevel::kInfo, kTime, std::move(msg), std::move(fields),
          std::source_location::current()};
}

std::string without_caller(std::string line) {
  const size_t from = line.find(",\"caller\":\"");
  const size_t to = line.find('"', from + 11);
  return line.erase(from, to - from + 1);
}

// Log pipelines parse these keys, in this order.
TEST(LogFormatTest, json_line_has_etcds_form) {
  const std::string line = log_line_json(record("hello", {{"name", "a"}}), 0);
  const std::string lead =
      "{\"level\":\"info\",\"ts\":\"2024-01-02T03:04:05.678901Z\",\"caller\":\"base/"
      "log_format_test.cc:";
  EXPECT_EQ(line.substr(0, lead.size()), lead);
  EXPECT_EQ(without_caller(line),
            "{\"level\":\"info\",\"ts\":\"2024-01-02T03:04:05.678901Z\",\"msg\":\"hello\",\"name\":"
            "\"a\"}\n");
}

TEST(LogFormatTest, every_kind_of_field_prints) {
  const std::string line =
      log_line_json(record("m", {{"text", "x"},
                                 {"signed", int64_t{-5}},
                                 {"unsigned", UINT64_MAX},
                                 {"double", 1.5},
                                 {"whole", 3.0},
                                 {"yes", true},
                                 {"took", Duration(1500000)},
                                 {"list", std::vector<std::string>{"a", "b\"c"}},
                                 {"none", std::vector<std::string>{}}}),
                    0);
  EXPECT_NE(
      line.find("\"msg\":\"m\",\"text\":\"x\",\"signed\":-5,\"unsigned\":18446744073709551615,"
                "\"double\":1.5,\"whole\":3,\"yes\":true,\"took\":\"1.5ms\","
                "\"list\":[\"a\",\"b\\\"c\"],\"none\":[]}\n"),
      std::string::npos)
      << line;
}

// Keys come from clients: control characters and broken UTF-8 must not break the line or the
// parser.
TEST(LogFormatTest, hostile_strings_stay_one_json_string) {
  const auto json = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  EXPECT_EQ(json("a\"b\\c\n\r\t"), "\"a\\\"b\\\\c\\n\\r\\t\"");
  EXPECT_EQ(json(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(json("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(json("\xff\xc3"), "\"\\ufffd\\ufffd\"");
  EXPECT_EQ(json("\xc0\xaf"), "\"\\ufffd\\ufffd\"");
  EXPECT_EQ(json("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
  EXPECT_EQ(json("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

TEST(LogFormatTest, console_line_is_tab_separated) {
  LogRecord r = record("hello", {{"a", "x"}, {"b", 2}});
  r.level = LogLevel::kWarn;
  const std::string line = log_line_console(r, 0);
  EXPECT_TRUE(line.starts_with("2024-01-02T03:04:05.678901Z\twarn\tbase/log_format_test.cc:"))
      << line;
  EXPECT_TRUE(line.ends_with("\thello\t{\"a\": \"x\", \"b\": 2}\n")) << line;
  EXPECT_TRUE(log_line_console(record("bare", {}), 0).ends_with("\tbare\n"));
}

TEST(LogFormatTest, zones_print_without_a_colon) {
  EXPECT_EQ(log_time_text(kTime, 3600), "2024-01-02T04:04:05.678901+0100");
  EXPECT_EQ(log_time_text(kTime, -(3 * 3600 + 1800)), "2024-01-01T23:34:05.678901-0330");
  EXPECT_EQ(log_time_text(std::chrono::seconds(0), 0), "1970-01-01T00:00:00.000000Z");
}

TEST(LogFormatTest, level_names_are_lower_case) {
  EXPECT_EQ(log_level_name(LogLevel::kDebug), "debug");
  EXPECT_EQ(log_level_name(LogLevel::kFatal), "fatal");
}

}  // namespace
}  // namespace keelson
