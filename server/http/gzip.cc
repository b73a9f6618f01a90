#include "http/gzip.h"

#include <zlib.h>

#include "base/check.h"

namespace keelson::http {
namespace {

constexpr int kWindowBitsWithGzipHeader = 15 + 16;
constexpr int kMemoryLevel = 8;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_zero_weight(std::string_view parameters) {
  const size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return false;
  const std::string_view weight = parameters.substr(at + 2);
  return weight.starts_with('0') && weight.find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view header) {
  while (!header.empty()) {
    const std::string_view part = header.substr(0, header.find(','));
    header.remove_prefix(std::min(part.size() + 1, header.size()));
    const size_t semicolon = std::min(part.find(';'), part.size());
    const std::string_view name = trimmed(part.substr(0, semicolon));
    if (name == "gzip" || name == "*") return !is_zero_weight(part.substr(semicolon));
  }
  return false;
}

std::string gzip(std::string_view data) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kWindowBitsWithGzipHeader, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  CHECK(result == Z_STREAM_END);
  return out;
}

}  // namespace keelson::http
