// One random run from one seed: a phase of trouble, whose kinds and odds the seed draws as well,
// then healing and a demand for progress.
#pragma once

#include <array>
#include <string>

#include "raft/cluster.h"

namespace keelson::raft::test {

class Chaos {
 public:
  Chaos(uint64_t seed, size_t founders)
      : rng_(seed), config_(draw_config()), cluster(founders, config_, seed) {
    for (uint32_t& weight : weights_) weight = rng_.below(3) == 0 ? 0 : 1 + pick(8);
    // Without these nothing happens at all.
    for (const Action a : {kDeliver, kTick, kSync, kApply, kPropose}) weights_[a] += 4;
    weights_[kDeliver] += 12;
    burst_ = 1 + pick(12);
  }

  void trouble(int steps) {
    for (int i = 0; i < steps; ++i) {
      step(draw_action());
      if (i % 32 == 0) check_logs();
    }
    check_logs();
  }

  // All members of the final configuration come back; then a proposal must get through everywhere.
  void recover() {
    cluster.heal();
    for (const auto& m : cluster.members) {
      if (!m->up()) cluster.boot(m->id());
    }
    for (int round = 0; round < 400; ++round) {
      cluster.tick_all();
      cluster.settle();
      retire_removed();
      if (round % 20 == 19 && cluster.leader() != MemberId()) {
        (void)cluster.propose(cluster.leader(), {payload("final")});
        cluster.settle();
      }
      if (is_done()) return;
    }
    CHECK(!"no progress after healing");
  }

  void check_logs() {
    for (size_t a = 0; a < cluster.members.size(); ++a) {
      for (size_t b = 0; b < a; ++b) {
        Checker::check_log_matching(*cluster.members[a], *cluster.members[b]);
      }
    }
  }

  uint32_t pick(size_t bound) { return static_cast<uint32_t>(rng_.below(bound)); }

 private:
  enum Action : uint8_t {
    kDeliver,
    kReorder,
    kDrop,
    kRepeat,
    kDelay,
    kTurn,
    kTick,
    kSync,
    kSyncOne,
    kApply,
    kPropose,
    kRead,
    kCrash,
    kBoot,
    kCut,
    kHeal,
    kTransfer,
    kChange,
    kPersist,
    kCompact,
    kUnreachable,
    kCampaign,
    kActions
  };

