// Keeps jobs until the test runs them; can be full.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "base/executor.h"

namespace keelson::test {

class ManualExecutor final : public Executor {
 public:
  bool post(std::function<void()> job) override {
    if (full) return false;
    jobs.push_back(std::move(job));
    return true;
  }
  // Runs all that wait, and what they post.
  void run() {
    while (!jobs.empty()) {
      const std::function<void()> job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
  }

  bool full = false;
  std::deque<std::function<void()>> jobs;
};

}  // namespace keelson::test
