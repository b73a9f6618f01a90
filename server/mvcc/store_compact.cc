// The store's part in compaction: pins, scheduling, slices, and the rows that say how far it is.
#include <algorithm>
#include <limits>

#include "base/check.h"
#include "mvcc/kv_codec.h"
#include "mvcc/store_impl.h"

namespace keelson::mvcc {
namespace {

// Newest answers that are remembered, as etcd does.
constexpr size_t kCompactionHashes = 10;
// Leaves between two looks at the clock; one takes a few microseconds.
constexpr int kLeavesPerLook = 8;

std::string revision_text(Revision rev) {
  std::string out;
  revision_key(rev, 0, false, out);
  return out;
}

}  // namespace

class HeldPin final : public Pin {
 public:
  explicit HeldPin(StoreImpl& store)
      : store_(store), revision_(store.current()), place_(store.pins_.insert(store.compacted())) {}
  ~HeldPin() override { store_.pins_.erase(place_); }
  Revision revision() const override { return revision_; }
  Revision compacted() const override { return *place_; }

 private:
  StoreImpl& store_;
  const Revision revision_;
  const std::multiset<Revision>::iterator place_;
};

std::unique_ptr<Pin> StoreImpl::pin() { return std::make_unique<HeldPin>(*this); }

Revision StoreImpl::lowest_pin() const {
  if (pins_.empty()) return Revision(std::numeric_limits<int64_t>::max());
  return *pins_.begin();
}

void StoreImpl::compact(Revision rev) {
  CHECK(in_entry_);
  CHECK(rev > compacted_);
  CHECK(rev <= writing());
  compacted_ = rev;
  put_row(Bucket::kMeta, kScheduledCompactRow, revision_text(rev));
  compactor_.schedule(rev, entry_index_);
  metrics_->compact_revision.set(rev.value);
}

bool StoreImpl::compact_step(const Clock& clock, TimePoint deadline) {
  if (in_entry_) return false;
  const Stopwatch slice(&clock);
  bool more = true;
  bool worked = false;
  for (int leaves = 1; more; ++leaves) {
    more = compactor_.step(persisted_.applied, lowest_pin());
    worked = worked || more;
    if (leaves % kLeavesPerLook == 0 && clock.now() >= deadline) break;
  }
  if (worked) {
    slice.observe_milliseconds(metrics_->index_pause_ms);
    slice.observe_milliseconds(metrics_->compaction_pause_ms);
  }
  if (const auto done = compactor_.take_finished()) write_finished(*done);
  return more;
}

void StoreImpl::write_finished(Revision rev) {
  put_local_row(Bucket::kMeta, kFinishedCompactRow, revision_text(rev));
  finishing_ = {.rev = rev, .position = published_};
}

std::optional<HashResult> StoreImpl::compaction_hash(Revision rev) const {
  for (const HashResult& known : compaction_hashes_) {
    if (known.revision == rev) return known;
  }
  return std::nullopt;
}

void StoreImpl::remember_compaction_hash(HashResult result) {
  compaction_hashes_.push_back(result);
  if (compaction_hashes_.size() > kCompactionHashes) compaction_hashes_.pop_front();
}

}  // namespace keelson::mvcc
