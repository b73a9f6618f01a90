// Streams that asked for a leader (metadata hasleader=true) end after three checks in a row without
// one, a check every election timeout. Nothing ticks while there is a leader.
#pragma once

#include "base/clock.h"
#include "io/event_loop.h"

namespace keelson::rpc {

// A stream that wants to know. Links itself into its loop's list; unlinks when it is destroyed.
class NeedsLeader {
 public:
  NeedsLeader() = default;
  NeedsLeader(const NeedsLeader&) = delete;
  NeedsLeader& operator=(const NeedsLeader&) = delete;
  virtual void on_no_leader() = 0;

 protected:
  ~NeedsLeader() { unlink(); }

 private:
  friend class LeaderMonitor;
  void unlink() {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }
  NeedsLeader* next_ = nullptr;
  NeedsLeader* previous_ = nullptr;
};

// Owned by one loop and used on its thread only.
class LeaderMonitor {
 public:
  explicit LeaderMonitor(Duration election_timeout) : interval_(election_timeout) {
    head_.next_ = head_.previous_ = &head_;
  }
  ~LeaderMonitor();

  void attach(io::EventLoop& events) { events_ = &events; }
  void add(NeedsLeader& stream);
  void on_leader(bool has_leader);

 private:
  struct Head final : NeedsLeader {
    void on_no_leader() override {}
  };
  static constexpr int kChecksWithoutLeader = 3;

  void arm();
  void check();

  const Duration interval_;
  io::EventLoop* events_ = nullptr;
  Head head_;
  bool has_leader_ = true;
  int checks_ = 0;
  io::TimerId timer_ = 0;
};

}  // namespace keelson::rpc
