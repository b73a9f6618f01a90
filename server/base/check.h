// Assertions that stay on in release builds: a broken invariant ends the process with one clear
// line before it can damage what is durable.
#pragma once

namespace keelson {

// Prints "CHECK failed: <condition> at <file>:<line>" on stderr and aborts. Async-signal-safe
// enough to be called from any thread.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

// Ends the process after one clear line; for a disk that refuses a write or a sync (never retried).
[[noreturn]] void die(const char* what, const char* subject, int error_number);

}  // namespace keelson

#define CHECK(condition)                                       \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::keelson::check_failed(#condition, __FILE__, __LINE__); \
  } while (0)
