#include "rpc/leader_monitor.h"

namespace keelson::rpc {

LeaderMonitor::~LeaderMonitor() {
  while (head_.next_ != &head_) head_.next_->unlink();
}

void LeaderMonitor::add(NeedsLeader& stream) {
  stream.unlink();
  stream.next_ = &head_;
  stream.previous_ = head_.previous_;
  head_.previous_->next_ = &stream;
  head_.previous_ = &stream;
}

void LeaderMonitor::on_leader(bool has_leader) {
  if (has_leader_ == has_leader) return;
  has_leader_ = has_leader;
  checks_ = 0;
  if (events_ == nullptr) return;
  if (timer_ != 0) events_->cancel(timer_);
  timer_ = 0;
  if (!has_leader) arm();
}

void LeaderMonitor::arm() {
  timer_ = events_->call_at(events_->now() + interval_, [this] { check(); });
}

// Streams leave the list when they are destroyed, which is not inside on_no_leader; those that were
// told are taken out here so that each is told once.
void LeaderMonitor::check() {
  timer_ = 0;
  if (++checks_ == kChecksWithoutLeader) {
    while (head_.next_ != &head_) {
      NeedsLeader* stream = head_.next_;
      stream->unlink();
      stream->on_no_leader();
    }
  }
  if (checks_ < kChecksWithoutLeader) arm();
}

}  // namespace keelson::rpc
