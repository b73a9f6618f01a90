#include "io/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "support/fake_clock.h"

namespace keelson::io {
namespace {

using std::chrono::milliseconds;
using test::FakeClock;

struct Recorder final : FdHandler {
  std::function<void(uint32_t)> action;
  int calls = 0;
  void on_ready(uint32_t events) override {
    calls++;
    if (action) action(events);
  }
};

// An eventfd that is readable from the start.
struct ReadyFd {
  int fd = ::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  ~ReadyFd() { ::close(fd); }
};

struct EventLoopTest : testing::Test {
  FakeClock clock;
  std::unique_ptr<EventLoop> loop = EventLoop::create(clock);
  std::string trace;
};

// A handler that removes another one of the same batch must not see it called: it may be destroyed.
TEST_F(EventLoopTest, RemovedInSameTurn_IsNotCalled) {
  ReadyFd a, b;
  Recorder first, second;
  first.action = [&](uint32_t) { loop->remove(b.fd); };
  second.action = [&](uint32_t) { loop->remove(a.fd); };
  loop->add(a.fd, EPOLLIN, &first);
  loop->add(b.fd, EPOLLIN, &second);
  loop->run_once();
  EXPECT_EQ(first.calls + second.calls, 1);
}

// The number of a closed descriptor comes back at once: an old event must not reach the new owner.
TEST_F(EventLoopTest, ReusedDescriptor_DoesNotGetOldEvent) {
  ReadyFd a, b;
  Recorder first, second, fresh;
  auto reuse = [&](int other) {
    loop->remove(other);
    loop->add(other, EPOLLOUT, &fresh);
  };
  first.action = [&](uint32_t) { reuse(b.fd); };
  second.action = [&](uint32_t) { reuse(a.fd); };
  loop->add(a.fd, EPOLLIN, &first);
  loop->add(b.fd, EPOLLIN, &second);
  loop->run_once();
  EXPECT_EQ(fresh.calls, 0);
}

// Timers run in time order, equal times in the order they were made, and not before their time.
TEST_F(EventLoopTest, Timers_RunInOrderWhenDue) {
  const TimePoint start = clock.now();
  loop->call_at(start + milliseconds(20), [&] { trace += "c"; });
  loop->call_at(start + milliseconds(10), [&] { trace += "a"; });
  loop->call_at(start + milliseconds(10), [&] { trace += "b"; });
  loop->run_once();
  EXPECT_EQ(trace, "");
  clock.advance(milliseconds(10));
  loop->run_once();
  EXPECT_EQ(trace, "ab");
  clock.advance(milliseconds(10));
  loop->run_once();
  EXPECT_EQ(trace, "abc");
}

// A cancelled timer never runs, also when another timer of the same turn cancels it.
TEST_F(EventLoopTest, CancelledTimer_DoesNotRun) {
  TimerId second = 0;
  loop->call_at(clock.now(), [&] { loop->cancel(second); });
  second = loop->call_at(clock.now(), [&] { trace += "x"; });
  loop->run_once();
  EXPECT_EQ(trace, "");
}

// A timer that re-arms itself for now would starve the descriptors if it ran in the same turn.
TEST_F(EventLoopTest, TimerAddedByTimer_WaitsForNextTurn) {
  std::function<void()> again = [&] {
    trace += "t";
    loop->call_at(clock.now(), again);
  };
  loop->call_at(clock.now(), again);
  loop->run_once();
  EXPECT_EQ(trace, "t");
  loop->run_once();
  EXPECT_EQ(trace, "tt");
}

// Cancelling many timers must not keep their entries forever; the survivors stay in order.
TEST_F(EventLoopTest, ManyCancelledTimers_LeaveTheOthersInOrder) {
  for (int i = 0; i < 1000; i++) {
    const TimerId id = loop->call_at(clock.now() + milliseconds(1000 - i), [&] { trace += "?"; });
    if (i % 100 == 0)
      loop->call_at(clock.now() + milliseconds(i),
                    [&trace = trace, i] { trace += static_cast<char>('0' + i / 100); });
    loop->cancel(id);
  }
  clock.advance(std::chrono::seconds(2));
  loop->run_once();
  EXPECT_EQ(trace, "0123456789");
}

// Descriptors, then posted work, then timers, then the turn's end: answers posted in a turn must
// leave with that turn's flush.
TEST_F(EventLoopTest, Turn_HasItsOrder) {
  ReadyFd a;
  Recorder handler;
  handler.action = [&](uint32_t) { trace += "f"; };
  loop->at_turn_end([&] { trace += "e"; });
  loop->call_at(clock.now(), [&] { trace += "t"; });
  loop->post([&] { trace += "p"; });
  loop->add(a.fd, EPOLLIN, &handler);
  loop->run_once();
  EXPECT_EQ(trace, "fpte");
}

// Work posted by posted work runs in the next turn, in order.
TEST_F(EventLoopTest, PostFromPostedWork_RunsInNextTurn) {
  loop->post([&] {
    trace += "1";
    loop->post([&] { trace += "3"; });
  });
  loop->post([&] { trace += "2"; });
  loop->run_once();
  EXPECT_EQ(trace, "12");
  loop->run_once();
  EXPECT_EQ(trace, "123");
}

// A wake-up that comes while the loop falls asleep must not be lost: the loop would hang.
TEST_F(EventLoopTest, PostsFromAnotherThread_AllRunAndStopEnds) {
  constexpr int kPosts = 20000;
  int done = 0;
  std::thread runner([&] { loop->run(); });
  for (int i = 0; i < kPosts; i++)
    loop->post([&] {
      if (++done == kPosts) loop->stop();
    });
  runner.join();
  EXPECT_EQ(done, kPosts);
}

// wake() alone makes a sleeping loop run its turn-end callbacks.
TEST_F(EventLoopTest, Wake_RunsTurnEnd) {
  int turns = 0;
  loop->at_turn_end([&] {
    if (++turns == 100)
      loop->stop();
    else
      loop->wake();
  });
  loop->wake();
  loop->run();
  EXPECT_EQ(turns, 100);
}

// Time that moved while the loop slept is seen after a wake-up: tests drive timers this way.
TEST_F(EventLoopTest, ClockMovedBeforeWake_RunsTimer) {
  loop->call_at(clock.now() + std::chrono::hours(1), [&] { loop->stop(); });
  std::thread runner([&] { loop->run(); });
  clock.advance(std::chrono::hours(1));
  loop->wake();
  runner.join();
}

TEST_F(EventLoopTest, StopBeforeRun_ReturnsAtOnce) {
  loop->stop();
  loop->run();
  loop->post([&] { loop->stop(); });
  loop->run();
}

}  // namespace
}  // namespace keelson::io
