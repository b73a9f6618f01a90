#include "ctl/go_quote.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ctl/go_print_table.h"

namespace keelson::ctl {
namespace {

constexpr char32_t kBadRune = 0xFFFD;
constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool is_continuation(unsigned char c) { return (c & 0xC0) == 0x80; }

std::string hex_escape(const char* format, unsigned value) {
  std::array<char, 16> buffer;
  int length = std::snprintf(buffer.data(), buffer.size(), format, value);
  return std::string(buffer.data(), static_cast<size_t>(length));
}

// The short escape of a control character, or 0.
char short_escape(char32_t rune) {
  static constexpr std::string_view kCodes = "\a\b\f\n\r\t\v";
  static constexpr std::string_view kNames = "abfnrtv";
  if (rune >= 0x20 || rune == 0) return 0;
  size_t at = kCodes.find(static_cast<char>(rune));
  return at == std::string_view::npos ? 0 : kNames[at];
}

void append_escaped(std::string* out, std::string_view raw, Rune rune, char quote) {
  if (rune.size == 1 && rune.value == kBadRune) {
    *out += hex_escape("\\x%02x", static_cast<unsigned char>(raw[0]));
  } else if (rune.value == static_cast<unsigned char>(quote) || rune.value == '\\') {
    out->append({'\\', static_cast<char>(rune.value)});
  } else if (go_is_print(rune.value)) {
    out->append(raw.substr(0, rune.size));
  } else if (char name = short_escape(rune.value)) {
    out->append({'\\', name});
  } else if (rune.value < 0x20 || rune.value == 0x7F) {
    *out += hex_escape("\\x%02x", rune.value);
  } else if (rune.value < 0x10000) {
    *out += hex_escape("\\u%04x", rune.value);
  } else {
    *out += hex_escape("\\U%08x", rune.value);
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads exactly `count` digits of the base; nothing on any other character.
std::optional<char32_t> read_digits(std::string_view* text, size_t count, int base) {
  if (text->size() < count) return std::nullopt;
  char32_t value = 0;
  for (size_t i = 0; i < count; i++) {
    int digit = hex_digit((*text)[i]);
    if (digit < 0 || digit >= base) return std::nullopt;
    value = value * static_cast<char32_t>(base) + static_cast<char32_t>(digit);
  }
  text->remove_prefix(count);
  return value;
}

bool append_numeric_escape(std::string* out, char kind, std::string_view* rest) {
  size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 3;
  std::optional<char32_t> value = read_digits(rest, digits, digits == 3 ? 8 : 16);
  if (!value) return false;
  if (kind == 'u' || kind == 'U') {
    if (*value > 0x10FFFF || (*value >= 0xD800 && *value < 0xE000)) return false;
    append_rune(out, *value);
    return true;
  }
  if (*value > 0xFF) return false;
  out->push_back(static_cast<char>(*value));
  return true;
}

// Decodes the escape whose backslash was taken already.
bool append_escape(std::string* out, std::string_view* rest) {
  static constexpr std::string_view kNames = "abfnrtv\\\"";
  static constexpr std::string_view kCodes = "\a\b\f\n\r\t\v\\\"";
  if (rest->empty()) return false;
  char kind = rest->front();
  size_t at = kNames.find(kind);
  if (at != std::string_view::npos) {
    out->push_back(kCodes[at]);
    rest->remove_prefix(1);
    return true;
  }
  if (kind == 'x' || kind == 'u' || kind == 'U') {
    rest->remove_prefix(1);
    return append_numeric_escape(out, kind, rest);
  }
  return kind >= '0' && kind <= '7' && append_numeric_escape(out, '0', rest);
}

std::optional<std::string> unquote_double(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    char c = body.front();
    if (c == '"' || c == '\n') return std::nullopt;
    if (c != '\\') {
      Rune rune = decode_rune(body);
      append_rune(&out, rune.value);
      body.remove_prefix(rune.size);
      continue;
    }
    body.remove_prefix(1);
    if (!append_escape(&out, &body)) return std::nullopt;
  }
  return out;
}

}  // namespace

bool go_is_print(char32_t rune) {
  const RuneRange* end = kPrintable + kPrintableCount;
  const RuneRange* after = std::upper_bound(
      kPrintable, end, rune, [](char32_t value, const RuneRange& r) { return value < r.first; });
  return after != kPrintable && rune <= (after - 1)->last;
}

Rune decode_rune(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {kBadRune, 1};
  char32_t value = first & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; i++) {
    if (!is_continuation(byte(i))) return {kBadRune, 1};
    value = (value << 6) | (byte(i) & 0x3F);
  }
  bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {kBadRune, 1};
  return {value, size};
}

void append_rune(std::string* out, char32_t rune) {
  auto put = [&](char32_t value) { out->push_back(static_cast<char>(value)); };
  if (rune < 0x80) return put(rune);
  if (rune < 0x800) {
    put(0xC0 | (rune >> 6));
  } else {
    if (rune < 0x10000) {
      put(0xE0 | (rune >> 12));
    } else {
      put(0xF0 | (rune >> 18));
      put(0x80 | ((rune >> 12) & 0x3F));
    }
    put(0x80 | ((rune >> 6) & 0x3F));
  }
  put(0x80 | (rune & 0x3F));
}

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    Rune rune = decode_rune(text);
    append_escaped(&out, text, rune, '"');
    text.remove_prefix(rune.size);
  }
  return out + "\"";
}

std::string go_quote_raw(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    Rune rune = decode_rune(rest);
    bool bad = rune.value == kBadRune && rune.size == 1;
    bool control = (rune.value < 0x20 && rune.value != '\t') || rune.value == 0x7F;
    if (bad || control || rune.value == '`' || rune.value == 0xFEFF) return go_quote(text);
    rest.remove_prefix(rune.size);
  }
  return "`" + std::string(text) + "`";
}

std::string go_quote_char(unsigned char byte) {
  std::string raw;
  append_rune(&raw, byte);
  std::string out = "'";
  append_escaped(&out, raw, {byte, raw.size()}, '\'');
  return out + "'";
}

std::optional<std::string> go_unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  std::string_view body = literal.substr(1, literal.size() - 2);
  if (literal.front() == '"') return unquote_double(body);
  if (literal.front() != '`' || body.find('`') != std::string_view::npos) return std::nullopt;
  std::string out(body);
  std::erase(out, '\r');
  return out;
}

std::optional<std::string> go_scan_quoted(std::string_view* input) {
  input->remove_prefix(std::min(input->find_first_not_of(kBlanks), input->size()));
  if (input->empty() || (input->front() != '"' && input->front() != '`')) return std::nullopt;
  char quote = input->front();
  size_t end = 1;
  while (end < input->size() && (*input)[end] != quote) {
    end += quote == '"' && (*input)[end] == '\\' ? 2 : 1;
  }
  if (end >= input->size()) return std::nullopt;
  std::optional<std::string> content = go_unquote(input->substr(0, end + 1));
  input->remove_prefix(end + 1);
  return content;
}

}  // namespace keelson::ctl
