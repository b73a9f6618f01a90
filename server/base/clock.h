// Time comes in by constructor. Monotonic time drives timers and leases; wall time only stamps logs
// and request ids and decides nothing in apply.
#pragma once

#include <chrono>
#include <cstdint>

namespace keelson {

using Duration = std::chrono::nanoseconds;
struct MonotonicClockTag {
  using rep = int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClockTag>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicClockTag::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;                  // monotonic, any origin
  virtual std::chrono::nanoseconds wall() const = 0;  // since the Unix epoch
};

// The real one (CLOCK_MONOTONIC, CLOCK_REALTIME). Thread-safe.
class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  std::chrono::nanoseconds wall() const override;
};

}  // namespace keelson
