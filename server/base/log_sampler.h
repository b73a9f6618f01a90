// Keeps a message that repeats from flooding the log.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/log.h"

namespace keelson {

// Of equal messages of one level in one second (of the wall clock, from the first one) the first
// 100 pass, then each 100th. Messages share a fixed number of slots by hash: two that collide are
// counted together, which costs lines and never memory.
class LogSampler {
 public:
  bool admit(LogLevel level, std::string_view msg, std::chrono::nanoseconds wall);

 private:
  static constexpr uint64_t kFirst = 100;
  static constexpr uint64_t kThereafter = 100;
  struct Slot {
    std::chrono::nanoseconds ends{0};
    uint64_t count = 0;
  };
  std::array<Slot, 4096> slots_;
};

}  // namespace keelson
