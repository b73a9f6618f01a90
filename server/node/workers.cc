#include "node/workers.h"

#include <pthread.h>

namespace keelson::node {

Workers::Workers(std::string name, int threads, size_t queue_max) : queue_max_(queue_max) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    const std::string label = threads == 1 ? name : name + std::to_string(i);
    pthread_setname_np(threads_.back().native_handle(), label.c_str());
  }
}

Workers::~Workers() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Workers::post(std::function<void()> job) {
  {
    MutexLock lock(mutex_);
    if (stop_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void Workers::run() {
  for (;;) {
    std::function<void()> job;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stop_) wake_.wait(mutex_);
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job();
  }
}

}  // namespace keelson::node
