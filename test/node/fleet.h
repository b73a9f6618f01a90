// Several whole members in one thread: one virtual time, a crash file system each, and a network
// that loses what the test says. Messages travel when the test steps.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/world.h"

namespace keelson::test {

class Fleet;

// The way out of one member.
class FleetPeers final : public node::Transport {
 public:
  FleetPeers(Fleet& fleet, size_t self) : fleet_(fleet), self_(self) {}
  void send(std::vector<raft::Message>&& messages) override;
  void send_snapshot(node::OutgoingSnapshot&& snapshot) override;
  void set_peers(std::vector<node::PeerAddress> peers) override { peers_ = std::move(peers); }
  void set_removed(std::vector<MemberId> removed) override { removed_ = std::move(removed); }
  void request(node::PeerRequest request, std::function<void(node::PeerReply)> done) override;
  TimePoint active_since(MemberId member) const override;

  const std::vector<node::PeerAddress>& peers() const { return peers_; }

 private:
  Fleet& fleet_;
  const size_t self_;
  std::vector<node::PeerAddress> peers_;
  std::vector<MemberId> removed_;
};

class Fleet {
 public:
  struct Machine {
    Machine(Fleet& fleet, size_t self) : peers(fleet, self) {}
    std::unique_ptr<CrashFileSystem> fs = std::make_unique<CrashFileSystem>();
    SeededRng rng{1};
    std::unique_ptr<Registry> metrics;
    ManualExecutor pool, persister;
    ManualLog log_writer;
    Inbox inbox;
    FleetPeers peers;
    node::Settings settings;
    node::BootSettings boot;
    bool removed = false;
    std::unique_ptr<io::File> lock;
    std::unique_ptr<node::Core> core;  // null: not running
  };

  // `catchup`: entries that stay in a leader's memory.
  explicit Fleet(size_t founders, uint64_t catchup = 5000) : catchup_(catchup) {
    std::vector<node::BootstrapMember> members;
    for (size_t i = 0; i < founders; ++i) members.push_back({name(i), {url(i)}});
    for (size_t i = 0; i < founders; ++i) add_machine(members);
    for (size_t i = 0; i < founders; ++i) start(i);
  }
  ~Fleet() {
    for (size_t i = 0; i < machines_.size(); ++i) stop(i);
  }

  static std::string name(size_t i) { return "m" + std::to_string(i); }
  static std::string url(size_t i) { return "http://10.0.0." + std::to_string(i + 1) + ":2380"; }

  size_t add_machine(std::vector<node::BootstrapMember> members) {
    const size_t i = machines_.size();
    machines_.push_back(std::make_unique<Machine>(*this, i));
    Machine& m = *machines_[i];
    m.rng = SeededRng(i + 1);
    m.settings.data_dir = "/data";
    m.settings.name = name(i);
    m.settings.catchup_entries = catchup_;
    m.settings.client_urls = {"http://10.0.0." + std::to_string(i + 1) + ":2379"};
    m.settings.on_removed = [&m] { m.removed = true; };
    m.boot.data_dir = "/data";
    m.boot.name = name(i);
    m.boot.cluster_token = "tok";
    m.boot.members = std::move(members);
    m.boot.segment_bytes = 1 << 20;
    m.boot.wal_helper_thread = false;
    return i;
  }

  void start(size_t i) {
    Machine& m = *machines_[i];
    m.metrics = std::make_unique<Registry>();
    auto booted = node::boot(*m.fs, m.boot, log_, *m.metrics);
    ASSERT_TRUE(booted.ok()) << booted.status().text();
    m.lock = std::move(booted->lock);
    node::Environment env{clock_, m.rng, log_, *m.metrics, *m.fs, m.pool, m.persister, m.peers};
    m.core = std::make_unique<node::Core>(env, m.settings, std::move(booted->opened), [] {});
    m.core->set_log_writer(&m.log_writer);
    ids_[m.core->facts().member] = i;
  }
  void stop(size_t i) {
    Machine& m = *machines_[i];
    m.core.reset();
    m.lock.reset();
    m.log_writer = ManualLog();
    m.pool = ManualExecutor();
    m.persister = ManualExecutor();
  }
  // The process dies and comes back with what the disk has.
  void crash(size_t i) {
    stop(i);
    machines_[i]->fs = machines_[i]->fs->kill_clone();
  }

  // No message gets from a to b, or back.
  void cut(size_t a, size_t b) { cuts_.insert({std::min(a, b), std::max(a, b)}); }
  void isolate(size_t i) {
    for (size_t other = 0; other < machines_.size(); ++other)
      if (other != i) cut(i, other);
  }
  void heal() { cuts_.clear(); }
  bool connected(size_t a, size_t b) const {
    return machines_[a]->core && machines_[b]->core &&
           !cuts_.contains({std::min(a, b), std::max(a, b)});
  }

  // Everything that can happen without time passing.
  void settle() {
    for (int quiet = 0; quiet < 2;) {
      bool moved = deliver();
      for (auto& machine : machines_) moved = step(*machine) || moved;
      quiet = moved ? 0 : quiet + 1;
    }
  }
  void advance(Duration by) {
    for (const TimePoint until = clock_.now() + by; clock_.now() < until;) {
      clock_.advance(std::min<Duration>(std::chrono::milliseconds(50), until - clock_.now()));
      settle();
    }
  }
  template <typename Wanted>
  bool advance_until(Wanted wanted, Duration most = std::chrono::seconds(30)) {
    for (const TimePoint until = clock_.now() + most; clock_.now() < until;) {
      if (wanted()) return true;
      advance(std::chrono::milliseconds(50));
    }
    return wanted();
  }
  bool all_ready() {
    return std::all_of(machines_.begin(), machines_.end(),
                       [](const auto& m) { return !m->core || m->core->ready(); });
  }
  // The running member that leads; machines_.size() when none or several do.
  size_t leader() const {
    size_t found = machines_.size();
    for (size_t i = 0; i < machines_.size(); ++i) {
      if (!machines_[i]->core) continue;
      const node::Facts facts = machines_[i]->core->facts();
      if (facts.leader != facts.member) continue;
      if (found != machines_.size()) return machines_.size();
      found = i;
    }
    return found;
  }
  MemberId id(size_t i) const {
    for (const auto& [member, at] : ids_)
      if (at == i) return member;
    return {};
  }

