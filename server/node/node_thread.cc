#include "node/node_thread.h"

#include <pthread.h>

namespace keelson::node {

NodeThread::NodeThread(const Clock& clock) : loop_(io::EventLoop::create(clock)) {}

NodeThread::~NodeThread() { stop_and_join(); }

void NodeThread::start(Core& core) {
  core_ = &core;
  loop_->at_turn_end([this] { own_turn(); });
  thread_ = std::thread([this] { loop_->run(); });
  pthread_setname_np(thread_.native_handle(), "node");
  let_go(true);
}

void NodeThread::wake() { loop_->wake(); }

void NodeThread::stop_and_join() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
  // Held for good: a worker that finishes later must not start a turn. A turn is short.
  while (!baton_.try_take()) std::this_thread::yield();
}

// When another thread is in a turn, it wakes this one as it ends.
void NodeThread::own_turn() {
  if (!baton_.try_take()) return;
  const bool more = core_->turn();
  // The timer only moves when the next deadline comes earlier, or after it fired: ticks are every
  // 100 ms while turns may be many thousand a second.
  const TimePoint next = core_->next_deadline();
  if (timer_ == 0 || timer_at_ > next) {
    if (timer_ != 0) loop_->cancel(timer_);
    timer_at_ = next;
    timer_ = loop_->call_at(next, [this] { timer_ = 0; });
  }
  let_go(more);
}

void NodeThread::run() {
  if (!baton_.try_take()) return;
  const bool more = core_->turn();
  // An earlier deadline than the timer's: only the node's own thread can move the timer.
  let_go(more || core_->next_deadline() < timer_at_);
}

void NodeThread::let_go(bool more) {
  if (baton_.release() || more) loop_->wake();
}

}  // namespace keelson::node
