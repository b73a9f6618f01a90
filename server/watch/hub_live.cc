// Events as they come: matched once for each range, encoded once for each wish, sent to each
// watcher.
#include <algorithm>

#include "base/check.h"
#include "watch/hub.h"

namespace keelson::watch {
namespace {

// Revisions of more events than this do not share the bytes of single events between ranges.
constexpr size_t kSinglesMax = 64;

// Calls each(items of one revision) in order, from the first revision at or above `from`, until it
// returns false. False then.
template <typename Each>
bool for_each_revision(const EventBatch& batch, Revision from, Each&& each) {
  const auto end = batch.items.end();
  auto at = std::lower_bound(
      batch.items.begin(), end, from,
      [](const EventBatch::Item& item, Revision r) { return item.event.main < r; });
  while (at != end) {
    auto next = at + 1;
    while (next != end && next->event.main == at->event.main) ++next;
    if (!each(std::span<const EventBatch::Item>(at, next))) return false;
    at = next;
  }
  return true;
}

// Watchers with equal wishes get equal events.
size_t wishes(const Watcher& watcher) {
  return (watcher.prev_kv ? 1u : 0u) | (watcher.no_put ? 2u : 0u) | (watcher.no_delete ? 4u : 0u);
}

}  // namespace

void LoopHub::receive(Incoming& incoming) {
  if (auto* batch = std::get_if<Batch>(&incoming)) {
    on_batch(std::move(*batch));
  } else if (const auto* lost = std::get_if<Lost>(&incoming)) {
    on_lost(lost->last);
  } else if (const auto* compacted = std::get_if<Compacted>(&incoming)) {
    compacted_ = std::max(compacted_, compacted->revision);
  } else if (auto* start = std::get_if<StartAnswer>(&incoming)) {
    on_start(std::move(*start));
  } else {
    on_slice(std::move(std::get<SliceAnswer>(incoming)));
  }
}

// The create of this answer runs now, while the position is the one the node answered for (or right
// after the requests that came before it on the stream).
void LoopHub::on_start(StartAnswer&& answer) {
  const auto found = starts_.find(answer.token);
  if (found == starts_.end()) return;
  WatchStream& stream = *found->second;
  starts_.erase(found);
  for (Op& op : stream.ops) {
    auto* create = std::get_if<CreateOp>(&op);
    if (create == nullptr || create->token != answer.token) continue;
    create->answered = true;
    create->status = std::move(answer.status);
    create->start = answer.start;
  }
  compacted_ = std::max(compacted_, answer.start.compacted);
  if (answer.start.current > position_) on_lost(answer.start.current);
  run_ops(stream);
}

void LoopHub::on_batch(Batch&& batch) {
  if (batch->last <= position_) return;
  if (batch->first > position_.next()) on_lost(batch->first.prev());
  if (live_.size() > 0) {
    const TimePoint started = clock_.now();
    const uint64_t before = delivered_;
    for_each_revision(*batch, position_.next(), [this](Items items) {
      deliver_revision(items);
      return true;
    });
    observe_delivery(clock_.now() - started, delivered_ - before);
  }
  position_ = batch->last;
  if (starts_.empty() && slices_.empty()) return forget_recent();
  recent_bytes_ += batch_bytes(*batch);
  recent_.push_back(std::move(batch));
  while (recent_bytes_ > settings_.recent_bytes) {
    recent_bytes_ -= batch_bytes(*recent_.front());
    recent_.pop_front();
  }
}

void LoopHub::observe_delivery(Duration took, uint64_t events) {
  if (events == 0) return;
  metrics_.send_seconds.observe_seconds(took.count());
  metrics_.send_per_event_seconds.observe(static_cast<double>(took.count()) * 1e-9 /
                                          static_cast<double>(events));
}

// Events up to `last` never came (or no watcher was there to want them).
void LoopHub::on_lost(Revision last) {
  if (last <= position_) return;
  for (Group& group : groups_) {
    for (size_t i = group.watchers.size(); i-- > 0;) {
      Watcher& watcher = *group.watchers[i];
      const Revision next = std::max(watcher.next, position_.next());
      if (next <= last) fall_behind(watcher, next, 0);
    }
  }
  position_ = last;
  forget_recent();
}

// What is kept must have no gap, so it is all or nothing.
void LoopHub::forget_recent() {
  recent_.clear();
  recent_bytes_ = 0;
}

// ---- delivery
// --------------------------------------------------------------------------------------

void LoopHub::deliver_revision(Items items) {
  for (uint32_t place = 0; place < items.size(); place++) {
    live_.match(items[place].event.key, [&](uint32_t id) {
      Hits& hits = groups_[id].hits;
      if (hits.empty()) touched_.push_back(id);
      hits.push_back(place);
    });
  }
  if (touched_.empty()) return;
  revision_header_ = encode_header(ids(), items[0].event.main);
  singles_.assign(std::min(items.size(), kSinglesMax), {});
  for (const uint32_t id : touched_) {
    deliver_group(groups_[id], items);
    groups_[id].hits.clear();
  }
  touched_.clear();
}

// From the last to the first: a watcher that falls behind leaves the group on the way.
void LoopHub::deliver_group(Group& group, Items items) {
  const Revision revision = items[0].event.main;
  std::array<Tail, 8> tails;
  for (size_t i = group.watchers.size(); i-- > 0;) {
    Watcher& watcher = *group.watchers[i];
    if (watcher.next > revision) continue;
    Tail& tail = tails[wishes(watcher)];
    if (!tail.made) tail = make_tail(group, items, watcher);
    if (tail.events == 0) continue;
    if (tail.past_needed || !has_room(*watcher.stream))
      fall_behind(watcher, revision, tail.events);
    else if (watcher.fragment && tail.bytes->size() >= split_above())
      send_fragments(watcher, revision_header_, wanted_events(watcher, group.hits, items));
    else
      send_events(watcher, revision_header_, tail);
  }
}

LoopHub::Tail LoopHub::make_tail(const Group& group, Items items, const Watcher& like) {
  Tail tail{.made = true};
  size_t size = 0;
  uint32_t last = 0;
  for (const uint32_t place : group.hits) {
    const EventBatch::Item& item = items[place];
    if (!like.wants(item.event)) continue;
    tail.events++;
    if (like.prev_kv && !item.prev_in_memory) tail.past_needed = true;
    size += encoded_event_size(item.event, like.prev_kv);
    last = place;
  }
  if (tail.events == 0 || tail.past_needed) return tail;
  if (tail.events == 1) {
    tail.bytes = single_event(items, last, like.prev_kv);
    return tail;
  }
  std::string bytes;
  bytes.reserve(size);
  for (const mvcc::Event* event : wanted_events(like, group.hits, items))
    append_event(bytes, *event, like.prev_kv);
  tail.bytes = std::make_shared<const std::string>(std::move(bytes));
  return tail;
}

LoopHub::Events LoopHub::wanted_events(const Watcher& watcher, const Hits& hits, Items items) {
  Events out;
  for (const uint32_t place : hits)
    if (watcher.wants(items[place].event)) out.push_back(&items[place].event);
  return out;
}

// The usual revision has one event, and all ranges that it matches share its bytes.
LoopHub::Shared LoopHub::single_event(Items items, uint32_t place, bool prev) {
  if (place < singles_.size() && singles_[place][prev ? 1 : 0])
    return singles_[place][prev ? 1 : 0];
  const mvcc::Event& event = items[place].event;
  std::string bytes;
  bytes.reserve(encoded_event_size(event, prev));
  append_event(bytes, event, prev);
  Shared shared = std::make_shared<const std::string>(std::move(bytes));
  if (place < singles_.size()) singles_[place][prev ? 1 : 0] = shared;
  return shared;
}

void LoopHub::send_events(Watcher& watcher, std::string_view header, const Tail& tail) {
  if (watcher.stream->ended) return;
  watcher.stream->outlet.send(encode_head(header, watcher.id), tail.bytes);
  watcher.quiet = false;
  delivered_ += tail.events;
}

// ---- joining and leaving
// ---------------------------------------------------------------------------

void LoopHub::join(Watcher& watcher) {
  CHECK(watcher.state == Watcher::State::kBehind && watcher.next > position_);
  end_behind(watcher);
  watcher.state = Watcher::State::kLive;
  watcher.group = live_.add(watcher.range());
  if (watcher.group >= groups_.size()) groups_.resize(live_.ids_end());
  watcher.place = groups_[watcher.group].watchers.size();
  groups_[watcher.group].watchers.push_back(&watcher);
  answer_held_progress(*watcher.stream);
}

void LoopHub::leave(Watcher& watcher) {
  std::vector<Watcher*>& watchers = groups_[watcher.group].watchers;
  watchers[watcher.place] = watchers.back();
  watchers[watcher.place]->place = watcher.place;
  watchers.pop_back();
  live_.release(watcher.group);
}

void LoopHub::fall_behind(Watcher& watcher, Revision next, uint32_t events) {
  leave(watcher);
  watcher.next = next;
  set_behind(watcher);
  watcher.pending_events = events;
  metrics_.pending_events.add(events);
  wait(watcher);
}

// A reader of history that ends near the position catches up from the events that the loop still
// has. False when it must read on (then `next` says from where).
bool LoopHub::replay_recent(Watcher& watcher) {
  if (recent_.empty() || recent_.front()->first > watcher.next) return false;
  for (const Batch& batch : recent_) {
    if (batch->last < watcher.next) continue;
    const bool all = for_each_revision(
        *batch, watcher.next, [&](Items items) { return replay_revision(watcher, items); });
    if (!all) return false;
    watcher.next = batch->last.next();
  }
  return watcher.next > position_;
}

bool LoopHub::replay_revision(Watcher& watcher, Items items) {
  Events events;
  bool complete = true;
  for (const EventBatch::Item& item : items) {
    if (!watcher.range().contains(item.event.key) || !watcher.wants(item.event)) continue;
    events.push_back(&item.event);
    if (watcher.prev_kv && !item.prev_in_memory) complete = false;
  }
  const Revision revision = items[0].event.main;
  if (!events.empty()) {
    watcher.next = revision;
    if (!complete || !has_room(*watcher.stream)) return false;
    send_past(watcher, encode_header(ids(), revision), events);
  }
  watcher.next = revision.next();
  return true;
}

}  // namespace keelson::watch
