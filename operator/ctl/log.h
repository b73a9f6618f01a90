// Log lines on standard error, one JSON object a line with etcd's fields.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctl/console.h"

namespace keelson::ctl {

// Names and values in order; a value stands in the line as given, so strings come from json_string.
using LogFields = std::vector<std::pair<std::string, std::string>>;

struct LogLine {
  std::string_view level;   // info, warn, error, fatal
  std::string_view logger;  // left out when empty
  std::string_view caller;
  std::string_view message;
};

// Writes the line with the time of now.
void write_log(Console& console, const LogLine& line, const LogFields& fields);

}  // namespace keelson::ctl
