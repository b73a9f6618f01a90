#include "io/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace keelson::io {
namespace {

// Events taken at a time; what is left is reported again by the next turn.
constexpr int kEventsPerTurn = 256;

// Timers ordered by time, cancelled ones dropped when they surface or when they outnumber the live.
class TimerHeap {
 public:
  TimerId add(TimePoint when, std::function<void()> callback) {
    const TimerId id = ++last_id_;
    live_.emplace(id, std::move(callback));
    heap_.push_back({when, id});
    std::push_heap(heap_.begin(), heap_.end());
    return id;
  }

  void cancel(TimerId id) {
    live_.erase(id);
    if (heap_.size() > 2 * live_.size() + 64) compact();
  }

  // When the next live timer is due; TimePoint::max() without one.
  TimePoint next() {
    while (!heap_.empty() && !live_.contains(heap_.front().id)) pop();
    return heap_.empty() ? TimePoint::max() : heap_.front().when;
  }

  // Timers that a callback adds wait for the next turn even when they are due: a callback that
  // re-arms itself at `now` must not hold the turn forever.
  void run_due(TimePoint now) {
    const TimerId newest = last_id_;
    std::vector<Entry> added;
    while (next() <= now) {
      const Entry entry = heap_.front();
      pop();
      if (entry.id > newest) {
        added.push_back(entry);
        continue;
      }
      auto node = live_.extract(entry.id);
      node.mapped()();
    }
    for (const Entry& entry : added) {
      heap_.push_back(entry);
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

 private:
  struct Entry {
    TimePoint when;
    TimerId id;
    // std::push_heap keeps the greatest first; the earliest has to be there.
    bool operator<(const Entry& o) const { return when != o.when ? when > o.when : id > o.id; }
  };

  void pop() {
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }

  void compact() {
    std::erase_if(heap_, [this](const Entry& e) { return !live_.contains(e.id); });
    std::make_heap(heap_.begin(), heap_.end());
  }

  TimerId last_id_ = 0;
  std::vector<Entry> heap_;
  std::unordered_map<TimerId, std::function<void()>> live_;
};

class EpollLoop final : public EventLoop {
 public:
  explicit EpollLoop(const Clock& clock)
      : clock_(clock),
        epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        now_(clock.now()) {
    if (epoll_fd_ < 0 || wake_fd_ < 0) die("cannot create", "an event loop", errno);
    // Edge-triggered: each write is one event, and the counter need never be read back.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = kWakeToken;
    CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
  }

  ~EpollLoop() override {
    ::close(wake_fd_);
    ::close(epoll_fd_);
  }

  void add(int fd, uint32_t epoll_events, FdHandler* handler) override {
    CHECK(fd >= 0 && handler != nullptr);
    const auto slot = static_cast<size_t>(fd);
    if (slot >= watched_.size()) watched_.resize(slot + 1);
    CHECK(watched_[slot].handler == nullptr);
    watched_[slot].handler = handler;
    control(EPOLL_CTL_ADD, fd, epoll_events);
  }

  void modify(int fd, uint32_t epoll_events) override { control(EPOLL_CTL_MOD, fd, epoll_events); }

  void remove(int fd) override {
    Watched& watched = watched_.at(static_cast<size_t>(fd));
    CHECK(watched.handler != nullptr);
    watched.handler = nullptr;
    // Events of this turn that still carry the old number belong to nobody, even if the
    // descriptor's number is in use again.
    watched.generation++;
    CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr) == 0);
  }

  TimerId call_at(TimePoint when, std::function<void()> callback) override {
    return timers_.add(when, std::move(callback));
  }
  void cancel(TimerId id) override { timers_.cancel(id); }
  void at_turn_end(std::function<void()> callback) override {
    turn_end_.push_back(std::move(callback));
  }

  void post(std::function<void()> work) override {
    {
      MutexLock lock(mutex_);
      posted_.push_back(std::move(work));
    }
    wake();
  }

