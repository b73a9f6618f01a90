// The headers of one HTTP/2 request, collected while they are decoded. Reused from request to
// request.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"

namespace keelson::front {

// Name and value pairs in one string: no allocation a header.
class HeaderArena {
 public:
  void add(std::string_view name, std::string_view value) {
    const uint32_t sizes[2] = {static_cast<uint32_t>(name.size()),
                               static_cast<uint32_t>(value.size())};
    bytes_.append(reinterpret_cast<const char*>(sizes), sizeof sizes);
    bytes_.append(name).append(value);
  }

  // The first value of a name; empty when absent.
  std::string_view find(std::string_view name) const {
    std::string_view found;
    for_each([&](std::string_view n, std::string_view v) {
      if (n != name) return true;
      found = v;
      return false;
    });
    return found;
  }

  // Calls f(name, value) in order until it says false.
  template <typename F>
  void for_each(F f) const {
    for (size_t at = 0; at < bytes_.size();) {
      uint32_t sizes[2];
      CHECK(bytes_.size() - at >= sizeof sizes);
      std::memcpy(sizes, bytes_.data() + at, sizeof sizes);
      const std::string_view rest = std::string_view(bytes_).substr(at + sizeof sizes);
      if (!f(rest.substr(0, sizes[0]), rest.substr(sizes[0], sizes[1]))) return;
      at += sizeof sizes + sizes[0] + sizes[1];
    }
  }

  void clear() { bytes_.clear(); }
  void swap(HeaderArena& other) { bytes_.swap(other.bytes_); }

 private:
  std::string bytes_;
};

struct RequestHead {
  std::string method, path, authority, content_type, grpc_timeout, grpc_encoding;
  bool timeout_set = false;
  size_t bytes = 0;    // names and values, with HPACK's 32 a field
  HeaderArena others;  // all that has no place of its own above

  // False when the list is larger than we take.
  bool add(std::string_view name, std::string_view value);
  void clear();
};

}  // namespace keelson::front
