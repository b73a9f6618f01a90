#include "base/clock.h"

#include <ctime>

namespace keelson {
namespace {

std::chrono::nanoseconds read(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec);
}

}  // namespace

TimePoint SystemClock::now() const { return TimePoint(read(CLOCK_MONOTONIC)); }
std::chrono::nanoseconds SystemClock::wall() const { return read(CLOCK_REALTIME); }

}  // namespace keelson
