#include "ctl/go_number.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

Failure number_error(const char* function, std::string_view text, const char* reason) {
  return {kExitError,
          std::string("strconv.") + function + ": parsing " + go_quote(text) + ": " + reason};
}

constexpr const char* kSyntax = "invalid syntax";
constexpr const char* kRange = "value out of range";

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

// Takes the prefix that says the base, as base 0 asks for.
int take_base(std::string_view* digits) {
  if (digits->empty() || digits->front() != '0') return 10;
  if (digits->size() >= 3) {
    char kind = static_cast<char>((*digits)[1] | 0x20);
    int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
    if (base != 0) {
      digits->remove_prefix(2);
      return base;
    }
  }
  digits->remove_prefix(1);
  return 8;
}

// Underscores may stand only between digits, or between the base prefix and a digit.
bool underscores_ok(std::string_view text) {
  bool digit_before = text.size() >= 2 && text[0] == '0';
  if (digit_before) text.remove_prefix(digit_value(text[1]) > 9 ? 2 : 1);
  bool after_underscore = false;
  for (char c : text) {
    if (c == '_') {
      if (!digit_before) return false;
      digit_before = false;
      after_underscore = true;
    } else {
      digit_before = true;
      after_underscore = false;
    }
  }
  return !after_underscore;
}

// The magnitude of `digits`; nullptr in `*reason` when it is good.
uint64_t parse_magnitude(std::string_view digits, int base, const char** reason) {
  std::string_view whole = digits;
  bool any_base = base == 0;
  *reason = kSyntax;
  if (digits.empty()) return 0;
  if (any_base) base = take_base(&digits);
  uint64_t value = 0;
  bool overflow = false;
  for (char c : digits) {
    if (c == '_' && any_base) continue;
    int digit = digit_value(c);
    if (digit >= base) return 0;
    uint64_t add = static_cast<uint64_t>(digit);
    if (value > (std::numeric_limits<uint64_t>::max() - add) / static_cast<uint64_t>(base)) {
      overflow = true;
      value = 0;
    }
    value = value * static_cast<uint64_t>(base) + add;
  }
  if (whole.find('_') != std::string_view::npos && !underscores_ok(whole)) return 0;
  *reason = overflow ? kRange : nullptr;
  return value;
}

struct Unit {
  std::string_view name;
  int64_t ns;
};
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1000},
                                         {"\u00b5s", 1000},
                                         {"\u03bcs", 1000},
                                         {"ms", 1000000},
                                         {"s", 1000000000},
                                         {"m", 60000000000},
                                         {"h", 3600000000000}}};

Failure duration_error(const char* what, std::string_view text) {
  return {kExitError, std::string("time: ") + what + " " + go_quote(text)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One `12.5ms` at the start of `*rest`, in nanoseconds.
Result<double> take_duration_part(std::string_view* rest, std::string_view whole) {
  Failure invalid = duration_error("invalid duration", whole);
  size_t digits = 0;
  size_t end = 0;
  while (end < rest->size() && is_digit((*rest)[end])) end++, digits++;
  if (end < rest->size() && (*rest)[end] == '.') {
    end++;
    while (end < rest->size() && is_digit((*rest)[end])) end++, digits++;
  }
  if (digits == 0) return invalid;
  double number = std::strtod(std::string(rest->substr(0, end)).c_str(), nullptr);
  rest->remove_prefix(end);
  size_t unit_end = 0;
  while (unit_end < rest->size() && (*rest)[unit_end] != '.' && !is_digit((*rest)[unit_end])) {
    unit_end++;
  }
  std::string_view name = rest->substr(0, unit_end);
  if (name.empty()) return duration_error("missing unit in duration", whole);
  rest->remove_prefix(unit_end);
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return number * static_cast<double>(unit.ns);
  }
  return Failure{kExitError,
                 "time: unknown unit " + go_quote(name) + " in duration " + go_quote(whole)};
}

// `value` / `unit` with the fraction's trailing zeros cut; `digits` is the fraction's length.
std::string with_fraction(uint64_t value, uint64_t unit, int digits) {
  std::string text = std::to_string(value / unit);
  uint64_t fraction = value % unit;
  if (fraction == 0) return text;
  std::string tail = std::to_string(fraction);
  tail.insert(0, static_cast<size_t>(digits) - tail.size(), '0');
  tail.erase(tail.find_last_not_of('0') + 1);
  return text + "." + tail;
}

}  // namespace

