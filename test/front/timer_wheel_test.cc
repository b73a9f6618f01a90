#include "front/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/rng.h"
#include "support/fake_clock.h"

namespace keelson::front::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Alarm final : Timed {
  std::vector<TimePoint> rung;
  std::function<void()> then;
  void on_time(TimePoint now) override {
    rung.push_back(now);
    if (then) then();
  }
};

constexpr Duration kTick = milliseconds(10);
constexpr size_t kSlots = 8;  // a rotation is 80 ms

struct TimerWheelTest : testing::Test {
  keelson::test::FakeClock clock;
  std::unique_ptr<io::EventLoop> loop = io::EventLoop::create(clock);
  std::unique_ptr<TimerWheel> wheel = std::make_unique<TimerWheel>(*loop, kTick, kSlots);

  TimePoint in(Duration time) const { return clock.now() + time; }
  void pass(Duration time) {
    clock.advance(time);
    loop->run_once();
  }
};

// Early would break deadlines, more than a tick late would be no precision at all.
TEST_F(TimerWheelTest, Timer_FiresOnceNeverEarlyAtMostATickLate) {
  Alarm alarm;
  const TimePoint due = in(milliseconds(25));
  wheel->set(alarm, due);
  for (int ms = 0; ms < 200; ms++) pass(milliseconds(1));
  ASSERT_EQ(alarm.rung.size(), 1u);
  EXPECT_GE(alarm.rung[0], due);
  EXPECT_LE(alarm.rung[0], due + kTick);
  EXPECT_FALSE(alarm.timer_set());
}

TEST_F(TimerWheelTest, TimeInThePast_FiresInTheNextTurns) {
  Alarm alarm;
  pass(seconds(1));
  wheel->set(alarm, clock.now() - milliseconds(500));
  EXPECT_TRUE(alarm.rung.empty());  // not inside set()
  pass(kTick);
  EXPECT_EQ(alarm.rung.size(), 1u);
}

TEST_F(TimerWheelTest, Clear_Forgets) {
  Alarm alarm;
  wheel->set(alarm, in(milliseconds(30)));
  wheel->clear(alarm);
  EXPECT_FALSE(alarm.timer_set());
  pass(seconds(1));
  EXPECT_TRUE(alarm.rung.empty());
}

TEST_F(TimerWheelTest, SetAgain_Moves) {
  Alarm later, sooner;
  wheel->set(later, in(milliseconds(20)));
  wheel->set(later, in(milliseconds(60)));
  wheel->set(sooner, in(milliseconds(60)));
  wheel->set(sooner, in(milliseconds(20)));
  pass(milliseconds(30));
  EXPECT_TRUE(later.rung.empty());
  EXPECT_EQ(sooner.rung.size(), 1u);
  pass(milliseconds(40));
  EXPECT_EQ(later.rung.size(), 1u);
  EXPECT_EQ(sooner.rung.size(), 1u);
}

// A call that is gone must not be rung.
TEST_F(TimerWheelTest, DestroyedWhileSet_IsForgotten) {
  auto alarm = std::make_unique<Alarm>();
  wheel->set(*alarm, in(milliseconds(20)));
  alarm.reset();
  pass(seconds(1));
}

// Its slot comes by in every rotation before it is due.
TEST_F(TimerWheelTest, FartherThanARotation_WaitsForItsOwn) {
  Alarm far, near;
  wheel->set(far, in(milliseconds(20 + 3 * 80)));
  wheel->set(near, in(milliseconds(20)));
  for (int i = 0; i < 25; i++) pass(kTick);
  EXPECT_EQ(near.rung.size(), 1u);
  EXPECT_TRUE(far.rung.empty());
  pass(milliseconds(20));
  EXPECT_EQ(far.rung.size(), 1u);
}

// A paused process wakes up hours later: each timer rings once, the wheel turns once.
TEST_F(TimerWheelTest, LongPause_RingsEverythingDue) {
  std::vector<Alarm> alarms(20);
  for (size_t i = 0; i < alarms.size(); i++)
    wheel->set(alarms[i], in(milliseconds(7) * static_cast<int>(i)));
  Alarm never;
  wheel->set(never, in(std::chrono::hours(3)));
  pass(std::chrono::hours(2));
  for (const Alarm& alarm : alarms) EXPECT_EQ(alarm.rung.size(), 1u);
  EXPECT_TRUE(never.rung.empty());
  pass(std::chrono::hours(1) + kTick);
  EXPECT_EQ(never.rung.size(), 1u);
}

// A deadline that ends one call may clear another that is due in the same tick, or set itself anew.
TEST_F(TimerWheelTest, CallbackClearsANeighbour_NeighbourStaysSilent) {
  Alarm first, second;
  first.then = [&] { wheel->clear(second); };
  second.then = [&] { wheel->clear(first); };
  wheel->set(first, in(milliseconds(20)));
  wheel->set(second, in(milliseconds(20)));
  pass(seconds(1));
  EXPECT_EQ(first.rung.size() + second.rung.size(), 1u);
}

TEST_F(TimerWheelTest, CallbackSetsItself_RingsAgainLater) {
  Alarm alarm;
  alarm.then = [&] { wheel->set(alarm, in(milliseconds(50))); };
  wheel->set(alarm, in(milliseconds(10)));
  for (int i = 0; i < 25; i++) pass(kTick);
  EXPECT_EQ(alarm.rung.size(), 5u);  // 10, 60, 110, 160, 210
}

// Idle costs nothing: the loop has no timer of the wheel's while nothing is set.
TEST_F(TimerWheelTest, NothingSet_WheelStandsStill) {
  Alarm alarm;
  wheel->set(alarm, in(milliseconds(20)));
  pass(seconds(1));
  ASSERT_EQ(alarm.rung.size(), 1u);
  pass(std::chrono::hours(100));  // it catches up at the next set(), not slot by slot
  const TimePoint due = in(milliseconds(20));
  wheel->set(alarm, due);
  pass(milliseconds(10));
  EXPECT_EQ(alarm.rung.size(), 1u);
  pass(milliseconds(20));
  EXPECT_EQ(alarm.rung.size(), 2u);
}

TEST_F(TimerWheelTest, WheelGone_LoopDoesNotCallIt) {
  Alarm alarm;
  wheel->set(alarm, in(milliseconds(20)));
  wheel->clear(alarm);
  wheel.reset();
  pass(seconds(1));
}

// The slow twin: a list of deadlines, walked every time.
TEST_F(TimerWheelTest, RandomTimers_AgreeWithAList) {
  SeededRng rng(20260101);
  struct Entry {
    Alarm alarm;
    TimePoint due;
    bool set = false;
  };
  std::vector<Entry> entries(64);
  for (int step = 0; step < 4000; step++) {
    Entry& e = entries[rng.below(entries.size())];
    if (rng.below(4) == 0) {
      wheel->clear(e.alarm);
      e.set = false;
    } else {
      e.due = in(milliseconds(rng.below(300)));
      wheel->set(e.alarm, e.due);
      e.set = true;
    }
    pass(milliseconds(rng.below(15)));
    for (Entry& each : entries) {
      const bool rang = !each.alarm.rung.empty();
      each.alarm.rung.clear();
      ASSERT_TRUE(!rang || (each.set && each.due <= clock.now())) << "step " << step;
      if (rang) each.set = false;
      ASSERT_TRUE(!each.set || each.due + 2 * kTick > clock.now()) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace keelson::front::test
