// Gives a Core its thread and its loop: a turn whenever something came in or time is due.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "io/event_loop.h"
#include "node/core.h"

namespace keelson::node {

class NodeThread {
 public:
  explicit NodeThread(const Clock& clock);
  ~NodeThread();

  std::function<void()> waker();  // for Core's constructor; any thread
  void start(Core& core);
  // Runs `work` on the node's thread, between two turns.
  void post(std::function<void()> work);
  void stop_and_join();

 private:
  void turn();

  std::unique_ptr<io::EventLoop> loop_;
  Core* core_ = nullptr;
  io::TimerId timer_ = 0;
  TimePoint timer_at_ = TimePoint::max();
  std::thread thread_;
};

}  // namespace keelson::node
