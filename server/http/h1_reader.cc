#include "http/h1_reader.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace keelson::http {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

// "/path?query", also behind "http://host".
bool split_target(std::string_view target, Request& request) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
    if (target.empty()) target = "/";
  }
  if (!target.starts_with('/') && target != "*") return false;
  const size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  return true;
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Request Entity Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string date_text(std::chrono::nanoseconds wall) {
  const time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(wall).count();
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
}

}  // namespace

H1Reader::State H1Reader::bad(int status) {
  bad_status_ = status;
  keep_alive_ = false;
  return State::kBad;
}

H1Reader::State H1Reader::next(std::string& input, Request& request) {
  const size_t skipped = std::min(skip_, input.size());
  input.erase(0, skipped);
  skip_ -= skipped;
  while (skip_ == 0 && input.starts_with("\r\n")) input.erase(0, 2);
  if (skip_ > 0 || input.empty()) return State::kMore;
  const size_t end = input.find(kEndOfHead);
  if (std::min(end, input.size()) > kHeadBytesMax) return bad(431);
  if (end == std::string::npos) return State::kMore;
  const std::string head = input.substr(0, end + 2);
  input.erase(0, end + kEndOfHead.size());
  const size_t line = head.find("\r\n");
  request = Request();
  if (!parse_request_line(std::string_view(head).substr(0, line), request)) return bad(400);
  if (!parse_headers(std::string_view(head).substr(line + 2), request)) return bad(bad_status_);
  if (!measure_body(request)) return bad(bad_status_);
  const std::string connection = lower(request.header("connection"));
  keep_alive_ = keep_alive_ && connection.find("close") == std::string::npos;
  if (http_1_0_) keep_alive_ = connection.find("keep-alive") != std::string::npos;
  return State::kRequest;
}

bool H1Reader::parse_request_line(std::string_view line, Request& request) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  http_1_0_ = version == "HTTP/1.0";
  request.method = line.substr(0, first);
  return is_token(request.method) &&
         split_target(line.substr(first + 1, last - first - 1), request);
}

bool H1Reader::parse_headers(std::string_view lines, Request& request) {
  bad_status_ = 400;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
    request.headers.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    if (request.headers.size() > kHeadersMax) {
      bad_status_ = 431;
      return false;
    }
  }
  return http_1_0_ || !request.header("host").empty();
}

// A body of known length is skipped; the end of a chunked one is not looked for, so the connection
// ends with the answer.
bool H1Reader::measure_body(const Request& request) {
  keep_alive_ = request.header("transfer-encoding").empty();
  const std::string_view text = request.header("content-length");
  if (text.empty()) return true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), skip_);
  bad_status_ = 400;
  if (error != std::errc() || end != text.data() + text.size()) return false;
  bad_status_ = 413;
  return skip_ <= kBodyBytesMax;
}

std::string h1_response(const Response& response, bool head, bool keep_alive,
                        std::chrono::nanoseconds wall) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    std::string(reason(response.status)) + "\r\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  out += "Date: " + date_text(wall) +
         "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (!keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  if (!head) out += response.body;
  return out;
}

}  // namespace keelson::http
