// Locks and elections: keys under one name, the oldest of which is the winner's.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ctl/client.h"
#include "ctl/keep_alive.h"
#include "ctl/watcher.h"

namespace keelson::ctl {

// A wait that others may break off.
class Interrupt {
 public:
  void raise();
  bool is_raised() const;
  // Blocks until raise().
  void wait();
  // Called once, at raise() or at once when that was before. Empty: takes the last one back.
  void on_raise(std::function<void()> action);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
  std::function<void()> action_;
};

// The events of one watch as a queue. It is bounded: the stream waits while it is full.
class EventQueue {
 public:
  EventQueue(Client& client, const pb::WatchCreateRequest& request, Interrupt& interrupt);
  ~EventQueue();
  // The next update; nothing once the interrupt was raised.
  std::optional<WatchUpdate> next();

 private:
  void push(const WatchUpdate& update);
  void close();

  Interrupt& interrupt_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WatchUpdate> updates_;  // guarded by mutex_
  bool closed_ = false;              // guarded by mutex_
  Watcher watcher_;                  // last: its thread uses the rest
};

// One contestant: a key that hangs on a lease of its own, which is kept alive.
class Contestant {
 public:
  // Makes the lease. `name` without the slash at its end.
  static Result<std::unique_ptr<Contestant>> join(Client& client, const std::string& name,
                                                  int64_t ttl_s, Interrupt& interrupt);

  // Puts the key and waits until all older ones are gone. An interrupt takes the key away again
  // and fails with `context canceled`.
  Status win(const std::string& value);
  // Takes the key away, when it is still the one that won.
  Status leave();

  const std::string& key() const { return key_; }
  // The revision at which it was clear that the contest is won.
  int64_t won_revision() const { return won_revision_; }
  // Calls back when the lease is lost.
  void on_lost(std::function<void()> lost) { keeper_->on_lost(std::move(lost)); }

 private:
  Contestant(Client& client, std::string prefix, int64_t lease, Interrupt& interrupt);
  Status enter(const std::string& value);
  Status wait_for_older();
  Status wait_gone(const std::string& key, int64_t revision);

  Client& client_;
  Interrupt& interrupt_;
  const std::string prefix_;
  const int64_t lease_;
  const std::string key_;
  int64_t entered_revision_ = 0;
  int64_t won_revision_ = 0;
  std::unique_ptr<KeepAlive> keeper_;
};

}  // namespace keelson::ctl
