// Random runs: watchers of all kinds on streams that stall and drain, writes, compactions, a node
// that answers late, a loop that lags. Whatever happens, each watcher sees exactly its events, in
// order, each revision whole, and no progress answer runs ahead of an event.
#include <gtest/gtest.h>

#include <map>

#include "watch/world.h"

namespace keelson::test {
namespace {

const char* const kKeys[] = {"a", "b", "ba", "c", "d"};

std::string random_key(Rng& rng) { return kKeys[rng.below(std::size(kKeys))]; }

// What one watcher asked for and how far the answers to it go.
struct Expectation {
  CreateRequest request;
  bool created = false;
  bool ended = false;
  Revision next;  // first revision that it may still see
};

class Model {
 public:
  explicit Model(uint64_t seed)
      : rng_(seed), world_({.fragment_bytes = 600, .inbox_bytes = 4000, .recent_bytes = 3000}) {
    for (int i = 0; i < 3; i++) ends_.push_back(open());
  }

  void step() {
    switch (rng_.below(16)) {
      case 0:
        create();
        break;
      case 1:
        cancel();
        break;
      case 2:
        stall();
        break;
      case 3:
        drain();
        break;
      case 4:
        compact();
        break;
      case 5:
        progress();
        break;
      case 6:
        lag();
        break;
      case 7:
        replace_stream();
        break;
      case 8:
        refuse();
        break;
      case 9:
      case 10:
        world_.answer_start();
        break;
      case 11:
      case 12:
        world_.answer_slice();
        break;
      default:
        write();
    }
    if (rng_.below(3) == 0) world_.hand_out();
    if (rng_.below(3) != 0) world_.hub.turn();
    world_.hub.check_invariants();
    check();
  }

  // Everything that is under way comes to rest: nobody may be left behind.
  void finish() {
    for (End& end : ends_) world_.drain(*end.stream);
    world_.hand_out();
    for (int i = 0; i < 3; i++) {
      world_.advance(std::chrono::seconds(1));
      world_.run();
    }
    check();
    for (const End& end : ends_)
      for (const auto& [id, e] : end.watchers)
        if (!e.ended) expect_nothing_between(e, world_.history.current());
  }

 private:
  struct End {
    FakeStream* stream = nullptr;
    std::deque<CreateRequest> asked;          // not answered yet
    std::map<int64_t, Expectation> watchers;  // by id, of this stream
    int64_t highest_revision = 0;             // of an event sent on it
    std::vector<SeenEvent> parts;             // of a response that is not whole yet
  };

  End open() {
    End end;
    end.stream = &world_.open();
    return end;
  }

  End& pick() { return ends_[rng_.below(ends_.size())]; }

  CreateRequest random_request() {
    CreateRequest out;
    out.key = random_key(rng_);
    if (rng_.below(2) == 0) out.end = rng_.below(2) == 0 ? std::string(1, '\0') : "c";
    if (rng_.below(2) == 0)
      out.start_revision = static_cast<int64_t>(
          rng_.below(static_cast<uint64_t>(world_.history.current().value) + 4));
    out.prev_kv = rng_.below(3) == 0;
    out.no_put = rng_.below(6) == 0;
    out.no_delete = rng_.below(6) == 0;
    out.fragment = rng_.below(4) == 0;
    return out;
  }
  void create() {
    End& end = pick();
    if (end.watchers.size() > 8) return;
    end.asked.push_back(random_request());
    world_.hub.create(*end.stream->hub_stream, end.asked.back());
  }
  void cancel() {
    End& end = pick();
    if (end.watchers.empty()) return;
    const auto at = std::next(end.watchers.begin(),
                              static_cast<std::ptrdiff_t>(rng_.below(end.watchers.size())));
    world_.hub.cancel(*end.stream->hub_stream, at->first);
  }
  void stall() { pick().stream->stalled = true; }
  void drain() { world_.drain(*pick().stream); }
  void progress() { world_.hub.request_progress(*pick().stream->hub_stream); }
  void refuse() {
    if (!world_.slices.empty()) world_.refuse_slice();
    world_.advance(std::chrono::milliseconds(10));
  }
  void compact() {
    if (rng_.below(4) != 0) return;
    const int64_t low = std::max<int64_t>(world_.history.compacted().value, 1);
    const int64_t span = world_.history.current().value - low;
    if (span > 0)
      world_.compact(
          Revision(low + static_cast<int64_t>(rng_.below(static_cast<uint64_t>(span) + 1))));
  }
  // More than the inbox holds.
  void lag() {
    if (rng_.below(4) != 0) return;
    const std::string value(1500, 'v');
    for (int i = 0; i < 4; i++) {
      world_.history.apply({{random_key(rng_), value}}, true);
      world_.hand_out();
    }
  }
  void replace_stream() {
    if (rng_.below(8) != 0) return;
    End& end = pick();
    world_.close(*end.stream);
    end = open();
  }
  void write() {
    std::vector<FakeHistory::Change> changes;
    for (uint64_t i = 0, n = 1 + rng_.below(3); i < n; i++) {
      FakeHistory::Change change{random_key(rng_), std::nullopt};
      if (rng_.below(4) != 0) change.value = std::string(rng_.below(300), 'v');
      changes.push_back(std::move(change));
    }
    world_.history.apply(changes, rng_.below(4) != 0);
  }

