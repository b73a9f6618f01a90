#include "apply/deletion.h"

#include <algorithm>
#include <utility>

namespace keelson::apply {
namespace {

// Keys between two looks at the clock: a tenth of a millisecond or so.
constexpr size_t kKeysAPiece = 128;

}  // namespace

Deletion::Deletion(mvcc::Store& store, lease::Lessor& lessor, const mvcc::KeyRange& range)
    : store_(store), lessor_(lessor) {
  if (range.single()) {
    keys_.emplace_back(range.key);
  } else {
    scan_ = store.scan(range, store.writing());
  }
}

Deletion::Deletion(mvcc::Store& store, lease::Lessor& lessor, std::vector<std::string> keys)
    : store_(store), lessor_(lessor), keys_(std::move(keys)) {}

bool Deletion::step(const Slice* slice, const Before& before) {
  for (;;) {
    gather();
    const size_t end = std::min(keys_.size(), next_ + kKeysAPiece);
    for (; next_ < end; ++next_) erase(keys_[next_], before);
    if (next_ == keys_.size() && !scan_) return true;
    if (slice != nullptr && slice->over()) return false;
  }
}

void Deletion::gather() {
  if (!scan_ || next_ < keys_.size()) return;
  keys_.clear();
  next_ = 0;
  const bool done = scan_->step(kKeysAPiece, [this](const mvcc::Scan::Item& item) {
    keys_.emplace_back(item.key);
    return true;
  });
  if (done) scan_.reset();
}

void Deletion::erase(const std::string& key, const Before& before) {
  if (before) {
    if (const auto meta = store_.find(key, store_.writing())) before(*meta);
  }
  if (!store_.erase(key, nullptr)) return;
  lessor_.attach(key, LeaseId());
  ++deleted_;
}

}  // namespace keelson::apply
