// Messages one after the other by POST /raft, for members that no stream leads to (they are new, or
// have not dialed us yet). One keep-alive connection, so order is kept.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "peer/exchange.h"

namespace keelson::peer {

class PostLane final : public ExchangeUser, public std::enable_shared_from_this<PostLane> {
 public:
  struct Outcome {
    bool delivered = false;
    size_t bytes = 0;
  };
  // `timeout` of one POST; `done` hears of each on the loop.
  PostLane(Context& context, UrlPicker& urls, Duration timeout, std::function<void(Outcome)> done);

  // Any thread. False: full, the message is dropped.
  bool put(std::string message);
  // The loop's: nothing leaves any more.
  void stop();

  void on_head(const io::Http1Head& head) override { status_ = head.status; }
  void on_end() override;
  void on_failure(const std::string& error) override;

 private:
  void next();
  void post_current();
  void finish(bool delivered);

  Context& context_;
  UrlPicker& urls_;
  const Duration timeout_;
  const std::function<void(Outcome)> done_;

  Mutex mutex_;
  std::deque<std::string> queue_ GUARDED_BY(mutex_);
  size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  bool running_ GUARDED_BY(mutex_) = false;  // the loop is at it

  // The loop's:
  bool stopped_ = false;
  std::string current_;
  std::shared_ptr<Exchange> exchange_;
  bool reused_ = false;  // the connection served another POST before: it may have timed out
  int status_ = 0;
};

}  // namespace keelson::peer
