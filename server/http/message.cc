#include "http/message.h"

namespace keelson::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool decode(std::string_view text, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

}  // namespace

Response error_response(int status, std::string text) {
  return {status,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
          std::move(text) + "\n"};
}

Response not_found() { return error_response(404, "404 page not found"); }

Response method_not_allowed() {
  Response response = error_response(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", "GET");
  return response;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty() || part.find(';') != std::string_view::npos) continue;
    const size_t equals = part.find('=');
    std::string key;
    std::string value;
    if (!decode(part.substr(0, equals), key)) continue;
    if (equals != std::string_view::npos && !decode(part.substr(equals + 1), value)) continue;
    parts_.emplace_back(std::move(key), std::move(value));
  }
}

bool Query::has(std::string_view key) const {
  for (const auto& [name, value] : parts_)
    if (name == key) return true;
  return false;
}

std::string Query::first(std::string_view key) const {
  for (const auto& [name, value] : parts_)
    if (name == key) return value;
  return "";
}

std::vector<std::string> Query::all(std::string_view key) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : parts_)
    if (name == key) values.push_back(value);
  return values;
}

}  // namespace keelson::http
