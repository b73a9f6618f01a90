// Where the turns of a Core run. The node has a thread of its own for its timers and for all work
// that finds it busy; a thread that brings work while the node rests runs the turn itself, which
// saves two thread switches a request (about 7 us each on a machine with nothing else to do, three
// times what the request costs). Still one turn at a time: baton.h.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "io/event_loop.h"
#include "node/baton.h"
#include "node/core.h"

namespace keelson::node {

class NodeThread {
 public:
  explicit NodeThread(const Clock& clock);
  ~NodeThread();

  // Turns run from here on.
  void start(Core& core);
  // Any thread, not inside a turn: there is work for a turn. Runs it before it returns, at most one
  // slice (limits::kSliceNanoseconds) long, unless another thread is at it.
  void run();
  // Any thread: the same, and always on the node's own thread.
  void wake();
  // No turn runs afterwards, on any thread.
  void stop_and_join();

 private:
  void own_turn();
  void let_go(bool more);

  std::unique_ptr<io::EventLoop> loop_;
  Core* core_ = nullptr;
  io::TimerId timer_ = 0;                  // the node's own thread only
  TimePoint timer_at_ = TimePoint::max();  // with the baton
  Baton baton_;
  std::thread thread_;
};

}  // namespace keelson::node
