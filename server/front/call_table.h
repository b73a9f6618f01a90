// Finds calls by the number that requests to the node carry, and takes the node's answers from
// other threads to the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "io/event_loop.h"
#include "node/request.h"

namespace keelson::front {

class GrpcCall;

class CallTable final : public node::AnswerSink {
 public:
  explicit CallTable(io::EventLoop& loop) : loop_(loop) {}

  // Numbers are never used twice: answers to a call that ended find nobody.
  uint64_t add(GrpcCall* call);
  void remove(uint64_t id);
  GrpcCall* find(uint64_t id) const;
  size_t size() const { return slots_.size() - free_.size(); }

  // Any thread, one at a time. In the order of the calls. What the loop's own thread brings (a turn
  // of the node that ran on it) waits for answer_here() instead of another turn of the loop.
  void deliver(std::vector<node::Answer>&& answers) override;
  // The loop's thread, before it writes to its sockets.
  void answer_here();

 private:
  struct Slot {
    uint64_t id = 0;
    GrpcCall* call = nullptr;
  };
  static constexpr unsigned kSlotBits = 24;

  void answer(std::vector<node::Answer>& answers);

  io::EventLoop& loop_;
  std::atomic<int> posted_{0};      // deliveries on their way through the loop's queue
  std::vector<node::Answer> here_;  // the loop's thread only
  uint64_t last_ = 0;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace keelson::front
