#include "watch/inbox.h"

namespace keelson::watch {

size_t batch_bytes(const EventBatch& batch) {
  size_t bytes = sizeof batch + batch.items.size() * sizeof batch.items[0];
  for (const EventBatch::Item& item : batch.items)
    bytes += item.event.kv.size() + item.event.prev_kv.size();
  return bytes;
}

bool Inbox::push(Incoming&& item) {
  MutexLock lock(mutex_);
  items_.push_back(std::move(item));
  return items_.size() == 1;
}

bool Inbox::push(Batch&& batch) {
  const size_t bytes = batch_bytes(*batch);
  MutexLock lock(mutex_);
  if (bytes_ + bytes > bytes_max_) drop_events();
  bytes_ += bytes;
  items_.emplace_back(std::move(batch));
  return items_.size() == 1;
}

// Answers keep their place: what they say is relative to the events before them.
void Inbox::drop_events() {
  std::vector<Incoming> kept;
  for (Incoming& item : items_) {
    const auto* batch = std::get_if<Batch>(&item);
    const auto* lost = std::get_if<Lost>(&item);
    if (batch == nullptr && lost == nullptr) {
      kept.push_back(std::move(item));
      continue;
    }
    const Revision last = batch != nullptr ? (*batch)->last : lost->last;
    if (!kept.empty() && std::holds_alternative<Lost>(kept.back()))
      std::get<Lost>(kept.back()).last = last;
    else
      kept.emplace_back(Lost{last});
  }
  items_ = std::move(kept);
  bytes_ = 0;
}

void Inbox::take(std::vector<Incoming>& out) {
  out.clear();
  MutexLock lock(mutex_);
  std::swap(out, items_);
  bytes_ = 0;
}

}  // namespace keelson::watch
