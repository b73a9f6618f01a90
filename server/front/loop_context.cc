#include "front/loop_context.h"

#include <iterator>

#include "base/check.h"

#include "front/grpc_call.h"

namespace keelson::front {
namespace {

// Calls kept for reuse: about what is open at once on a busy loop.
constexpr size_t kFreeCalls = 4096;

}  // namespace

LoopContext::LoopContext(io::EventLoop& event_loop, int loop_index, rpc::Services& rpc_services,
                         HttpHandler& http_handler, const Settings& front_settings,
                         const Clock& wall_clock, Log& front_log)
    : loop(event_loop),
      index(loop_index),
      services(rpc_services),
      http(http_handler),
      settings(front_settings),
      clock(wall_clock),
      log(front_log),
      call_timers(event_loop, limits::kCallTick, limits::kCallSlots),
      connection_timers(event_loop, limits::kConnectionTick, limits::kConnectionSlots),
      calls(event_loop) {}

LoopContext::~LoopContext() { clear_dead(); }

std::unique_ptr<GrpcCall> LoopContext::take_call() {
  if (free_calls_.empty()) return std::make_unique<GrpcCall>(*this);
  std::unique_ptr<GrpcCall> call = std::move(free_calls_.back());
  free_calls_.pop_back();
  return call;
}

void LoopContext::bury(std::unique_ptr<GrpcCall> call) { dead_calls_.push_back(std::move(call)); }

void LoopContext::tell_drained() {
  if (drained.empty()) return;
  std::vector<uint64_t> ids;
  ids.swap(drained);
  for (const uint64_t id : ids)
    if (GrpcCall* call = calls.find(id)) call->tell_drained();
  // What the handlers asked for and sent belongs to the end of a turn, which may just be over.
  loop.wake();
}

// A handler's destructor may end other things: until nothing is left.
void LoopContext::clear_dead() {
  while (!dead_handlers_.empty() || !dead_calls_.empty()) {
    std::vector<std::unique_ptr<rpc::Handler>> handlers;
    handlers.swap(dead_handlers_);
    handlers.clear();
    std::vector<std::unique_ptr<GrpcCall>> dead;
    dead.swap(dead_calls_);
    for (auto& call : dead) {
      call->recycle();
      if (free_calls_.size() < kFreeCalls) free_calls_.push_back(std::move(call));
    }
  }
}

uint64_t CallTable::add(GrpcCall* call) {
  uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    CHECK(slot < 1u << kSlotBits);
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  const uint64_t id = ++last_ << kSlotBits | slot;
  slots_[slot] = {id, call};
  return id;
}

void CallTable::remove(uint64_t id) {
  const auto slot = static_cast<uint32_t>(id & ((1u << kSlotBits) - 1));
  CHECK(slot < slots_.size() && slots_[slot].id == id);
  slots_[slot] = {};
  free_.push_back(slot);
}

GrpcCall* CallTable::find(uint64_t id) const {
  const auto slot = static_cast<uint32_t>(id & ((1u << kSlotBits) - 1));
  return slot < slots_.size() && slots_[slot].id == id ? slots_[slot].call : nullptr;
}

void CallTable::deliver(std::vector<node::Answer>&& answers) {
  // Behind deliveries that are still on their way there is no short cut: answers of one stream keep
  // their order.
  if (loop_.on_own_thread() && posted_.load() == 0) {
    std::move(answers.begin(), answers.end(), std::back_inserter(here_));
    return;
  }
  posted_.fetch_add(1);
  loop_.post([this, batch = std::move(answers)]() mutable {
    answer_here();
    answer(batch);
    posted_.fetch_sub(1);
  });
}

void CallTable::answer_here() {
  if (here_.empty()) return;
  std::vector<node::Answer> batch;
  batch.swap(here_);
  answer(batch);
}

void CallTable::answer(std::vector<node::Answer>& answers) {
  bool more = false;
  for (node::Answer& answer : answers) {
    more = more || !answer.last;
    if (GrpcCall* call = find(answer.call_id)) call->answer(std::move(answer));
  }
  // Whoever got a part may have asked for the next one, behind the services' hand-over of this
  // turn.
  if (more) loop_.wake();
}

}  // namespace keelson::front
