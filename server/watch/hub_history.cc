// The past: slices of history, read on a pool thread for several watchers at once.
#include <algorithm>

#include "base/check.h"
#include "watch/hub.h"
#include "watch/slice.h"

namespace keelson::watch {
namespace {

// Pause after the node refused a slice (its readers are busy, or it stops).
constexpr Duration kRetryPause = std::chrono::milliseconds(20);
// Watchers looked at for one slice; more wait for the next.
constexpr size_t kLooksPerSlice = 4 * limits::kWatchersPerSlice;

}  // namespace

// ---- states
// ----------------------------------------------------------------------------------------

void LoopHub::set_behind(Watcher& watcher) {
  watcher.state = Watcher::State::kBehind;
  watcher.stream->behind++;
  metrics_.slow_watchers.add(1);
}

void LoopHub::end_behind(Watcher& watcher) {
  CHECK(watcher.stream->behind > 0);
  watcher.stream->behind--;
  metrics_.slow_watchers.add(-1);
  metrics_.pending_events.add(-std::exchange(watcher.pending_events, 0));
}

// Queued for a slice, or parked until its stream has room.
void LoopHub::wait(Watcher& watcher) {
  if (has_room(*watcher.stream))
    eligible_.push_back(watcher);
  else
    watcher.stream->parked.push_back(watcher);
}

// A watcher that is behind and in no list or slice: joins the live ones if nothing is missing.
void LoopHub::settle(Watcher& watcher) {
  if (watcher.next > position_ || replay_recent(watcher))
    join(watcher);
  else
    wait(watcher);
}

void LoopHub::end_overtaken(Watcher& watcher) {
  detach(watcher);
  send_control(*watcher.stream, Revision(0), watcher.id,
               {.canceled = true, .compact_revision = compacted_});
}

// ---- asking
// ----------------------------------------------------------------------------------------

void LoopHub::start_slices() {
  while (!eligible_.empty() && slices_.size() < limits::kWatchSlicesAtOnce &&
         source_.now() >= retry_at_) {
    std::unique_ptr<Slice> slice = gather_slice();
    if (slice->members.empty()) return;
    ask_for(std::move(slice));
  }
}

// The one that waits longest leads; those not far ahead of it come along.
std::unique_ptr<Slice> LoopHub::gather_slice() {
  auto slice = std::make_unique<Slice>();
  size_t looks = 0;
  for (Watcher* watcher = eligible_.front(); watcher != nullptr && looks < kLooksPerSlice;
       looks++) {
    Watcher* next = WatcherList::after(*watcher);
    if (takes_part(*watcher, *slice)) {
      WatcherList::remove(*watcher);
      if (slice->members.empty()) slice->from = watcher->next;
      slice->add(*watcher);
      if (slice->members.size() == limits::kWatchersPerSlice) break;
    }
    watcher = next;
  }
  return slice;
}

bool LoopHub::takes_part(Watcher& watcher, const Slice& slice) {
  if (watcher.next < compacted_ || watcher.next > position_ || !has_room(*watcher.stream)) {
    WatcherList::remove(watcher);
    if (!has_room(*watcher.stream))
      wait(watcher);
    else if (watcher.next < compacted_)
      end_overtaken(watcher);
    else
      join(watcher);
    return false;
  }
  if (slice.members.empty()) return true;
  const Revision reach = slice.from.plus(static_cast<int64_t>(limits::kWatchSliceRevisions));
  return watcher.next >= slice.from && watcher.next < reach;
}

void LoopHub::ask_for(std::unique_ptr<Slice> slice) {
  slice->token = ++last_token_;
  slice->to = position_;
  mvcc::HistoryQuery query;
  query.from = slice->from;
  query.to = slice->to;
  query.bytes_max = limits::kWatchSliceBytes;
  query.revisions_max = limits::kWatchSliceRevisions;
  query.prev_kv = slice->prev_kv;
  query.wanted = [ranges = slice->ranges](std::string_view key) { return ranges->matches(key); };
  const uint64_t token = slice->token;
  slices_.emplace(token, std::move(slice));
  source_.ask_slice(token, std::move(query));
}

// ---- answers
// ---------------------------------------------------------------------------------------

void LoopHub::on_slice(SliceAnswer&& incoming) {
  const auto found = slices_.find(incoming.token);
  CHECK(found != slices_.end());
  const std::unique_ptr<Slice> slice = std::move(found->second);
  const bool overtaken = incoming.status.ok() && incoming.answer->compacted > slice->from;
  if (incoming.status.ok()) compacted_ = std::max(compacted_, incoming.answer->compacted);
  if (!incoming.status.ok()) retry_at_ = source_.now() + kRetryPause;
  for (Slice::Member& member : slice->members)
    if (member.watcher != nullptr) member.watcher->slice = nullptr;
  if (incoming.status.ok() && !overtaken)
    deliver_slice(*slice, *incoming.answer);
  else
    for (Slice::Member& member : slice->members)
      if (member.watcher != nullptr) wait(*member.watcher);
  slices_.erase(found);
}

void LoopHub::deliver_slice(Slice& slice, const HistoryAnswer& answer) {
  const std::vector<mvcc::Event>& events = answer.chunk.events;
  CHECK(answer.chunk.next > slice.from);
  std::vector<Hits> hits(slice.ranges->ids_end());
  for (uint32_t place = 0; place < events.size(); place++)
    slice.ranges->match(events[place].key, [&](uint32_t id) { hits[id].push_back(place); });
  const std::string header = encode_header(ids(), slice.to);
  for (const Slice::Member& member : slice.members) {
    if (member.watcher == nullptr) continue;
    Watcher& watcher = *member.watcher;
    if (!has_room(*watcher.stream)) {
      wait(watcher);
      continue;
    }
    if (answer.chunk.next > watcher.next) {
      deliver_past(watcher, hits[member.range], events, header);
      watcher.next = answer.chunk.next;
    }
    settle(watcher);
  }
}

void LoopHub::deliver_past(Watcher& watcher, const Hits& hits,
                           const std::vector<mvcc::Event>& events, std::string_view header) {
  Events wanted;
  for (const uint32_t place : hits) {
    const mvcc::Event& event = events[place];
    if (event.main >= watcher.next && watcher.wants(event)) wanted.push_back(&event);
  }
  if (!wanted.empty()) send_past(watcher, header, wanted);
}

// Several revisions may stand in one response here.
void LoopHub::send_past(Watcher& watcher, std::string_view header, const Events& events) {
  size_t size = 0;
  for (const mvcc::Event* event : events) size += encoded_event_size(*event, watcher.prev_kv);
  if (watcher.fragment && size >= split_above()) return send_fragments(watcher, header, events);
  std::string bytes;
  bytes.reserve(size);
  for (const mvcc::Event* event : events) append_event(bytes, *event, watcher.prev_kv);
  Tail tail{.made = true, .events = static_cast<uint32_t>(events.size())};
  tail.bytes = std::make_shared<const std::string>(std::move(bytes));
  send_events(watcher, header, tail);
}

// As etcd cuts: what is below the limit is one part; else a part takes events while it stays below,
// at least one.
void LoopHub::send_fragments(Watcher& watcher, std::string_view header, const Events& events) {
  if (watcher.stream->ended) return;
  const std::string whole = encode_head(header, watcher.id);
  size_t total = whole.size();
  for (const mvcc::Event* event : events) total += encoded_event_size(*event, watcher.prev_kv);
  const bool split = total >= settings_.fragment_bytes;
  const std::string more = encode_head(header, watcher.id, {.fragment = true});
  for (size_t at = 0; at < events.size();) {
    std::string part = more;
    size_t taken = 0;
    while (at < events.size()) {
      const size_t size = encoded_event_size(*events[at], watcher.prev_kv);
      if (split && taken > 0 && part.size() + size >= settings_.fragment_bytes) break;
      append_event(part, *events[at++], watcher.prev_kv);
      taken++;
    }
    if (at == events.size()) part.replace(0, more.size(), whole);
    watcher.stream->outlet.send(std::move(part));
  }
  watcher.quiet = false;
  delivered_ += events.size();
}

}  // namespace keelson::watch
