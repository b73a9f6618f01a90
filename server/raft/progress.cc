#include "raft/progress.h"

#include <algorithm>

#include "base/check.h"

namespace keelson::raft {

void Inflights::add(Index last, uint64_t bytes) {
  CHECK(!full());
  if (count_ == ring_.size()) grow();
  ring_[(start_ + count_) % ring_.size()] = {last, bytes};
  ++count_;
  bytes_ += bytes;
}

void Inflights::grow() {
  std::vector<Slot> larger(ring_.empty() ? 8 : ring_.size() * 2);
  for (uint32_t i = 0; i < count_; ++i) larger[i] = slot(i);
  ring_.swap(larger);
  start_ = 0;
}

void Inflights::free_to(Index index) {
  while (count_ > 0 && slot(0).last <= index) {
    bytes_ -= slot(0).bytes;
    start_ = static_cast<uint32_t>((start_ + 1) % ring_.size());
    --count_;
  }
}

void Inflights::clear() {
  start_ = count_ = 0;
  bytes_ = 0;
}

void Inflights::check_invariants() const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    sum += slot(i).bytes;
    if (i > 0) CHECK(slot(i).last > slot(i - 1).last);
  }
  CHECK(sum == bytes_);
  CHECK(count_ <= count_max_);
}

void Progress::become_probe() {
  // After a snapshot has arrived the follower is known to have that much, even if it has not said
  // so.
  next =
      state == ProgressState::kSnapshot ? std::max(match, pending_snapshot).next() : match.next();
  state = ProgressState::kProbe;
  pending_snapshot = Index();
  paused = poked = false;
  inflights.clear();
}

void Progress::become_replicate() {
  state = ProgressState::kReplicate;
  next = match.next();
  pending_snapshot = Index();
  paused = poked = false;
  inflights.clear();
}

void Progress::become_snapshot(Index index) {
  CHECK(index > match);
  state = ProgressState::kSnapshot;
  pending_snapshot = index;
  paused = poked = false;
  inflights.clear();
}

bool Progress::acknowledge(Index index) {
  if (index <= match) return false;
  match = index;
  next = std::max(next, index.next());
  paused = false;
  return true;
}

bool Progress::refuse(Index rejected, Index retry) {
  if (state == ProgressState::kReplicate) {
    if (rejected <= match) return false;  // overtaken by a later answer
    become_probe();
    return true;
  }
  if (state != ProgressState::kProbe || rejected.next() != next) return false;
  next = std::max(match.next(), std::min(rejected, retry.next()));
  paused = false;
  return true;
}

void Progress::check_invariants(Index last_index) const {
  CHECK(match < next);
  CHECK(match <= last_index);
  CHECK(next <= last_index.next());
  CHECK((pending_snapshot == Index()) == (state != ProgressState::kSnapshot));
  if (state != ProgressState::kReplicate) CHECK(inflights.count() == 0);
  inflights.check_invariants();
}

}  // namespace keelson::raft
