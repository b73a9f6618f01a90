#include "raft/read_barrier.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace keelson::raft {

void ReadBarrier::add(ReadRequest request) {
  open_.push_back(std::move(request));
  ++asked_;
}

std::string ReadBarrier::heartbeat_context() {
  std::string context;
  if (open_.empty()) return context;
  put_u64le(context, asked_);
  if (asked_ > sent_) {
    if (rounds_.size() >= kRoundsMax) rounds_.pop_back();  // this one proves what that would have
    rounds_.push_back(asked_);
    sent_ = asked_;
  }
  return context;
}

bool ReadBarrier::echo(MemberId from, std::string_view context) {
  if (context.size() != sizeof(uint64_t)) return false;
  const uint64_t count = get_u64le(context.data());
  if (count > sent_ || count <= released_) return false;
  for (auto& [member, echoed] : echoes_) {
    if (member != from) continue;
    if (count <= echoed) return false;
    echoed = count;
    return true;
  }
  echoes_.emplace_back(from, count);
  return true;
}

void ReadBarrier::forget(MemberId member) {
  std::erase_if(echoes_, [member](const auto& echo) { return echo.first == member; });
}

uint64_t ReadBarrier::echoed(MemberId member) const {
  for (const auto& [from, count] : echoes_) {
    if (from == member) return count;
  }
  return 0;
}

std::vector<ReadRequest> ReadBarrier::release(uint64_t count) {
  std::vector<ReadRequest> done;
  CHECK(count <= sent_);
  for (; released_ < count; ++released_) {
    done.push_back(std::move(open_.front()));
    open_.pop_front();
  }
  while (!rounds_.empty() && rounds_.front() <= released_) rounds_.pop_front();
  return done;
}

std::vector<ReadRequest> ReadBarrier::drain() {
  std::vector<ReadRequest> rest(std::make_move_iterator(open_.begin()),
                                std::make_move_iterator(open_.end()));
  open_.clear();
  released_ = sent_ = asked_;
  rounds_.clear();
  return rest;
}

void ReadBarrier::check_invariants() const {
  CHECK(released_ <= sent_);
  CHECK(sent_ <= asked_);
  CHECK(open_.size() == asked_ - released_);
  CHECK(rounds_.size() <= kRoundsMax);
  for (const auto& [member, count] : echoes_) CHECK(count <= sent_);
}

}  // namespace keelson::raft
