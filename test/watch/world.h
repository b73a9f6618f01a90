// A hub with everything around it in one thread: a store with a history, a node that answers when
// the test says so, streams that can be stalled.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_clock.h"
#include "watch/hub.h"
#include "watch/response.h"

namespace keelson::test {

using watch::CreateRequest;

// One end of a watch stream. While stalled it reports more output than any limit.
class FakeStream final : public watch::Outlet {
 public:
  void send(std::string message) override { take(message); }
  void send(std::string head, std::shared_ptr<const std::string> tail) override {
    take(head + *tail);
  }
  size_t output_bytes() const override { return stalled ? SIZE_MAX / 2 : unread_bytes; }
  void end(const Status& status) override { ended = status; }

  // The responses since the last call.
  std::vector<Response> take_all() { return std::exchange(seen, {}); }
  Response take_one() {
    EXPECT_EQ(seen.size(), 1u);
    std::vector<Response> all = take_all();
    return all.empty() ? Response() : all[0];
  }

  std::vector<Response> seen;
  std::optional<Status> ended;
  bool stalled = false;
  bool counts_bytes = false;  // then nothing is read until the test says so
  size_t unread_bytes = 0;
  size_t unread_bytes_max = 0;
  watch::WatchStream* hub_stream = nullptr;

 private:
  void take(const std::string& message) {
    EXPECT_FALSE(ended.has_value());
    seen.push_back(read_response(message));
    if (counts_bytes) unread_bytes += message.size();
    unread_bytes_max = std::max(unread_bytes_max, unread_bytes);
  }
};

// Revisions and their events, with the bytes that a store would hand out.
class FakeHistory {
 public:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nothing: a delete
  };

  Revision current() const { return Revision(static_cast<int64_t>(revisions_.size()) + 1); }
  Revision compacted() const { return compacted_; }
  void compact(Revision at) { compacted_ = at; }

  // One revision with these changes, in order. `prev_in_memory` as the node would find it.
  void apply(const std::vector<Change>& changes, bool prev_in_memory) {
    const Revision revision = current().next();
    std::vector<Record>& records = revisions_.emplace_back();
    for (const Change& change : changes) {
      Record record;
      record.change = change;
      record.prev_in_memory = prev_in_memory || !live_.contains(change.key);
      mvcc::KeyValueView kv;
      kv.key = change.key;
      if (change.value) {
        kv.value = *change.value;
        kv.mod_revision = revision.value;
        kv.create_revision = revision.value;
        kv.version = 1;
      }
      mvcc::encode_key_value(kv, record.kv);
      if (live_.contains(change.key)) record.prev = live_[change.key];
      if (change.value)
        live_[change.key] = record.kv;
      else
        live_.erase(change.key);
      records.push_back(std::move(record));
    }
  }

  // The events of (from, to]; with previous values if they are in memory.
  watch::Batch batch(Revision after, Revision to) const {
    auto out = std::make_shared<watch::EventBatch>();
    out->first = after.next();
    out->last = to;
    for (Revision r = after.next(); r <= to; r = r.next())
      for (const Record& record : records(r)) {
        mvcc::Event event = make_event(r, record, record.prev_in_memory);
        out->items.push_back({event, record.prev_in_memory});
      }
    return out;
  }

  std::shared_ptr<watch::HistoryAnswer> read(const mvcc::HistoryQuery& query) const {
    auto out = std::make_shared<watch::HistoryAnswer>();
    out->current = current();
    if (query.from < compacted_) {
      out->compacted = compacted_;
      return out;
    }
    size_t bytes = 0, count = 0;
    Revision at = query.from;
    for (; at <= query.to && bytes < query.bytes_max && count < query.revisions_max;
         at = at.next(), count++) {
      for (const Record& record : records(at)) {
        if (!query.wanted(record.change.key)) continue;
        out->chunk.events.push_back(make_event(at, record, query.prev_kv));
        bytes += record.kv.size();
      }
    }
    out->chunk.next = at;
    return out;
  }

  // What a watcher of the range must see in this revision.
  std::vector<SeenEvent> expected(Revision at, const CreateRequest& request) const {
    std::vector<SeenEvent> out;
    const mvcc::KeyRange range{request.key, request.end};
    for (const Record& record : records(at)) {
      const bool deleted = !record.change.value;
      if (!range.contains(record.change.key)) continue;
      if (deleted ? request.no_delete : request.no_put) continue;
      SeenEvent event{.deleted = deleted, .key = record.change.key, .mod_revision = at.value};
      if (!deleted) event.value = *record.change.value;
      mvcc::KeyValueView prev;
      if (request.prev_kv && !record.prev.empty() && mvcc::decode_key_value(record.prev, prev)) {
        event.has_prev = true;
        event.prev_value = prev.value;
      }
      out.push_back(std::move(event));
    }
    return out;
  }

