// SIGINT and SIGTERM as a call instead of the end of the process.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace keelson::ctl {

// Make it before any other thread starts, so that no other thread takes the signals.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();

  // From now on a signal calls the handler, on a thread of its own. Before that it ends the
  // process as usual.
  void handle(std::function<void()> handler);

 private:
  void run();

  std::mutex mutex_;
  std::function<void()> handler_;  // guarded by mutex_
  bool stopped_ = false;           // guarded by mutex_
  std::thread thread_;
};

}  // namespace keelson::ctl
