#include "front/timer_wheel.h"

#include <algorithm>

#include "base/check.h"

namespace keelson::front {

TimerWheel::TimerWheel(io::EventLoop& loop, Duration tick, size_t slots)
    : loop_(loop),
      tick_(tick),
      slots_(slots),
      occupied_(slots),
      cursor_(loop.now().time_since_epoch() / tick),
      armed_tick_(INT64_MAX) {
  CHECK(tick > Duration::zero() && slots > 0);
}

TimerWheel::~TimerWheel() {
  if (timer_ != 0) loop_.cancel(timer_);
}

// Rounded up, so that a timer never fires early.
int64_t TimerWheel::tick_of(TimePoint when) const {
  const Duration since = when.time_since_epoch();
  return since / tick_ + (since % tick_ != Duration::zero() ? 1 : 0);
}

void TimerWheel::set(Timed& timed, TimePoint when) {
  timed.unlink();
  // A wheel that stood still because nothing was set catches up here, not slot by slot later.
  if (armed_tick_ == INT64_MAX) cursor_ = std::max(cursor_, loop_.now().time_since_epoch() / tick_);
  timed.due_tick_ = std::max(tick_of(when), cursor_ + 1);
  const auto slot = static_cast<size_t>(timed.due_tick_) % slots_.size();
  timed.link_before(slots_[slot]);
  occupied_[slot] = true;
  // Slots that are further away than a rotation are passed before they are due.
  arm(std::min(timed.due_tick_, cursor_ + static_cast<int64_t>(slots_.size())));
}

void TimerWheel::arm(int64_t tick) {
  if (armed_tick_ <= tick) return;
  if (timer_ != 0) loop_.cancel(timer_);
  armed_tick_ = tick;
  timer_ = loop_.call_at(TimePoint(tick_ * tick), [this] { fire(); });
}

void TimerWheel::arm_next() {
  const size_t n = slots_.size();
  for (size_t ahead = 1; ahead <= n; ahead++) {
    const size_t slot = (static_cast<size_t>(cursor_) + ahead) % n;
    if (!occupied_[slot]) continue;
    if (slots_[slot].timer_set()) return arm(cursor_ + static_cast<int64_t>(ahead));
    occupied_[slot] = false;
  }
}

void TimerWheel::fire() {
  timer_ = 0;
  const TimePoint now = loop_.now();
  const int64_t now_tick = now.time_since_epoch() / tick_;
  const auto n = static_cast<int64_t>(slots_.size());
  // After a long pause every slot is visited once, not once for each rotation missed.
  const int64_t first = std::max(cursor_ + 1, now_tick - n + 1);
  cursor_ = now_tick;
  for (int64_t tick = first; tick <= now_tick; tick++)
    visit(static_cast<size_t>(tick % n), now_tick, now);
  armed_tick_ = INT64_MAX;
  arm_next();
}

// Callbacks may set and clear any timer: the due ones are moved to a list of their own first, where
// clear() still finds them.
void TimerWheel::visit(size_t slot, int64_t now_tick, TimePoint now) {
  if (!occupied_[slot]) return;
  Head due;
  Head& head = slots_[slot];
  for (Timed* t = head.next_; t != &head;) {
    Timed* next = t->next_;
    if (t->due_tick_ <= now_tick) {
      t->unlink();
      t->link_before(due);
    }
    t = next;
  }
  while (due.timer_set()) {
    Timed* t = due.next_;
    t->unlink();
    t->on_time(now);
  }
  occupied_[slot] = head.timer_set();
}

}  // namespace keelson::front