  void check() {
    for (End& end : ends_)
      for (const Response& response : end.stream->take_all()) check(end, response);
  }

  void check(End& end, const Response& response) {
    if (response.created) return on_created(end, response);
    if (response.watch_id == -1) return on_progress(end, response);
    Expectation& e = end.watchers.at(response.watch_id);
    if (response.canceled) return on_canceled(end, e, response);
    ASSERT_FALSE(e.ended);
    ASSERT_FALSE(response.events.empty());
    end.highest_revision = std::max(end.highest_revision, response.events.back().mod_revision);
    end.parts.insert(end.parts.end(), response.events.begin(), response.events.end());
    if (response.fragment) return;
    on_events(e, std::exchange(end.parts, {}), response);
  }

  void on_created(End& end, const Response& response) {
    CreateRequest request = end.asked.front();
    end.asked.pop_front();
    if (response.canceled) {
      ASSERT_TRUE(request.end == "c" && request.key >= request.end);
      return;
    }
    Expectation& e = end.watchers[response.watch_id];
    e = {request, true, false, Revision(request.start_revision)};
    if (request.start_revision == 0) e.next = Revision(response.revision + 1);
  }

  void on_canceled(End& end, Expectation& e, const Response& response) {
    if (response.compact_revision > 0) {
      ASSERT_LT(e.next.value, response.compact_revision);
      ASSERT_FALSE(e.ended);
      e.ended = true;
      return;
    }
    end.watchers.erase(response.watch_id);
  }

  // Revisions from the last one seen to these: all of what was wanted, nothing else.
  void on_events(Expectation& e, const std::vector<SeenEvent>& events, const Response& response) {
    ASSERT_GE(response.revision, events.back().mod_revision);
    std::vector<SeenEvent> expected;
    const Revision last(events.back().mod_revision);
    ASSERT_LE(e.next, last);
    for (Revision r = std::max(e.next, Revision(2)); r <= last; r = r.next()) {
      const auto more = world_.history.expected(r, e.request);
      expected.insert(expected.end(), more.begin(), more.end());
    }
    ASSERT_EQ(events.size(), expected.size());
    for (size_t i = 0; i < events.size(); i++) ASSERT_TRUE(events[i] == expected[i]) << i;
    e.next = last.next();
  }

  void on_progress(End& end, const Response& response) {
    ASSERT_GE(response.revision, end.highest_revision);
    for (const auto& [id, e] : end.watchers) expect_nothing_between(e, Revision(response.revision));
  }

  void expect_nothing_between(const Expectation& e, Revision to) const {
    for (Revision r = std::max(e.next, Revision(2)); r <= to; r = r.next())
      ASSERT_TRUE(world_.history.expected(r, e.request).empty()) << "missing " << r.value;
  }

  SeededRng rng_;
  World world_;
  std::vector<End> ends_;
};

TEST(WatchModel, random_runs_keep_every_promise) {
  for (uint64_t seed = 1; seed <= 400; seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model model(seed);
    for (int i = 0; i < 400 && !::testing::Test::HasFatalFailure(); i++) model.step();
    if (!::testing::Test::HasFatalFailure()) model.finish();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace keelson::test
