// Somewhere work can run. Production: a thread pool or one named thread; the simulator: its own
// step.
#pragma once

#include <functional>

namespace keelson {

class Executor {
 public:
  virtual ~Executor() = default;
  // False when the bounded queue is full: the caller answers "busy" and drops the job.
  virtual bool post(std::function<void()> job) = 0;
};

}  // namespace keelson
