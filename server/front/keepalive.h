// Rules about frames that keep a connection alive or only cost work. Pure: time comes in.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "front/front_limits.h"

namespace keelson::front {

// grpc-go's policy for pings from clients: too early is a strike, the third strike ends the
// connection. Sending headers or data forgives, because bandwidth probes come with data.
class PingPolicy {
 public:
  explicit PingPolicy(Duration interval_min) : interval_min_(interval_min) {}

  void sent_something() { forgive_ = true; }

  // False: too many pings.
  bool on_ping(TimePoint now, bool has_streams) {
    const TimePoint before = last_;
    const bool first = !seen_;
    last_ = now;
    seen_ = true;
    if (forgive_) {
      forgive_ = false;
      strikes_ = 0;
      return true;
    }
    const Duration least = has_streams ? interval_min_ : limits::kPingWithoutStream;
    if (!first && now - before < least) strikes_++;
    return strikes_ <= limits::kPingStrikes;
  }

 private:
  const Duration interval_min_;
  TimePoint last_;
  bool seen_ = false;
  bool forgive_ = false;
  int strikes_ = 0;
};

// A bucket of tokens that refills with time.
class TokenBucket {
 public:
  TokenBucket(double burst, double per_second)
      : burst_(burst), per_second_(per_second), tokens_(burst) {}

  // False when it is empty.
  bool take(TimePoint now) {
    if (now > last_) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
      last_ = now;
    }
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const double burst_;
  const double per_second_;
  double tokens_;
  TimePoint last_;
};

}  // namespace keelson::front