  void wake() override {
    pending_.store(true);
    if (asleep_.exchange(false)) signal();
  }

  bool on_own_thread() const override { return runner_.load() == std::this_thread::get_id(); }

  void run() override {
    runner_.store(std::this_thread::get_id());
    while (!stopping_.load()) turn(true);
    stopping_.store(false);
    runner_.store(std::thread::id());
  }

  void stop() override {
    stopping_.store(true);
    wake();
  }

  void run_once() override { turn(false); }
  TimePoint now() const override { return now_; }

 private:
  struct Watched {
    FdHandler* handler = nullptr;
    uint32_t generation = 0;
  };
  static constexpr uint64_t kWakeToken = UINT64_MAX;

  void control(int operation, int fd, uint32_t epoll_events) {
    epoll_event event{};
    event.events = epoll_events;
    event.data.u64 =
        uint64_t{watched_.at(static_cast<size_t>(fd)).generation} << 32 | static_cast<uint32_t>(fd);
    CHECK(::epoll_ctl(epoll_fd_, operation, fd, &event) == 0);
  }

  void signal() {
    const uint64_t one = 1;
    // EAGAIN means that the counter is full: the loop is as good as woken.
    [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &one, sizeof one);
  }

  // Rounded up: a timer must not find the clock a little before its time and spin.
  int timeout_ms() {
    const TimePoint next = timers_.next();
    if (next == TimePoint::max()) return -1;
    const Duration wait = next - clock_.now();
    if (wait <= Duration::zero()) return 0;
    const int64_t ms = (wait.count() + 999'999) / 1'000'000;
    return static_cast<int>(std::min<int64_t>(ms, 3'600'000));
  }

  // asleep_ goes up before pending_ is looked at, wake() does it the other way round: one of the
  // two sees the other, so that no wake-up is lost and a busy loop costs its posters no system
  // call.
  int wait(bool may_wait) {
    int timeout = may_wait ? timeout_ms() : 0;
    if (timeout != 0) {
      asleep_.store(true);
      if (pending_.load() || stopping_.load()) timeout = 0;
    }
    const int n = ::epoll_wait(epoll_fd_, events_.data(), kEventsPerTurn, timeout);
    asleep_.store(false);
    pending_.store(false);
    CHECK(n >= 0 || errno == EINTR);
    return std::max(n, 0);
  }

  void turn(bool may_wait) {
    const int n = wait(may_wait);
    now_ = clock_.now();
    for (int i = 0; i < n; i++) dispatch(events_[static_cast<size_t>(i)]);
    run_posted();
    timers_.run_due(now_);
    // By index: a callback may register another one.
    for (size_t i = 0; i < turn_end_.size(); i++) turn_end_[i]();
  }

  void dispatch(const epoll_event& event) {
    if (event.data.u64 == kWakeToken) return;
    const Watched& watched = watched_[static_cast<uint32_t>(event.data.u64)];
    if (watched.handler == nullptr || watched.generation != event.data.u64 >> 32) return;
    watched.handler->on_ready(event.events);
  }

  void run_posted() {
    {
      MutexLock lock(mutex_);
      running_.swap(posted_);
    }
    for (auto& work : running_) work();
    running_.clear();
  }

  const Clock& clock_;
  const int epoll_fd_;
  const int wake_fd_;

  std::atomic<bool> asleep_{false};
  std::atomic<bool> pending_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> runner_{};
  Mutex mutex_;
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);

  // Owned by the loop's thread.
  TimePoint now_;
  std::vector<Watched> watched_;  // by descriptor
  std::array<epoll_event, kEventsPerTurn> events_;
  std::vector<std::function<void()>> running_;
  std::vector<std::function<void()>> turn_end_;
  TimerHeap timers_;
};

}  // namespace

std::unique_ptr<EventLoop> EventLoop::create(const Clock& clock) {
  return std::make_unique<EpollLoop>(clock);
}

}  // namespace keelson::io
