// Keeps one lease alive in the background.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "ctl/client.h"

namespace keelson::ctl {

// Renews the lease at a third of its time to live. It counts as lost when the server says so, or
// when no renewal came through for as long as the last one had granted.
class KeepAlive {
 public:
  // The handler gets each renewal on the keeper's thread; false from it ends the keeping. The
  // client must live as long as the keeper.
  KeepAlive(Client& client, int64_t lease,
            std::function<bool(const pb::LeaseKeepAliveResponse&)> handler);
  // Ends the keeping; the lease itself stays.
  ~KeepAlive();

  // Returns when the keeping has ended.
  void wait();
  // Calls `lost` on the keeper's thread when the lease is lost; at once if it is so already.
  void on_lost(std::function<void()> lost);

 private:
  void run();
  // Sleeps, and says whether to go on.
  bool pause(Duration time);
  void finish();

  Client& client_;
  const int64_t lease_;
  const std::function<bool(const pb::LeaseKeepAliveResponse&)> handler_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopped_ = false;
  bool ended_ = false;
  std::function<void()> lost_;

  std::thread thread_;  // last, so that it starts with all else in place
};

}  // namespace keelson::ctl