 private:
  struct Record {
    Change change;
    std::string kv;
    std::string prev;
    bool prev_in_memory = true;
  };
  const std::vector<Record>& records(Revision at) const {
    static const std::vector<Record> kNone;  // revision 1 is the empty store
    return at < Revision(2) ? kNone : revisions_.at(static_cast<size_t>(at.value - 2));
  }
  static mvcc::Event make_event(Revision at, const Record& record, bool prev) {
    mvcc::Event event;
    event.main = at;
    event.tombstone = !record.change.value;
    event.key = record.change.key;
    event.kv = record.kv;
    if (prev) event.prev_kv = record.prev;
    return event;
  }

  std::deque<std::vector<Record>>
      revisions_;  // [0] is revision 2; never moves, events point into it
  std::map<std::string, std::string> live_;
  Revision compacted_{-1};
};

// Also the node: collects what the hub asks and answers in the order of asking.
class World final : private watch::Source {
 public:
  explicit World(watch::HubSettings settings = {}) : hub(*this, settings, clock, rng, registry) {}

  FakeStream& open() {
    FakeStream& stream = *streams.emplace_back(std::make_unique<FakeStream>());
    stream.hub_stream = hub.open(stream);
    return stream;
  }
  void close(FakeStream& stream) { hub.close(std::exchange(stream.hub_stream, nullptr)); }

  // Asks for a watch and has it answered.
  void create(FakeStream& stream, CreateRequest request) {
    hub.create(*stream.hub_stream, std::move(request));
    run();
  }
  // The same and takes the created response away.
  Response created(FakeStream& stream, CreateRequest request) {
    create(stream, std::move(request));
    return stream.take_one();
  }

  void put(const std::string& key, const std::string& value, bool prev_in_memory = true) {
    apply({{key, value}}, prev_in_memory);
  }
  void erase(const std::string& key) { apply({{key, std::nullopt}}); }
  void apply(const std::vector<FakeHistory::Change>& changes, bool prev_in_memory = true) {
    history.apply(changes, prev_in_memory);
    hand_out();
    hub.turn();
  }
  // Events go to the hub as the node would hand them over.
  void hand_out() {
    if (handed_out == history.current()) return;
    if (!hub.idle()) hub.push_events(history.batch(handed_out, history.current()));
    handed_out = history.current();
  }
  void compact(Revision at) {
    history.compact(at);
    if (!hub.idle()) hub.push_compacted(at);
  }

  // The node answers one question; false when there is none.
  bool answer_start() {
    if (starts.empty()) return false;
    hub.push_start(starts.front(), Status(), {history.current(), history.compacted()});
    starts.pop_front();
    return true;
  }
  bool answer_slice() {
    if (slices.empty()) return false;
    auto [token, query] = std::move(slices.front());
    slices.pop_front();
    slices_read++;
    hub.push_slice(token, Status(), history.read(query));
    return true;
  }
  void refuse_slice() {
    hub.push_slice(slices.front().first, Status(Code::kResourceExhausted, "busy"), nullptr);
    slices.pop_front();
  }
  // Until nobody asks for anything.
  void run() {
    hub.turn();
    while (answer_start() || answer_slice()) hub.turn();
    hub.check_invariants();
  }
  void drain(FakeStream& stream) {
    stream.stalled = false;
    stream.unread_bytes = 0;
    hub.drained(*stream.hub_stream);
  }
  void advance(Duration by) {
    clock.advance(by);
    if (clock.now() >= wake_time) hub.turn();
  }

  FakeClock clock;
  SeededRng rng{1};
  Registry registry;
  FakeHistory history;
  Revision handed_out{1};
  std::vector<std::unique_ptr<FakeStream>> streams;
  std::deque<uint64_t> starts;
  std::deque<std::pair<uint64_t, mvcc::HistoryQuery>> slices;
  size_t slices_read = 0;
  int prev_kv_watchers = 0;
  int wakes = 0;
  TimePoint wake_time = TimePoint::max();
  watch::LoopHub hub;

 private:
  void ask_start(uint64_t token) override { starts.push_back(token); }
  void ask_slice(uint64_t token, mvcc::HistoryQuery&& query) override {
    EXPECT_GE(query.from, Revision(1));
    EXPECT_LE(query.to, history.current());
    slices.emplace_back(token, std::move(query));
  }
  void count_prev_kv_watchers(int delta) override { prev_kv_watchers += delta; }
  watch::Ids ids() const override { return {ClusterId(7), MemberId(8), Term(3)}; }
  TimePoint now() const override { return clock.now(); }
  void wake_at(TimePoint when) override { wake_time = when; }
  void wake() override { wakes++; }
};

}  // namespace keelson::test
