// From a log record to its text; pure functions.
#pragma once

#include <chrono>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace keelson {

struct LogRecord {
  LogLevel level = LogLevel::kInfo;
  std::chrono::nanoseconds wall{0};
  std::string msg;
  std::vector<LogField> fields;
  std::source_location where;
};

// "2024-01-02T03:04:05.678901Z", or with the zone as "+0100" when the local offset is not zero.
std::string log_time_text(std::chrono::nanoseconds wall, int utc_offset_seconds);

// One line each, with its newline.
std::string log_line_json(const LogRecord& record, int utc_offset_seconds);
std::string log_line_console(const LogRecord& record, int utc_offset_seconds);

// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// The local zone's offset at that time.
int local_utc_offset(std::chrono::nanoseconds wall);

}  // namespace keelson
