// A cluster in memory under a network that does what the test says: in order, or with loss,
// repetition and reordering drawn from a seed. After each step the machine's invariants and the
// Checker run.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "raft/checker.h"

namespace keelson::raft::test {

class Cluster {
 public:
  using MakeRng = std::function<std::unique_ptr<Rng>(MemberId)>;

  Cluster(size_t founders, Config config, uint64_t seed, MakeRng make_rng = {})
      : config_(config), make_rng_(std::move(make_rng)) {
    if (!make_rng_) {
      make_rng_ = [seed](MemberId id) {
        return std::make_unique<SeededRng>(seed * 1000 + id.value);
      };
    }
    std::vector<MemberId> voters;
    for (size_t i = 1; i <= founders; ++i) voters.push_back(MemberId(i));
    for (const MemberId voter : voters) {
      add(voter);
      member(voter).found(voters);
      boot(voter);
      apply(voter);
    }
  }

  // A process with an empty log that waits for a leader.
  void add(MemberId id) {
    Config config = config_;
    config.id = id;
    members.push_back(std::make_unique<Member>(config, make_rng_(id)));
  }
  bool exists(MemberId id) const { return id.value >= 1 && id.value <= members.size(); }
  Member& member(MemberId id) { return *members.at(id.value - 1); }
  Raft& raft(uint64_t id) { return member(MemberId(id)).raft(); }

  void boot(MemberId id, Index base = Index(UINT64_MAX)) {
    member(id).boot(base);
    pump(id);
  }
  void crash(MemberId id, size_t kept = 0) {
    member(id).crash(kept);
    for (const uint64_t read : asked_[id]) checker.forget_read(read);
    asked_[id].clear();
  }
  void tick(MemberId id) {
    member(id).raft().tick();
    pump(id);
  }
  void sync(MemberId id, size_t count = SIZE_MAX) {
    member(id).sync(count);
    pump(id);
  }
  void apply(MemberId id, size_t count = SIZE_MAX) {
    // One at a time, so that the checker sees each configuration.
    for (; count > 0 && member(id).may_apply(); --count) {
      member(id).apply_one();
      pump(id);
    }
  }
  Status read(MemberId id) {
    const uint64_t read = ++last_read_;
    Status status = member(id).raft().read_index(read);
    if (!status.ok()) return status;
    checker.on_read(members, read);
    asked_[id].insert(read);
    pump(id);
    return status;
  }
  // Everything the machine has to say goes to disk queue, network and applier.
  void pump(MemberId id) {
    Member& m = member(id);
    m.raft().check_invariants();
    while (m.raft().has_output()) {
      const Output out = m.take([this](Packet p) { send(std::move(p)); });
      m.raft().check_invariants();
      checker.on_output(members, m, out);
      if (on_output) on_output(m, out);
    }
  }
  // Delivers and removes the packet; snapshots are reported to their sender.
  void deliver(size_t at) {
    const MemberId to = network.at(at).message.to;
    if (deliver_only(at)) pump(to);
  }
  // What has arrived for one member makes one turn, as in a real node.
  void deliver_turn(MemberId to, size_t count) {
    for (size_t at = 0; at < network.size() && count > 0;) {
      if (network[at].message.to != to) {
        ++at;
        continue;
      }
      deliver_only(at);
      --count;
    }
    if (member(to).up()) pump(to);
  }
  void drop(size_t at) {
    const Packet packet = remove(at);
    if (packet.message.type == MessageType::kSnap) report_snapshot(packet.message, false);
  }
  bool reaches(const Message& m) const { return exists(m.to) && !cut.contains({m.from, m.to}); }
  // Both ways.
  void separate(MemberId a, MemberId b) {
    cut.insert({a, b});
    cut.insert({b, a});
  }
  void isolate(MemberId id) {
    for (const auto& other : members) {
      if (other->id() != id) separate(id, other->id());
    }
  }
  void heal() { cut.clear(); }

  // Runs disks, appliers and network in order until nothing moves.
  void settle() {
    bool moved = true;
    while (moved) {
      moved = !network.empty();
      while (!network.empty()) deliver(0);
      for (const auto& m : members) {
        if (!m->up() || (m->queue.empty() && !m->may_apply())) continue;
        moved = true;
        sync(m->id());
        apply(m->id());
      }
    }
  }
  void tick_all() {
    for (const auto& m : members) {
      if (m->up()) tick(m->id());
    }
  }
  // Nobody when there is none or more than one that has not heard of the other.
  MemberId leader() const {
    MemberId found;
    Term term;
    for (const auto& m : members) {
      if (!m->up() || m->raft().role() != RoleKind::kLeader || m->raft().term() < term) continue;
      found = m->id();
      term = m->raft().term();
    }
    return found;
  }
  void elect(MemberId id) {
    raft(id.value).campaign();
    pump(id);
    settle();
    CHECK(leader() == id);
  }
  Status propose(MemberId id, std::vector<Payload> data) {
    const Status status = raft(id.value).propose(std::move(data));
    pump(id);
    return status;
  }
  Status change(MemberId id, ConfChange change) {
    const Status status = raft(id.value).propose_conf_change(encode(change));
    pump(id);
    return status;
  }

  std::vector<std::unique_ptr<Member>> members;  // id i stands at position i - 1
  std::vector<Packet> network;
  std::set<std::pair<MemberId, MemberId>> cut;  // from, to
  Checker checker;
  std::function<void(const Member&, const Output&)> on_output;

 private:
  // A cut link takes nothing more; what is on its way arrives.
  void send(Packet packet) {
    packet.lost = !reaches(packet.message);
    if (packet.lost && packet.message.type != MessageType::kSnap) return;
    network.push_back(std::move(packet));
  }
  bool deliver_only(size_t at) {
    const Packet packet = remove(at);
    const MemberId to = packet.message.to;
    const bool ok = !packet.lost && member(to).up();
    if (ok) {
      member(to).receive(packet);
      member(to).raft().check_invariants();
    }
    if (packet.message.type == MessageType::kSnap) report_snapshot(packet.message, ok);
    return ok;
  }
  Packet remove(size_t at) {
    Packet packet = std::move(network.at(at));
    network.erase(network.begin() + static_cast<ptrdiff_t>(at));
    return packet;
  }
  void report_snapshot(const Message& m, bool ok) {
    if (!member(m.from).up()) return;
    member(m.from).raft().report_snapshot(m.to, ok);
    pump(m.from);
  }

  Config config_;
  MakeRng make_rng_;
  uint64_t last_read_ = 0;
  std::map<MemberId, std::set<uint64_t>> asked_;
};

}  // namespace keelson::raft::test
