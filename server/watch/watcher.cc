#include "watch/watcher.h"

#include "base/check.h"

namespace keelson::watch {

void WatcherList::push_back(Watcher& watcher) {
  CHECK(watcher.list == nullptr);
  watcher.list = this;
  watcher.list_next = nullptr;
  watcher.list_previous = last_;
  (last_ != nullptr ? last_->list_next : first_) = &watcher;
  last_ = &watcher;
}

void WatcherList::remove(Watcher& watcher) {
  WatcherList* list = watcher.list;
  if (list == nullptr) return;
  Watcher* next = watcher.list_next;
  Watcher* previous = watcher.list_previous;
  (previous != nullptr ? previous->list_next : list->first_) = next;
  (next != nullptr ? next->list_previous : list->last_) = previous;
  watcher.list = nullptr;
  watcher.list_next = watcher.list_previous = nullptr;
}

Watcher* WatcherList::after(const Watcher& watcher) { return watcher.list_next; }

}  // namespace keelson::watch