  Config draw_config() {
    Config config;
    config.id = MemberId(1);
    config.election_ticks = 3 + static_cast<int>(pick(4));
    config.pre_vote = pick(4) != 0;
    config.check_quorum = pick(4) != 0;
    config.append_bytes_max = pick(2) ? 64 : 4096;
    config.inflight_max = 1 + pick(6);
    config.inflight_bytes_max = pick(2) ? 100 : 100000;
    config.unsynced_bytes_max = pick(2) ? 200 : 100000;
    return config;
  }
  Action draw_action() {
    uint32_t sum = 0;
    for (const uint32_t weight : weights_) sum += weight;
    uint32_t at = pick(sum);
    for (size_t i = 0; i < kActions; ++i) {
      if (at < weights_[i]) return static_cast<Action>(i);
      at -= weights_[i];
    }
    return kTick;
  }
  bool up(MemberId id) { return cluster.member(id).up(); }
  Member* draw_up() {
    Member& m = *cluster.members[pick(cluster.members.size())];
    return m.up() ? &m : nullptr;
  }
  void step(Action action) {
    if (action <= kTurn) return step_network(action);
    if (action == kCut || action == kHeal) return step_links(action);
    if (action == kBoot) return step_boot();
    if (Member* m = draw_up()) step_member(action, *m);
  }
  void step_network(Action action) {
    auto& network = cluster.network;
    if (network.empty()) return;
    if (action == kTurn) return cluster.deliver_turn(any(), 1 + pick(6));
    if (action == kDelay) {
      std::rotate(network.begin(), network.begin() + 1, network.end());
      return;
    }
    if (action == kDeliver) {
      for (uint32_t i = pick(burst_) + 1; i > 0 && !network.empty(); --i) cluster.deliver(0);
      return;
    }
    const size_t at = pick(network.size());
    if (action == kReorder) return cluster.deliver(at);
    if (action == kRepeat) return network.push_back(network[at]);
    cluster.drop(at);
  }
  void step_links(Action action) {
    if (action == kHeal) return cluster.heal();
    const MemberId leader = cluster.leader();
    if (pick(3) == 0 && leader != MemberId()) return cluster.isolate(leader);
    if (pick(3) == 0) return cluster.isolate(any());
    cluster.cut.insert({any(), any()});
  }
  void step_boot() {
    for (const auto& m : cluster.members) {
      if (!m->up()) return cluster.boot(m->id(), Index(pick(20)));
    }
  }
  void step_member(Action action, Member& m) {
    const MemberId id = m.id();
    switch (action) {
      case kTick:
        if (pick(8) == 0) ticking_ = id;
        for (uint32_t n = 1 + pick(4); n > 0 && up(ticking_); --n) cluster.tick(ticking_);
        return;
      case kSync:
        return cluster.sync(id);
      case kSyncOne:
        return cluster.sync(id, 1);
      case kApply:
        return cluster.apply(id, 1 + pick(4));
      case kPropose:
        return propose(id);
      case kRead:
        return (void)cluster.read(id);
      case kCrash:
        return pick(4) == 0 ? cluster.crash(id, pick(4)) : void();
      case kTransfer:
        return transfer(m);
      case kChange:
        return pick(4) == 0 ? change(id) : void();
      case kPersist:
        return m.persist();
      case kCompact:
        return m.compact(pick(6));
      case kUnreachable:
        return m.raft().report_unreachable(any());
      case kCampaign:
        return pick(8) == 0 ? campaign(m) : void();
      default:
        return;
    }
  }
  MemberId any() { return MemberId(1 + pick(cluster.members.size())); }
  void propose(MemberId id) {
    std::vector<Payload> data(1 + pick(3));
    for (Payload& one : data) one = payload(std::to_string(++proposed_));
    (void)cluster.propose(id, std::move(data));
  }
  void transfer(Member& m) {
    m.raft().transfer_leader(any());
    cluster.pump(m.id());
  }
  void campaign(Member& m) {
    m.raft().campaign();
    cluster.pump(m.id());
  }
  void change(MemberId id) {
    ConfChange change{static_cast<ConfChangeType>(pick(4)), any()};
    const bool adds =
        change.type == ConfChangeType::kAddVoter || change.type == ConfChangeType::kAddLearner;
    if (adds && pick(2) == 0 && cluster.members.size() < 8) {
      change.node = MemberId(cluster.members.size() + 1);
      cluster.add(change.node);
      cluster.boot(change.node);
    }
    if (adds && removed_.contains(change.node)) return;  // an id never returns
    if (change.type == ConfChangeType::kRemove) removed_.insert(change.node);
    (void)cluster.change(id, change);
  }
  ConfState final_conf() const {
    ConfState conf;
    for (const Entry& entry : cluster.checker.committed()) {
      if (entry.type == EntryType::kConfChange) conf = changed(conf, decode(entry));
    }
    return conf;
  }
  // Who is not in the newest configuration stops, as its node would.
  void retire_removed() {
    const ConfState conf = final_conf();
    for (const auto& m : cluster.members) {
      if (m->up() && !has_member(conf, m->id()) && !m->applied.empty()) cluster.crash(m->id());
    }
  }
  bool is_done() {
    const History& committed = cluster.checker.committed();
    if (committed.empty() || committed.back().bytes() != "final") return false;
    const ConfState conf = final_conf();
    for (const auto& m : cluster.members) {
      if (!has_member(conf, m->id())) continue;
      if (m->applied.size() != committed.size()) return false;
    }
    return true;
  }

  SeededRng rng_;
  Config config_;
  std::array<uint32_t, kActions> weights_{};
  uint32_t burst_ = 1;
  MemberId ticking_{1};  // clocks drift: one member's runs for a while
  uint64_t proposed_ = 0;
  std::set<MemberId> removed_;

 public:
  Cluster cluster;
};

}  // namespace keelson::raft::test
