// Proposals that wait for their entry to be applied. Ids are handed out in order, so the waiting
// list is a ring indexed by id: no hashing on the write path. Owner: the node thread.
#pragma once

#include <deque>
#include <optional>

#include "node/request.h"

namespace keelson::node {

struct Waiting {
  Request request;        // its payload is moved out; to, tag and times remain
  uint32_t field = 0;     // which request, for metrics
  bool physical = false;  // Compact: answer after the removal
  bool open = false;      // false: a hole, answered or never used
};

class Pending {
 public:
  explicit Pending(uint64_t first_id) : base_(first_id), next_(first_id) {}

  uint64_t next_id() const { return next_; }
  // Uses up an id that nobody waits for (lease ids, reads).
  uint64_t skip() {
    if (ring_.empty())
      base_ = next_ + 1;
    else
      ring_.emplace_back();
    return next_++;
  }
  uint64_t add(Waiting waiting) {
    waiting.open = true;
    ring_.push_back(std::move(waiting));
    ++open_;
    return next_++;
  }
  // The waiter of this id, taken out; nullopt when nobody of this process waits.
  std::optional<Waiting> take(uint64_t id) {
    if (id < base_ || id - base_ >= ring_.size()) return std::nullopt;
    Waiting& waiting = ring_[id - base_];
    if (!waiting.open) return std::nullopt;
    waiting.open = false;
    --open_;
    std::optional<Waiting> out(std::move(waiting));
    trim();
    return out;
  }
  bool waits(uint64_t id) const {
    return id >= base_ && id - base_ < ring_.size() && ring_[id - base_].open;
  }
  // Takes out what started before `limit`, oldest first.
  template <typename Each>
  void expire(TimePoint limit, Each each) {
    for (; !ring_.empty(); trim()) {
      Waiting& head = ring_.front();
      if (head.open && head.request.started > limit) return;
      if (head.open) {
        head.open = false;
        --open_;
        each(std::move(head));
      }
    }
  }
  size_t open() const { return open_; }

 private:
  void trim() {
    while (!ring_.empty() && !ring_.front().open) {
      ring_.pop_front();
      ++base_;
    }
  }

  uint64_t base_;
  uint64_t next_;
  std::deque<Waiting> ring_;
  size_t open_ = 0;
};

}  // namespace keelson::node
