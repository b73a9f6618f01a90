// The one error type. Codes are gRPC's, because an error that reaches a client leaves with exactly
// this code and text; text is wire contract (reference errors.md). Values, never exceptions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace keelson {

enum class Code : uint8_t {
  kOk = 0,
  kCanceled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

inline constexpr int kCodeCount = 17;

// "InvalidArgument": Go's names, as metrics labels carry them.
std::string_view code_name(Code code);

// What the caller may do with a failure.
enum class Outcome : uint8_t { kRefused, kRetry, kUnknown };

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string text) : code_(code), text_(std::move(text)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& text() const { return text_; }
  // Refused: nothing was changed. Retry: nothing was changed and a second try may work. Unknown:
  // the change may have happened or may still happen.
  Outcome outcome() const;
  // "rpc error: code = NotFound desc = ..." as etcd's clients print it.
  std::string to_string() const;
  bool operator==(const Status&) const = default;

 private:
  Code code_ = Code::kOk;
  std::string text_;
};

// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}        // NOLINT: by intent
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {  // NOLINT: by intent
    CHECK(!std::get<1>(state_).ok());
  }

  bool ok() const { return state_.index() == 0; }
  Status status() const { return ok() ? Status() : std::get<1>(state_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() {
    CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const {
    CHECK(ok());
    return std::get<0>(state_);
  }

 private:
  std::variant<T, Status> state_;
};

}  // namespace keelson
