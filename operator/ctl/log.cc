#include "ctl/log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "ctl/json_text.h"

namespace keelson::ctl {
namespace {

std::string now_text() {
  using std::chrono::microseconds;
  auto now = std::chrono::system_clock::now().time_since_epoch();
  int64_t micros = std::chrono::duration_cast<microseconds>(now).count();
  std::time_t seconds = static_cast<std::time_t>(micros / 1000000);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> buffer;
  size_t length = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  int tail = std::snprintf(buffer.data() + length, buffer.size() - length, ".%06dZ",
                           static_cast<int>(micros % 1000000));
  return std::string(buffer.data(), length + static_cast<size_t>(tail));
}

}  // namespace

void write_log(Console& console, const LogLine& line, const LogFields& fields) {
  std::string out = "{\"level\":" + json_string(line.level) + ",\"ts\":\"" + now_text() + "\"";
  if (!line.logger.empty()) out += ",\"logger\":" + json_string(line.logger);
  out += ",\"caller\":" + json_string(line.caller) + ",\"msg\":" + json_string(line.message);
  for (const auto& [name, value] : fields) out += "," + json_string(name) + ":" + value;
  console.err(out + "}\n");
}

}  // namespace keelson::ctl
