#include "base/duration.h"

#include <array>
#include <cstdint>

namespace keelson {
namespace {

constexpr uint64_t kMicro = 1'000;
constexpr uint64_t kMilli = 1'000'000;
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kMinute = 60 * kSecond;
constexpr uint64_t kHour = 60 * kMinute;
constexpr uint64_t kAbsoluteMax = uint64_t{1} << 63;  // of the most negative value

struct Unit {
  std::string_view name;
  uint64_t nanoseconds;
};
// Two spellings of micro: U+00B5 and U+03BC.
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", kMicro},
                                      {"\xc2\xb5s", kMicro},
                                      {"\xce\xbcs", kMicro},
                                      {"ms", kMilli},
                                      {"s", kSecond},
                                      {"m", kMinute},
                                      {"h", kHour}}};

// "5", "1.5": value in whole units of `unit`, the rest as a fraction without trailing zeros.
std::string decimal(uint64_t value, uint64_t unit) {
  std::string text = std::to_string(value / unit);
  uint64_t rest = value % unit;
  if (rest == 0) return text;
  std::string digits;
  for (uint64_t place = unit / 10; rest > 0; place /= 10) {
    digits += static_cast<char>('0' + rest / place);
    rest %= place;
  }
  return text + "." + digits;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One number and its unit, taken off the front of `text`. False when there is none or it is too
// big.
bool take_part(std::string_view& text, uint64_t& total) {
  uint64_t whole = 0;
  size_t digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
    if (whole > kAbsoluteMax / 10) return false;
    whole = whole * 10 + static_cast<uint64_t>(text.front() - '0');
  }
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = text.substr(0, text.find_first_not_of("0123456789"));
    text.remove_prefix(fraction.size());
  }
  if (digits + fraction.size() == 0) return false;
  const std::string_view name = text.substr(0, text.find_first_of(".0123456789"));
  text.remove_prefix(name.size());
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (whole > kAbsoluteMax / unit.nanoseconds) return false;
    uint64_t value = whole * unit.nanoseconds;
    uint64_t place = unit.nanoseconds;
    for (const char c : fraction) {
      place /= 10;
      value += static_cast<uint64_t>(c - '0') * place;
    }
    total += value;
    return value <= kAbsoluteMax && total <= kAbsoluteMax;
  }
  return false;
}

}  // namespace

std::string duration_text(Duration d) {
  const int64_t count = d.count();
  if (count == 0) return "0s";
  const std::string sign = count < 0 ? "-" : "";
  const uint64_t n =
      count < 0 ? uint64_t{0} - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  if (n < kMicro) return sign + std::to_string(n) + "ns";
  if (n < kMilli) return sign + decimal(n, kMicro) + "\xc2\xb5s";
  if (n < kSecond) return sign + decimal(n, kMilli) + "ms";
  std::string text = sign;
  if (n >= kHour) text += std::to_string(n / kHour) + "h";
  if (n >= kMinute) text += std::to_string(n % kHour / kMinute) + "m";
  return text + decimal(n % kMinute, kSecond) + "s";
}

std::optional<Duration> parse_duration(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  while (!text.empty())
    if (!take_part(text, total)) return std::nullopt;
  if (negative) return Duration(static_cast<int64_t>(uint64_t{0} - total));
  if (total >= kAbsoluteMax) return std::nullopt;
  return Duration(static_cast<int64_t>(total));
}

}  // namespace keelson
