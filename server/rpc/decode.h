// One step from the client's bytes to a checked view and to bytes that may go into the log.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "rpc/canonical.h"
#include "rpc/strict.h"

namespace keelson::rpc {

// The bytes of a request that passed: the client's own, or, if those were odd, encoded anew.
class PlainBytes {
 public:
  // False when the request is malformed. `view` points into bytes() on success.
  template <typename View>
  bool decode(RequestKind kind, std::string_view in, View& view) {
    bytes_ = in;
    if (decode_strict(in, view)) return true;
    if (!encode_anew(kind, in)) return false;
    view = View();
    return decode_strict(bytes_, view);
  }

  // For messages of numbers only.
  template <size_t N>
  bool decode(RequestKind kind, std::string_view in, std::array<int64_t, N>& numbers) {
    bytes_ = in;
    numbers.fill(0);
    if (decode_numbers(in, numbers)) return true;
    if (!encode_anew(kind, in)) return false;
    numbers.fill(0);
    return decode_numbers(bytes_, numbers);
  }

  // For messages with text, which only the protobuf library judges.
  bool encode_anew(RequestKind kind, std::string_view in) {
    auto again = canonical(kind, in);
    if (!again) return false;
    storage_ = std::move(*again);
    bytes_ = storage_;
    return true;
  }

  std::string_view bytes() const { return bytes_; }

 private:
  std::string storage_;
  std::string_view bytes_;
};

}  // namespace keelson::rpc
