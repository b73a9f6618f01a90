// One thread's epoll loop: descriptors, timers, and work posted from other threads. A loop object
// is owned by the thread that runs it; only post(), wake() and stop() may be called from elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"

namespace keelson::io {

// Told about readiness. Level-triggered unless the implementation says otherwise; callbacks run on
// the loop thread and may remove (and close) any descriptor, their own too: no call follows a
// removal.
class FdHandler {
 public:
  virtual ~FdHandler() = default;
  virtual void on_ready(uint32_t epoll_events) = 0;
};

using TimerId = uint64_t;  // 0 = none

// Order within a turn: ready descriptors, posted work, due timers, turn-end callbacks.
class EventLoop {
 public:
  static std::unique_ptr<EventLoop> create(const Clock& clock);
  virtual ~EventLoop() = default;

  virtual void add(int fd, uint32_t epoll_events, FdHandler* handler) = 0;
  virtual void modify(int fd, uint32_t epoll_events) = 0;
  virtual void remove(int fd) = 0;

  virtual TimerId call_at(TimePoint when, std::function<void()> callback) = 0;
  virtual void cancel(TimerId id) = 0;
  // Runs at the end of every turn, after all descriptors and posted work: one flush a turn.
  virtual void at_turn_end(std::function<void()> callback) = 0;

  // Any thread. Posted work runs in order; one wake-up (eventfd) for all that gathers while the
  // loop is busy. What is posted after the last turn is destroyed with the loop, without running.
  virtual void post(std::function<void()> work) = 0;
  // Any thread. Makes the loop run its turn-end callbacks soon; cheaper than post (no allocation).
  virtual void wake() = 0;

  // Any thread: whether it is the one inside run().
  virtual bool on_own_thread() const = 0;

  virtual void run() = 0;   // until stop(); a stop() before run() makes it return at once
  virtual void stop() = 0;  // any thread; the turn that is under way ends first
  // One turn that does not wait: for tests and simulators that step a loop themselves.
  virtual void run_once() = 0;
  virtual TimePoint now() const = 0;  // sampled once a turn
};

}  // namespace keelson::io
