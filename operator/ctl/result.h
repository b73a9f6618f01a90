// The error value of etcdctl's code: a failure is the text for the user and the process's exit
// code.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace keelson::ctl {

// Exit codes as scripts know them.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,
  kExitBadConnection = 2,
  kExitInvalidInput = 3,
  kExitBadFeature = 4,
  kExitInterrupted = 5,
  kExitBadArgs = 128,
};

// What ends a command. An empty text means that all there is to say was printed already.
struct Failure {
  int code = kExitError;
  std::string text;
};

// Success, or the failure that ends the command.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Failure failure) : failure_(std::move(failure)) {}  // NOLINT: a failure is a status
  bool ok() const { return !failure_.has_value(); }
  // Only when !ok().
  const Failure& failure() const { return *failure_; }

 private:
  std::optional<Failure> failure_;
};

// A value, or the failure in its place.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}            // NOLINT: both forms are results
  Result(Failure failure) : content_(std::move(failure)) {}  // NOLINT
  bool ok() const { return std::holds_alternative<T>(content_); }
  // Only when ok().
  T& operator*() { return std::get<T>(content_); }
  const T& operator*() const { return std::get<T>(content_); }
  T* operator->() { return &std::get<T>(content_); }
  const T* operator->() const { return &std::get<T>(content_); }
  // Only when !ok().
  const Failure& failure() const { return std::get<Failure>(content_); }

 private:
  std::variant<T, Failure> content_;
};

inline Failure bad_args(std::string text) { return {kExitBadArgs, std::move(text)}; }

}  // namespace keelson::ctl
