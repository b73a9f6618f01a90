#include "base/log_format.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace keelson {
namespace {

// Length of the well-formed UTF-8 sequence at the front of `in`, 0 when there is none.
size_t utf8_length(std::string_view in) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(in[i]); };
  const auto tail = [&](size_t i) { return i < in.size() && (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
    if (first == 0xed && byte(1) >= 0xa0) return 0;  // surrogate
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) >= 0x90) return 0;
    return 4;
  }
  return 0;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<uint8_t>(c) >= 0x20) {
    out += c;
    return;
  }
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(c));
  out += text;
}

void append_double(std::string& out, double v) {
  if (std::isnan(v)) {
    out += "\"NaN\"";
  } else if (std::isinf(v)) {
    out += v > 0 ? "\"+Inf\"" : "\"-Inf\"";
  } else {
    char text[400];
    const auto end = std::to_chars(text, text + sizeof text, v, std::chars_format::fixed).ptr;
    out.append(text, end);
  }
}

struct ValueWriter {
  std::string& out;
  void operator()(const std::string& v) const { append_json_string(out, v); }
  void operator()(int64_t v) const { out += std::to_string(v); }
  void operator()(uint64_t v) const { out += std::to_string(v); }
  void operator()(double v) const { append_double(out, v); }
  void operator()(bool v) const { out += v ? "true" : "false"; }
  void operator()(Duration v) const { append_json_string(out, duration_text(v)); }
  void operator()(const std::vector<std::string>& v) const {
    out += '[';
    for (size_t i = 0; i < v.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, v[i]);
    }
    out += ']';
  }
};

// "folder/file.cc:12": the last two parts of the path that the compiler saw.
std::string caller_text(const std::source_location& where) {
  std::string_view path = where.file_name();
  const size_t last = path.rfind('/');
  if (last != std::string_view::npos && last > 0) {
    const size_t before = path.rfind('/', last - 1);
    if (before != std::string_view::npos) path.remove_prefix(before + 1);
  }
  return std::string(path) + ":" + std::to_string(where.line());
}

void append_pair(std::string& out, std::string_view key, std::string_view value) {
  append_json_string(out, key);
  out += ':';
  append_json_string(out, value);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t n = utf8_length(text);
    if (n == 0) {
      out += "\\ufffd";
    } else if (n == 1) {
      append_escaped(out, text.front());
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  out += '"';
}

int local_utc_offset(std::chrono::nanoseconds wall) {
  const time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(wall).count();
  tm parts{};
  localtime_r(&seconds, &parts);
  return static_cast<int>(parts.tm_gmtoff);
}

std::string log_time_text(std::chrono::nanoseconds wall, int utc_offset_seconds) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
  const int64_t micros = (wall - seconds).count() / 1000;
  const time_t shifted = seconds.count() + utc_offset_seconds;
  tm parts{};
  gmtime_r(&shifted, &parts);
  char text[64];
  const size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + n, sizeof text - n, ".%06d", static_cast<int>(micros));
  std::string out = text;
  if (utc_offset_seconds == 0) return out + "Z";
  const int minutes = std::abs(utc_offset_seconds) / 60;
  std::snprintf(text, sizeof text, "%c%02d%02d", utc_offset_seconds < 0 ? '-' : '+', minutes / 60,
                minutes % 60);
  return out + text;
}

std::string log_line_json(const LogRecord& record, int utc_offset_seconds) {
  std::string out = "{";
  append_pair(out, "level", log_level_name(record.level));
  out += ',';
  append_pair(out, "ts", log_time_text(record.wall, utc_offset_seconds));
  out += ',';
  append_pair(out, "caller", caller_text(record.where));
  out += ',';
  append_pair(out, "msg", record.msg);
  for (const LogField& field : record.fields) {
    out += ',';
    append_json_string(out, field.key);
    out += ':';
    std::visit(ValueWriter{out}, field.value);
  }
  return out + "}\n";
}

std::string log_line_console(const LogRecord& record, int utc_offset_seconds) {
  std::string out = log_time_text(record.wall, utc_offset_seconds);
  out += '\t';
  out += log_level_name(record.level);
  out += '\t' + caller_text(record.where) + '\t' + record.msg;
  for (size_t i = 0; i < record.fields.size(); ++i) {
    out += i == 0 ? "\t{" : ", ";
    append_json_string(out, record.fields[i].key);
    out += ": ";
    std::visit(ValueWriter{out}, record.fields[i].value);
  }
  if (!record.fields.empty()) out += '}';
  return out + "\n";
}

std::string_view log_level_name(LogLevel level) {
  static constexpr std::string_view kNames[] = {"debug", "info", "warn", "error", "panic", "fatal"};
  return kNames[static_cast<size_t>(level)];
}

}  // namespace keelson
