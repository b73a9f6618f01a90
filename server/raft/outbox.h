// Two ways out. What promises nothing durable may leave in the next output; what promises a term, a
// vote or entries sits behind the batch that makes them durable, and only release() lets it
// through.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "raft/types.h"

namespace keelson::raft {

class Outbox {
 public:
  void send(Message message) { ready_.push_back(std::move(message)); }
  // Leaves once `batch` is durable and only if the machine is still in `term` then: a promise made
  // in an older term may have been overwritten by the leader of a newer one.
  void send_after(uint64_t batch, Term term, Message message);
  // Batches up to `synced` are durable. Positive append answers are cut to `stable` here, at the
  // last moment, because entries may have been replaced since they were queued.
  void release(uint64_t synced, Term term, Index stable);

  bool empty() const { return ready_.empty(); }
  std::vector<Message> take() { return std::exchange(ready_, {}); }
  size_t held() const { return held_.size(); }
  void check_invariants(uint64_t synced, uint64_t next_batch) const;

 private:
  struct Held {
    uint64_t batch;
    Term term;
    Message message;
  };
  bool merge_answer(uint64_t batch, Term term, const Message& message);

  std::vector<Message> ready_;
  std::deque<Held> held_;  // batches ascending
};

}  // namespace keelson::raft
