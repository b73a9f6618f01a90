// When to compact by itself, as etcd decides it (reference semantics.md section 5): a pure policy,
// asked on every tick of the leader. Owner: the node thread.
#pragma once

#include <deque>
#include <optional>

#include "base/clock.h"
#include "base/ids.h"

namespace keelson::node {

class AutoCompactor {
 public:
  enum class Mode { kOff, kPeriodic, kRevision };

  AutoCompactor(Mode mode, Duration retention, int64_t revisions)
      : mode_(mode), retention_(retention), revisions_(revisions) {}

  // The revision to compact to now, if any. Sampling pauses while this member does not lead.
  std::optional<Revision> tick(TimePoint now, Revision current, bool leader);
  // A proposal of tick() was applied (or was compacted already, which counts as success).
  void done(TimePoint now, Revision revision);

  Mode mode() const { return mode_; }

 private:
  std::optional<Revision> tick_periodic(TimePoint now, Revision current);
  std::optional<Revision> tick_revision(TimePoint now, Revision current);
  Duration interval() const;

  struct Sample {
    TimePoint when;
    Revision revision;
  };
  const Mode mode_;
  const Duration retention_;
  const int64_t revisions_;
  std::deque<Sample> samples_;  // one retention of history
  TimePoint next_sample_{};
  TimePoint next_compaction_{};
  bool started_ = false;
  Revision last_{0};
};

}  // namespace keelson::node