Result<int64_t> parse_int(std::string_view text, int base) {
  std::string_view digits = text;
  bool negative = !digits.empty() && digits.front() == '-';
  if (negative || (!digits.empty() && digits.front() == '+')) digits.remove_prefix(1);
  const char* reason = nullptr;
  uint64_t magnitude = parse_magnitude(digits, base, &reason);
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  if (reason == nullptr && (negative ? magnitude > kLimit : magnitude >= kLimit)) reason = kRange;
  if (reason != nullptr) return number_error("ParseInt", text, reason);
  return static_cast<int64_t>(negative ? ~magnitude + 1 : magnitude);
}

Result<uint64_t> parse_uint(std::string_view text, int base) {
  const char* reason = nullptr;
  uint64_t value = parse_magnitude(text, base, &reason);
  if (reason != nullptr) return number_error("ParseUint", text, reason);
  return value;
}

Result<bool> parse_bool(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return number_error("ParseBool", text, kSyntax);
}

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  bool negative = !rest.empty() && rest.front() == '-';
  if (negative || (!rest.empty() && rest.front() == '+')) rest.remove_prefix(1);
  if (rest == "0") return Duration(0);
  if (rest.empty()) return duration_error("invalid duration", text);
  double total = 0;
  while (!rest.empty()) {
    Result<double> part = take_duration_part(&rest, text);
    if (!part.ok()) return part.failure();
    total += *part;
  }
  if (total > 9.2233720368547e18) return duration_error("invalid duration", text);
  return Duration(std::llround(negative ? -total : total));
}

std::string format_duration(Duration value) {
  int64_t ns = value.count();
  uint64_t magnitude = ns < 0 ? ~static_cast<uint64_t>(ns) + 1 : static_cast<uint64_t>(ns);
  std::string sign = ns < 0 ? "-" : "";
  if (magnitude == 0) return "0s";
  if (magnitude < 1000) return sign + std::to_string(magnitude) + "ns";
  if (magnitude < 1000000) return sign + with_fraction(magnitude, 1000, 3) + "\u00b5s";
  if (magnitude < 1000000000) return sign + with_fraction(magnitude, 1000000, 6) + "ms";
  constexpr uint64_t kMinute = 60000000000;
  std::string seconds = with_fraction(magnitude % kMinute, 1000000000, 9) + "s";
  uint64_t minutes = magnitude / kMinute;
  if (minutes == 0) return sign + seconds;
  std::string rest = std::to_string(minutes % 60) + "m" + seconds;
  return sign + (minutes >= 60 ? std::to_string(minutes / 60) + "h" + rest : rest);
}

std::string hex(uint64_t value) {
  std::array<char, 17> buffer;
  int length =
      std::snprintf(buffer.data(), buffer.size(), "%llx", static_cast<unsigned long long>(value));
  return std::string(buffer.data(), static_cast<size_t>(length));
}

std::string hex16(uint64_t value) {
  std::string digits = hex(value);
  return std::string(16 - digits.size(), '0') + digits;
}

std::string humanize_bytes(uint64_t bytes) {
  static constexpr std::array<const char*, 7> kUnitNames = {"B",  "kB", "MB", "GB",
                                                            "TB", "PB", "EB"};
  if (bytes < 10) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  double exponent = std::floor(std::log(value) / std::log(1000.0));
  double scaled = std::floor(value / std::pow(1000.0, exponent) * 10 + 0.5) / 10;
  std::array<char, 32> buffer;
  int length = std::snprintf(buffer.data(), buffer.size(), scaled < 10 ? "%.1f %s" : "%.0f %s",
                             scaled, kUnitNames[static_cast<size_t>(exponent)]);
  return std::string(buffer.data(), static_cast<size_t>(length));
}

std::string escape_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : bytes) {
    out.append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return out;
}

}  // namespace keelson::ctl
