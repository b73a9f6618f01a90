#include "mvcc/compactor.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keelson::mvcc {
namespace {

// 8 MB of row numbers; more are collected when these are gone.
constexpr size_t kCollectedMax = 1'000'000;

}  // namespace

void Compactor::schedule(Revision rev, Index entry) {
  scheduled_ = rev;
  scheduled_entry_ = entry;
}

bool Compactor::may_start(Index persisted, Revision lowest_pin) const {
  return scheduled_ && scheduled_entry_ <= persisted && *scheduled_ <= lowest_pin;
}

bool Compactor::step(Index persisted, Revision lowest_pin) {
  if (plan_) return false;  // the rows of this part first
  if (!walking_) {
    if (finished_ || !may_start(persisted, lowest_pin)) return false;
    walking_ = std::exchange(scheduled_, std::nullopt);
    from_.clear();
    walked_ = false;
  }
  if (walked_) return false;
  walked_ = !index_.compact_leaf(from_, *walking_, collected_);
  if (walked_ || collected_.size() >= kCollectedMax) {
    if (!collected_.empty()) {
      metrics_.compacted_keys.add(collected_.size());
      plan_ = std::make_shared<DropPlan>();
      plan_->rows = std::exchange(collected_, {});
    } else if (walked_) {
      finished_ = std::exchange(walking_, std::nullopt);
    }
  }
  return true;
}

std::shared_ptr<DropPlan> Compactor::take_plan() {
  if (!drops_wanted()) return nullptr;
  plan_out_ = true;
  return plan_;
}

void Compactor::plan_returned() {
  CHECK(plan_ != nullptr && plan_out_);
  plan_out_ = false;
  if (!plan_->finished()) return;
  plan_.reset();
  if (walked_) finished_ = std::exchange(walking_, std::nullopt);
}

std::optional<Revision> Compactor::take_finished() {
  return std::exchange(finished_, std::nullopt);
}

}  // namespace keelson::mvcc
