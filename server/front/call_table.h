// Finds calls by the number that requests to the node carry, and takes the node's answers from
// other threads to the loop.
#pragma once

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

  // Any thread. In order with what the same thread posts to the loop before and after.
  void deliver(std::vector<node::Answer>&& answers) override;

 private:
  struct Slot {
    uint64_t id = 0;
    GrpcCall* call = nullptr;
  };
  static constexpr unsigned kSlotBits = 24;

  io::EventLoop& loop_;
  uint64_t last_ = 0;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace keelson::front
