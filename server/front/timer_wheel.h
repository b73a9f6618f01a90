// Timers for calls and connections: set and clear cost a few pointer writes, so that thousands of
// calls with the same timeout, nearly all of which end early, cost nearly nothing. Precision is one
// tick, late. Loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "io/event_loop.h"

namespace keelson::front {

// Something with one deadline; linked into the wheel while it is set.
class Timed {
 public:
  Timed() : next_(this), prev_(this) {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  virtual ~Timed() { unlink(); }
  virtual void on_time(TimePoint now) = 0;
  bool timer_set() const { return next_ != this; }

 private:
  friend class TimerWheel;
  void unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = this;
  }
  void link_before(Timed& other) {
    prev_ = other.prev_;
    next_ = &other;
    prev_->next_ = this;
    other.prev_ = this;
  }

  Timed* next_;
  Timed* prev_;
  int64_t due_tick_ = 0;
};

// A hashed wheel: a deadline further away than one rotation stays in its slot and is looked at once
// a rotation. With nothing set it arms no timer: idle costs nothing.
class TimerWheel {
 public:
  TimerWheel(io::EventLoop& loop, Duration tick, size_t slots);
  ~TimerWheel();

  // Moves the timer when it was set. A time in the past fires in the next turn.
  void set(Timed& timed, TimePoint when);
  void clear(Timed& timed) { timed.unlink(); }

 private:
  struct Head final : Timed {
    void on_time(TimePoint) override {}
  };

  int64_t tick_of(TimePoint when) const;
  void visit(size_t slot, int64_t now_tick, TimePoint now);
  void fire();
  // Arms the loop's timer for a tick unless it is armed for that time or earlier.
  void arm(int64_t tick);
  void arm_next();

  io::EventLoop& loop_;
  const Duration tick_;
  std::vector<Head> slots_;
  std::vector<bool> occupied_;  // false: empty for sure
  int64_t cursor_;              // ticks up to here are done
  int64_t armed_tick_;          // INT64_MAX: not armed
  io::TimerId timer_ = 0;
};

}  // namespace keelson::front
