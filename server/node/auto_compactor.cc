#include "node/auto_compactor.h"

#include <algorithm>

namespace keelson::node {
namespace {

constexpr Duration kRevisionPeriod = std::chrono::minutes(5);
constexpr int kSamplesAnInterval = 10;

}  // namespace

Duration AutoCompactor::interval() const {
  return std::min<Duration>(retention_, std::chrono::hours(1));
}

std::optional<Revision> AutoCompactor::tick(TimePoint now, Revision current, bool leader) {
  if (mode_ == Mode::kOff || !leader) {
    started_ = false;
    samples_.clear();
    return std::nullopt;
  }
  if (!started_) {
    started_ = true;
    next_sample_ = now;
    next_compaction_ = now + (mode_ == Mode::kPeriodic ? retention_ : kRevisionPeriod);
  }
  return mode_ == Mode::kPeriodic ? tick_periodic(now, current) : tick_revision(now, current);
}

std::optional<Revision> AutoCompactor::tick_periodic(TimePoint now, Revision current) {
  if (now >= next_sample_) {
    samples_.push_back({now, current});
    next_sample_ = now + interval() / kSamplesAnInterval;
  }
  if (now < next_compaction_) return std::nullopt;
  next_compaction_ = now + interval();
  std::optional<Revision> target;
  while (!samples_.empty() && samples_.front().when <= now - retention_) {
    target = samples_.front().revision;
    samples_.pop_front();
  }
  if (!target || *target <= last_) return std::nullopt;
  return target;
}

std::optional<Revision> AutoCompactor::tick_revision(TimePoint now, Revision current) {
  if (now < next_compaction_) return std::nullopt;
  next_compaction_ = now + kRevisionPeriod;
  const Revision target(current.value - revisions_);
  if (target.value <= 0 || target <= last_) return std::nullopt;
  return target;
}

void AutoCompactor::done(TimePoint, Revision revision) { last_ = std::max(last_, revision); }

}  // namespace keelson::node
