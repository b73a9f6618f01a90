// Time that moves only when a test says so. Thread-safe.
#pragma once

#include <atomic>

#include "base/check.h"
#include "base/clock.h"

namespace keelson::test {

class FakeClock final : public Clock {
 public:
  // `wall` is the wall time at now() == the origin; both advance together.
  explicit FakeClock(std::chrono::nanoseconds wall = std::chrono::seconds(1'700'000'000))
      : wall_(wall.count()) {}

  TimePoint now() const override {
    return TimePoint(Duration(now_.fetch_add(look_cost_.load()) + look_cost_.load()));
  }
  std::chrono::nanoseconds wall() const override { return std::chrono::nanoseconds(wall_.load()); }

  void advance(Duration by) {
    CHECK(by.count() >= 0);  // monotonic time never goes back
    now_ += by.count();
    wall_ += by.count();
  }
  // From now on every look at the clock takes this long: for code that works in slices of time.
  void charge_looks(Duration cost) { look_cost_ = cost.count(); }
  // A step of the wall clock alone, in either direction, as NTP or an administrator makes it.
  void step_wall(Duration by) { wall_ += by.count(); }

 private:
  mutable std::atomic<int64_t> now_{0};
  std::atomic<int64_t> look_cost_{0};
  std::atomic<int64_t> wall_;
};

}  // namespace keelson::test
