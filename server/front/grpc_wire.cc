#include "front/grpc_wire.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace keelson::front {
namespace {

constexpr std::string_view kGrpcType = "application/grpc";
// A pooled cutter gives back more than this.
constexpr size_t kKeepBytes = 4096;

bool plain_in_message(unsigned char c) { return c >= ' ' && c <= '~' && c != '%'; }

// Length of the UTF-8 sequence at the front; 0 when there is none (overlong and surrogates
// included).
size_t utf8_length(std::string_view s) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto tail = [&](size_t i) { return i < s.size() && (at(i) & 0xc0) == 0x80; };
  const unsigned char c = at(0);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return tail(1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if ((c == 0xe0 && at(1) < 0xa0) || (c == 0xed && at(1) > 0x9f)) return 0;
    return 3;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if ((c == 0xf0 && at(1) < 0x90) || (c == 0xf4 && at(1) > 0x8f)) return 0;
    return 4;
  }
  return 0;
}

constexpr char kHexUpper[] = "0123456789ABCDEF";
constexpr char kHexLower[] = "0123456789abcdef";

void put_percent(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHexUpper[byte >> 4];
    out += kHexUpper[byte & 15];
  }
}

Status bad_timeout(std::string_view what) {
  return {Code::kInternal, "malformed grpc-timeout: " + std::string(what)};
}

int64_t unit_nanoseconds(char unit) {
  switch (unit) {
    case 'H':
      return 3'600'000'000'000;
    case 'M':
      return 60'000'000'000;
    case 'S':
      return 1'000'000'000;
    case 'm':
      return 1'000'000;
    case 'u':
      return 1'000;
    case 'n':
      return 1;
    default:
      return 0;
  }
}

// The escape of one control character or quote as %q writes it.
void put_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\a':
      out += "\\a";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
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
    case '\v':
      out += "\\v";
      return;
    default:
      break;
  }
  out += "\\x";
  out += kHexLower[c >> 4];
  out += kHexLower[c & 15];
}

}  // namespace

bool is_grpc_content_type(std::string_view value) {
  if (!value.starts_with(kGrpcType)) return false;
  if (value.size() == kGrpcType.size()) return true;
  const char next = value[kGrpcType.size()];
  return next == '+' || next == ';';
}

std::string percent_encode(std::string_view text) {
  const auto plain = [](char c) { return plain_in_message(static_cast<unsigned char>(c)); };
  if (std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const size_t n = utf8_length(text);
    if (n == 1 && plain(text[0])) {
      out += text[0];
    } else {
      put_percent(out, n == 0 ? "\xef\xbf\xbd" : text.substr(0, n));
    }
    text.remove_prefix(std::max<size_t>(n, 1));
  }
  return out;
}

Result<Duration> parse_grpc_timeout(std::string_view value) {
  if (value.size() < 2)
    return bad_timeout("transport: timeout string is too short: " + go_quote(value));
  // Eight digits and the unit.
  if (value.size() > 9)
    return bad_timeout("transport: timeout string is too long: " + go_quote(value));
  const int64_t unit = unit_nanoseconds(value.back());
  if (unit == 0)
    return bad_timeout("transport: timeout unit is not recognized: " + go_quote(value));
  const std::string_view digits = value.substr(0, value.size() - 1);
  int64_t n = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9')
      return bad_timeout("strconv.ParseUint: parsing " + go_quote(digits) + ": invalid syntax");
    n = n * 10 + (c - '0');
  }
  if (n > INT64_MAX / unit) return Duration::max();
  return Duration(n * unit);
}

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t n = utf8_length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (n > 1 || (n == 1 && c >= ' ' && c < 0x7f && c != '"' && c != '\\')) {
      out += text.substr(0, n);
    } else {
      put_escaped(out, c);
    }
    text.remove_prefix(std::max<size_t>(n, 1));
  }
  return out + '"';
}

void put_message_prefix(char* out, size_t message_bytes) {
  CHECK(message_bytes <= UINT32_MAX);
  out[0] = 0;
  for (int i = 0; i < 4; i++) out[1 + i] = static_cast<char>(message_bytes >> (24 - 8 * i));
}

void MessageCutter::reset(size_t message_bytes_max) {
  max_ = message_bytes_max;
  prefix_bytes_ = 0;
  handed_out_ = false;
  body_.clear();
  if (body_.capacity() > kKeepBytes) std::string().swap(body_);
  if (!failure_.ok()) failure_ = Status();
}

// True when the prefix is complete.
bool MessageCutter::take_prefix(std::string_view& input) {
  const size_t n = std::min(kMessagePrefixBytes - prefix_bytes_, input.size());
  std::memcpy(prefix_ + prefix_bytes_, input.data(), n);
  prefix_bytes_ += n;
  input.remove_prefix(n);
  return prefix_bytes_ == kMessagePrefixBytes;
}

// The size counts before the compression flag, as in grpc-go. No content coding is installed: a
// compressed message is refused by its encoding's name; a set flag without a name is a mistake.
bool MessageCutter::check_prefix() {
  length_ = 0;
  for (int i = 1; i < 5; i++) length_ = length_ << 8 | static_cast<unsigned char>(prefix_[i]);
  if (length_ > max_) {
    failure_ = {Code::kResourceExhausted, "grpc: received message larger than max (" +
                                              std::to_string(length_) + " vs. " +
                                              std::to_string(max_) + ")"};
  }
  return failure_.ok();
}

std::optional<std::string_view> MessageCutter::next(std::string_view& input) {
  if (handed_out_) {
    handed_out_ = false;
    body_.clear();
    if (body_.capacity() > kKeepBytes) std::string().swap(body_);
  }
  if (!failure_.ok()) return std::nullopt;
  if (prefix_bytes_ < kMessagePrefixBytes) {
    if (input.empty() || !take_prefix(input) || !check_prefix()) return std::nullopt;
    if (input.size() < length_) body_.reserve(length_);
  }
  std::string_view message;
  if (body_.empty() && input.size() >= length_) {
    message = input.substr(0, length_);
    input.remove_prefix(length_);
  } else {
    const size_t n = std::min(length_ - body_.size(), input.size());
    body_.append(input.substr(0, n));
    input.remove_prefix(n);
    if (body_.size() < length_) return std::nullopt;
    message = body_;
    handed_out_ = true;
  }
  prefix_bytes_ = 0;
  const auto flag = static_cast<unsigned char>(prefix_[0]);
  if (flag == 0) return message;
  const bool named = !encoding_.empty() && encoding_ != "identity";
  if (flag == 1 && named) {
    failure_ = {Code::kUnimplemented,
                "grpc: Decompressor is not installed for grpc-encoding " + go_quote(encoding_)};
  } else if (flag == 1) {
    failure_ = {Code::kInternal, "grpc: compressed flag set with identity or empty encoding"};
  } else {
    failure_ = {Code::kInternal,
                "grpc: received unexpected payload format " + std::to_string(flag)};
  }
  return std::nullopt;
}

}  // namespace keelson::front
