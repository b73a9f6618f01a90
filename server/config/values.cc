#include "config/values.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <numeric>

#include "base/duration.h"

namespace keelson::config {
namespace {

Status parse_error() { return Status(Code::kInvalidArgument, "parse error"); }
Status range_error() { return Status(Code::kOutOfRange, "value out of range"); }

// Underscores may stand between digits and after a base prefix only.
bool take_underscores(std::string& digits, bool after_prefix) {
  bool ready = after_prefix;
  for (const char c : digits) {
    if (c == '_' && !ready) return false;
    ready = c != '_';
  }
  if (!ready) return false;
  std::erase(digits, '_');
  return true;
}

struct Number {
  std::string digits;
  int base = 10;
};

bool split_base(std::string_view text, Number& out) {
  const bool zero = text.size() >= 2 && text.front() == '0';
  const char second = zero ? static_cast<char>(text[1] | 0x20) : '\0';
  size_t prefix = 0;
  if (zero) {
    out.base = second == 'x' ? 16 : second == 'b' ? 2 : 8;
    prefix = second == 'x' || second == 'b' || second == 'o' ? 2 : 1;
  }
  out.digits = text.substr(prefix);
  if (out.digits.find('_') == std::string::npos) return true;
  return take_underscores(out.digits, prefix > 0);
}

}  // namespace

Result<uint64_t> parse_uint(std::string_view text) {
  Number number;
  if (!split_base(text, number)) return parse_error();
  uint64_t value = 0;
  const char* end = number.digits.data() + number.digits.size();
  const auto [stop, error] = std::from_chars(number.digits.data(), end, value, number.base);
  if (error == std::errc::result_out_of_range && stop == end) return range_error();
  if (error != std::errc() || stop != end) return parse_error();
  return value;
}

Result<int64_t> parse_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto magnitude = parse_uint(text);
  if (!magnitude.ok()) return magnitude.status();
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (*magnitude > limit) return range_error();
  return static_cast<int64_t>(negative ? uint64_t{0} - *magnitude : *magnitude);
}

Result<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return parse_error();
}

std::string duration_error(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  const auto numbers = [](std::string_view in) {
    return std::min(in.find_first_not_of(".0123456789"), in.size());
  };
  while (!rest.empty()) {
    const size_t n = numbers(rest);
    if (n == 0 || rest.substr(0, n) == ".") break;
    rest.remove_prefix(n);
    const std::string_view unit = rest.substr(0, rest.find_first_of(".0123456789"));
    if (unit.empty()) return "time: missing unit in duration " + quote(text);
    if (!parse_duration("1" + std::string(unit)))
      return "time: unknown unit " + quote(unit) + " in duration " + quote(text);
    rest.remove_prefix(unit.size());
  }
  return "time: invalid duration " + quote(text);
}

std::string trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n\v\f");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n\v\f") - first + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace keelson::config
