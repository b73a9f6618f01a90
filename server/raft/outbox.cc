#include "raft/outbox.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keelson::raft {
namespace {

bool is_positive_answer(const Message& m) { return m.type == MessageType::kAppResp && !m.reject; }

}  // namespace

void Outbox::send_after(uint64_t batch, Term term, Message message) {
  CHECK(held_.empty() || held_.back().batch <= batch);
  if (merge_answer(batch, term, message)) return;
  held_.push_back({batch, term, std::move(message)});
}

// Many appends of one turn need one answer: acknowledgements may skip indexes.
bool Outbox::merge_answer(uint64_t batch, Term term, const Message& message) {
  if (held_.empty() || !is_positive_answer(message)) return false;
  Held& last = held_.back();
  if (last.batch != batch || last.term != term || last.message.to != message.to) return false;
  if (!is_positive_answer(last.message)) return false;
  last.message.index = std::max(last.message.index, message.index);
  return true;
}

void Outbox::release(uint64_t synced, Term term, Index stable) {
  while (!held_.empty() && held_.front().batch <= synced) {
    Held held = std::move(held_.front());
    held_.pop_front();
    if (held.term != term) continue;
    if (is_positive_answer(held.message)) {
      held.message.index = std::min(held.message.index, stable);
    }
    ready_.push_back(std::move(held.message));
  }
}

void Outbox::check_invariants(uint64_t synced, uint64_t next_batch) const {
  uint64_t before = synced;
  for (const Held& held : held_) {
    CHECK(held.batch > synced);
    CHECK(held.batch >= before);
    CHECK(held.batch <= next_batch);
    before = held.batch;
  }
}

}  // namespace keelson::raft
