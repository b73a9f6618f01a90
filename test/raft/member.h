// One member of a cluster in memory, for tests: the machine, a disk that keeps what has been
// synced, and a state machine that remembers what it has applied.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "raft/log_view.h"
#include "raft/membership.h"
#include "raft/raft.h"

namespace keelson::raft::test {

using History = std::vector<Entry>;  // entry i stands at position i - 1

inline Payload payload(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}
inline Payload encode(const ConfChange& change) {
  std::string text(1, static_cast<char>('0' + static_cast<int>(change.type)));
  put_u64be(text, change.node.value);
  return payload(std::move(text));
}
inline ConfChange decode(const Entry& entry) {
  CHECK(entry.bytes().size() == 9);
  return {static_cast<ConfChangeType>(entry.bytes()[0] - '0'),
          MemberId(get_u64be(entry.bytes().data() + 1))};
}

// A message on its way; a snapshot has its state beside it.
struct Packet {
  Message message;
  std::shared_ptr<const History> state;
  bool lost = false;  // it left over a link that was cut
};

// What survives a crash.
struct Durable {
  HardState hard;
  LogPosition base;  // the log begins behind it
  std::vector<Entry> log;
  History store;

  struct Batch {
    uint64_t number = 0;
    bool must_sync = false;
    std::vector<Entry> entries;
    std::optional<HardState> hard;
    std::optional<SnapshotMeta> install;
    std::shared_ptr<const History> state;
  };

  Index last() const { return base.index.plus(log.size()); }
  bool holds(Index index, Term term) const {
    if (index <= base.index || index.value <= store.size()) return true;
    return index <= last() && log[index.value - base.index.value - 1].term == term;
  }
  void write(const Batch& batch) {
    if (batch.install) {
      base = {batch.install->index, batch.install->term};
      log.clear();
      store = *batch.state;
    }
    if (!batch.entries.empty()) {
      CHECK(batch.entries.front().index <= last().next());
      log.resize(batch.entries.front().index.value - base.index.value - 1);
      log.insert(log.end(), batch.entries.begin(), batch.entries.end());
    }
    if (batch.hard) hard = *batch.hard;
    CHECK(hard.commit <= last());
  }
};

class Member {
 public:
  Member(Config config, std::unique_ptr<Rng> rng) : config_(config), rng_(std::move(rng)) {}

  // The first entries of a new cluster, as etcd writes them: one change for each voter.
  void found(const std::vector<MemberId>& voters) {
    for (const MemberId voter : voters) {
      const Index index = durable.last().next();
      durable.log.push_back(
          {Term(1), index, EntryType::kConfChange, encode({ConfChangeType::kAddVoter, voter})});
    }
    durable.hard = {Term(1), MemberId(), durable.last()};
  }

  // `base`: how much of the log before the store's index is kept in memory is free to choose.
  void boot(Index base = Index(UINT64_MAX)) {
    Start start;
    start.hard = durable.hard;
    start.applied = Index(durable.store.size());
    base = std::clamp(base, durable.base.index, start.applied);
    start.snapshot.index = base;
    start.snapshot.term = base.value == 0 ? Term() : durable.store[base.value - 1].term;
    for (const Entry& entry : durable.store) {
      if (entry.type == EntryType::kConfChange) {
        start.snapshot.conf = changed(start.snapshot.conf, decode(entry));
      }
    }
    start.entries = durable.log;
    applied = durable.store;
    mirror = durable.store;
    mirror.resize(durable.base.index.value);
    mirror.insert(mirror.end(), durable.log.begin(), durable.log.end());
    raft_.emplace(config_, std::move(start), *rng_);
  }
  // The first `kept` batches happen to have reached the disk.
  void crash(size_t kept = 0) {
    for (size_t i = 0; i < std::min(kept, queue.size()); ++i) durable.write(queue[i]);
    queue.clear();
    to_apply.clear();
    incoming.reset();
    installing.reset();
    raft_.reset();
  }

