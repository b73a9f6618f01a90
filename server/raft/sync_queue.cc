#include "raft/sync_queue.h"

#include <algorithm>

#include "base/check.h"

namespace keelson::raft {

uint64_t SyncQueue::issue(Index last, uint64_t bytes, uint64_t tick) {
  last_promise_ = ++issued_;
  bytes_ += bytes;
  under_way_.push_back({issued_, last, bytes, tick});
  return issued_;
}

Index SyncQueue::complete(uint64_t number) {
  CHECK(number <= issued_);
  Index last;
  while (!under_way_.empty() && under_way_.front().number <= number) {
    // The newest batch decides, not the greatest index: a replaced tail may be longer than the new
    // one.
    if (under_way_.front().last.value != 0) last = under_way_.front().last;
    bytes_ -= under_way_.front().bytes;
    under_way_.pop_front();
  }
  synced_ = std::max(synced_, number);
  return last;
}

void SyncQueue::clamp(Index last) {
  for (Batch& batch : under_way_) batch.last = std::min(batch.last, last);
}

std::optional<uint64_t> SyncQueue::oldest_tick() const {
  if (under_way_.empty()) return std::nullopt;
  return under_way_.front().tick;
}

void SyncQueue::check_invariants() const {
  uint64_t before = synced_;
  uint64_t bytes = 0;
  for (const Batch& batch : under_way_) {
    CHECK(batch.number > before);
    before = batch.number;
    bytes += batch.bytes;
  }
  CHECK(before <= issued_);
  CHECK(synced_ <= issued_);
  CHECK(last_promise_ <= issued_);
  CHECK(bytes == bytes_);
}

}  // namespace keelson::raft
