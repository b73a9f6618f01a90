#include "ctl/json_text.h"

#include <array>
#include <cstdio>

#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

std::string unicode_escape(char32_t rune) {
  std::array<char, 8> buffer;
  int length = std::snprintf(buffer.data(), buffer.size(), "\\u%04x", static_cast<unsigned>(rune));
  return std::string(buffer.data(), static_cast<size_t>(length));
}

void append_json_rune(std::string* out, std::string_view raw, Rune rune) {
  static constexpr std::string_view kNamed = "\b\f\n\r\t\"\\";
  static constexpr std::string_view kNames = "bfnrt\"\\";
  bool bad = rune.value == 0xFFFD && rune.size == 1;
  size_t named = rune.value < 0x80 ? kNamed.find(static_cast<char>(rune.value)) : std::string::npos;
  if (named != std::string::npos) {
    out->append({'\\', kNames[named]});
  } else if (bad || rune.value < 0x20 || rune.value == '<' || rune.value == '>' ||
             rune.value == '&' || rune.value == 0x2028 || rune.value == 0x2029) {
    *out += unicode_escape(rune.value);
  } else {
    out->append(raw.substr(0, rune.size));
  }
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    Rune rune = decode_rune(text);
    append_json_rune(&out, text, rune);
    text.remove_prefix(rune.size);
  }
  return out + "\"";
}

std::string json_bytes(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "\"";
  out.reserve(bytes.size() / 3 * 4 + 6);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; j++) {
      group = (group << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    }
    size_t left = bytes.size() - i;
    out.push_back(kDigits[group >> 18]);
    out.push_back(kDigits[(group >> 12) & 63]);
    out.push_back(left > 1 ? kDigits[(group >> 6) & 63] : '=');
    out.push_back(left > 2 ? kDigits[group & 63] : '=');
  }
  return out + "\"";
}

JsonObject& JsonObject::add(std::string_view name, std::string_view value) {
  if (!body_.empty()) body_ += ",";
  body_ += json_string(name) + ":";
  body_ += value;
  return *this;
}

std::string json_array(const std::vector<std::string>& members) {
  std::string out = "[";
  for (const std::string& member : members) out += (out.size() > 1 ? "," : "") + member;
  return out + "]";
}

}  // namespace keelson::ctl