  bool up() const { return raft_.has_value(); }
  Raft& raft() { return *raft_; }
  const Raft& raft() const { return *raft_; }
  MemberId id() const { return config_.id; }

  void receive(const Packet& packet) {
    if (packet.message.type == MessageType::kSnap) incoming = packet.state;
    raft_->step(packet.message);
  }

  // Takes one bundle; messages go to `send`.
  Output take(const std::function<void(Packet)>& send) {
    Output out = raft_->take_output();
    CHECK((out.batch != 0) == (!out.entries.empty() || out.hard_state || out.install));
    CHECK(!out.must_sync || out.batch != 0);
    if (out.install) {
      installing = incoming;
      to_apply.clear();
      mirror = *incoming;
    }
    if (out.batch != 0) {
      queue.push_back({out.batch, out.must_sync, out.entries, out.hard_state, out.install,
                       out.install ? incoming : nullptr});
    }
    if (!out.entries.empty()) {
      mirror.resize(out.entries.front().index.value - 1);
      mirror.insert(mirror.end(), out.entries.begin(), out.entries.end());
    }
    to_apply.insert(to_apply.end(), out.committed.begin(), out.committed.end());
    for (const Message& m : out.messages) send_one(m, send);
    return out;
  }

  // The oldest `count` batches become durable.
  void sync(size_t count = SIZE_MAX) {
    uint64_t done = 0;
    for (; count > 0 && !queue.empty(); --count) {
      durable.write(queue.front());
      if (queue.front().install) finish_install();
      done = queue.front().number;
      queue.pop_front();
    }
    if (done != 0) raft_->synced(done);
  }

  bool may_apply() const { return !installing && !to_apply.empty(); }
  void apply_one() {
    Entry entry = std::move(to_apply.front());
    to_apply.pop_front();
    CHECK(entry.index.value == applied.size() + 1);
    if (entry.type == EntryType::kConfChange) raft_->apply_conf_change(decode(entry));
    raft_->applied(entry.index);
    applied.push_back(std::move(entry));
  }
  // Moves the store on disk forward, never beyond what the own log holds durably.
  void persist() {
    const uint64_t end = std::min<uint64_t>(applied.size(), raft_->stable_index().value);
    for (uint64_t i = durable.store.size(); i < end; ++i) durable.store.push_back(applied[i]);
  }
  void compact(uint64_t keep) {
    const uint64_t end = durable.store.size();
    if (installing || end <= keep) return;
    raft_->compact(Index(end - keep));
    drop_log(Index(end - keep));
  }

  Durable durable;
  std::deque<Durable::Batch> queue;  // written, not synced
  std::deque<Entry> to_apply;
  History applied;
  History mirror;  // the whole log as the machine has handed it out
  std::shared_ptr<const History> incoming;
  std::shared_ptr<const History> installing;

 private:
  void send_one(Message m, const std::function<void(Packet)>& send) {
    Packet packet;
    if (m.type == MessageType::kSnap) {
      CHECK(m.snapshot.index.value <= applied.size());
      const auto end = applied.begin() + static_cast<ptrdiff_t>(m.snapshot.index.value);
      packet.state = std::make_shared<const History>(applied.begin(), end);
    }
    packet.message = std::move(m);
    send(std::move(packet));
  }
  void finish_install() {
    if (!installing || installing->size() != durable.store.size()) return;  // a newer one follows
    applied = *installing;
    installing.reset();
    raft_->applied(Index(applied.size()));
  }
  void drop_log(Index index) {
    if (index <= durable.base.index) return;
    const size_t count = index.value - durable.base.index.value;
    durable.base = {index, durable.log[count - 1].term};
    durable.log.erase(durable.log.begin(), durable.log.begin() + static_cast<ptrdiff_t>(count));
  }

  Config config_;
  std::unique_ptr<Rng> rng_;
  std::optional<Raft> raft_;
};

}  // namespace keelson::raft::test
