#include "node/node_thread.h"

#include <pthread.h>

namespace keelson::node {

NodeThread::NodeThread(const Clock& clock) : loop_(io::EventLoop::create(clock)) {}

NodeThread::~NodeThread() { stop_and_join(); }

std::function<void()> NodeThread::waker() {
  return [loop = loop_.get()] { loop->wake(); };
}

void NodeThread::start(Core& core) {
  core_ = &core;
  loop_->at_turn_end([this] { turn(); });
  thread_ = std::thread([this] { loop_->run(); });
  pthread_setname_np(thread_.native_handle(), "node");
  loop_->wake();
}

void NodeThread::post(std::function<void()> work) { loop_->post(std::move(work)); }

void NodeThread::stop_and_join() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

void NodeThread::turn() {
  if (core_->turn()) loop_->wake();
  // The timer only moves when the next deadline comes earlier, or after it fired: ticks are every
  // 100 ms while turns may be many thousand a second.
  const TimePoint next = core_->next_deadline();
  if (timer_ != 0 && timer_at_ <= next) return;
  if (timer_ != 0) loop_->cancel(timer_);
  timer_at_ = next;
  timer_ = loop_->call_at(next, [this] { timer_ = 0; });
}

}  // namespace keelson::node