  template <typename What>
  uint64_t send(size_t i, What what) {
    node::Request request;
    request.to = {&machines_[i]->inbox, ++last_call_};
    request.started = clock_.now();
    request.what = std::move(what);
    std::vector<node::Request> batch;
    batch.push_back(std::move(request));
    machines_[i]->core->submit(std::move(batch));
    return last_call_;
  }
  // Sends to one member and lets time pass until it answers.
  template <typename What>
  node::Answer call(size_t i, What what, Duration most = std::chrono::seconds(20)) {
    send(i, std::move(what));
    std::vector<node::Answer> answers;
    advance_until(
        [&] {
          settle();
          answers = machines_[i]->inbox.take();
          return !answers.empty();
        },
        most);
    EXPECT_EQ(answers.size(), 1u);
    if (!answers.empty()) return std::move(answers.front());
    node::Answer nothing;
    nothing.status = Status(Code::kDeadlineExceeded, "no answer");
    return nothing;
  }
  node::Answer put(size_t i, std::string_view key, std::string_view value, int64_t lease = 0) {
    std::string body;
    wire::put_bytes(body, 1, key);
    wire::put_bytes(body, 2, value);
    wire::put_int(body, 3, lease);
    return call(i, node::Proposal{.field = 4, .body = body});
  }
  std::vector<std::string> values(size_t i, std::string_view key, std::string_view end = {}) {
    return World::values(
        call(i, node::RangeQuery{.key = std::string(key), .end = std::string(end)}).body);
  }

  Machine& machine(size_t i) { return *machines_[i]; }
  node::Core& core(size_t i) { return *machines_[i]->core; }
  FakeClock& clock() { return clock_; }

 private:
  friend class FleetPeers;
  struct Flight {
    size_t from, to;
    std::vector<raft::Message> messages;
  };

  bool deliver() {
    std::deque<Flight> now;
    now.swap(flights_);
    for (Flight& flight : now)
      if (connected(flight.from, flight.to))
        machines_[flight.to]->core->receive(std::move(flight.messages));
    return !now.empty();
  }
  static bool step(Machine& m) {
    if (!m.core) return false;
    bool moved = m.core->turn();
    moved = m.log_writer.step(m.core->log_file(), *m.core) || moved;
    while (m.core && m.pool.step()) moved = true;
    while (m.core && m.persister.step()) moved = true;
    return moved;
  }

  const uint64_t catchup_;
  FakeClock clock_;
  NullLog log_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::map<MemberId, size_t> ids_;
  std::set<std::pair<size_t, size_t>> cuts_;
  std::deque<Flight> flights_;
  uint64_t last_call_ = 0;
};

inline void FleetPeers::send(std::vector<raft::Message>&& messages) {
  std::map<size_t, std::vector<raft::Message>> by_target;
  for (raft::Message& message : messages)
    if (const auto to = fleet_.ids_.find(message.to); to != fleet_.ids_.end())
      by_target[to->second].push_back(std::move(message));
  for (auto& [to, batch] : by_target) fleet_.flights_.push_back({self_, to, std::move(batch)});
}

// At once, whole: the image appears as a file of the other machine.
inline void FleetPeers::send_snapshot(node::OutgoingSnapshot&& snapshot) {
  const MemberId target = snapshot.message.to;
  const auto to = fleet_.ids_.find(target);
  node::Core& self = *fleet_.machines_[self_]->core;
  if (to == fleet_.ids_.end() || !fleet_.connected(self_, to->second))
    return self.snapshot_sent(target, false);
  std::string bytes(snapshot.size, '\0');
  EXPECT_TRUE(snapshot.image->read_at(0, bytes).ok());
  Fleet::Machine& other = *fleet_.machines_[to->second];
  const std::string path =
      "/data/incoming-" + std::to_string(snapshot.message.snapshot.index.value);
  other.fs->set_content(path, bytes);
  other.core->receive_snapshot(std::move(snapshot.message), path, [&self, target](Status status) {
    self.snapshot_sent(target, status.ok());
  });
  if (snapshot.release) snapshot.release();
}

inline void FleetPeers::request(node::PeerRequest request,
                                std::function<void(node::PeerReply)> done) {
  const auto to = fleet_.ids_.find(request.to);
  node::PeerReply reply;
  if (to == fleet_.ids_.end() || !fleet_.connected(self_, to->second)) {
    reply.error = "no route";
  } else if (request.path == "/version") {
    reply.status = 200;
    reply.body = R"({"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"})";
  } else {
    reply.status = 404;
  }
  fleet_.machines_[self_]->pool.post([done = std::move(done), reply] { done(reply); });
}

inline TimePoint FleetPeers::active_since(MemberId member) const {
  const auto to = fleet_.ids_.find(member);
  const bool up = to != fleet_.ids_.end() && fleet_.connected(self_, to->second);
  return up ? TimePoint{} : TimePoint::max();
}

}  // namespace keelson::test
