// Threads for work that may block on files: reads, snapshots, hashes. The queue is bounded; what
// does not fit is refused and the caller answers so.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"

namespace keelson::node {

class Workers final : public Executor {
 public:
  Workers(std::string name, int threads, size_t queue_max);
  ~Workers() override;  // finishes what is queued, then joins
  bool post(std::function<void()> job) override;

 private:
  void run();

  const size_t queue_max_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stop_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace keelson::node
