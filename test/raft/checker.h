// Watches a cluster from outside and CHECKs what Raft promises (thesis figure 3.2) and what this
// implementation adds: a commit stands on synced disks, a read sees every commit known when it
// began.
#pragma once

#include <map>
#include <vector>

#include "raft/member.h"

namespace keelson::raft::test {

class Checker {
 public:
  // After every bundle of a member.
  void on_output(const std::vector<std::unique_ptr<Member>>& members, const Member& member,
                 const Output& out) {
    for (const Entry& entry : out.committed) commit(entry);
    if (out.install) ++installs_;
    for (const ReadState& read : out.reads) finish_read(read);
    for (const uint64_t id : out.dropped_reads) CHECK(reads_.erase(id) == 1);
    if (member.raft().role() == RoleKind::kLeader) check_leader(members, member);
  }
  // A read that begins now has to see every commit that any member knows of.
  void on_read(const std::vector<std::unique_ptr<Member>>& members, uint64_t id) {
    Index known;
    for (const auto& member : members) {
      if (member->up()) known = std::max(known, member->raft().commit());
    }
    CHECK(reads_.emplace(id, known).second);
  }
  void forget_read(uint64_t id) { reads_.erase(id); }
  uint64_t reads_answered() const { return reads_answered_; }
  uint64_t leaderships() const { return leaders_.size(); }
  uint64_t installs() const { return installs_; }
  const History& committed() const { return committed_; }

  // If two logs have an entry of one index and term, they are equal up to there.
  static void check_log_matching(const Member& a, const Member& b) {
    size_t i = std::min(a.mirror.size(), b.mirror.size());
    while (i > 0 && a.mirror[i - 1].term != b.mirror[i - 1].term) --i;
    while (i > 0) {
      --i;
      CHECK(a.mirror[i] == b.mirror[i]);
    }
  }

 private:
  void commit(const Entry& entry) {
    CHECK(entry.index.value <= committed_.size() + 1);
    if (entry.index.value <= committed_.size()) {
      CHECK(committed_[entry.index.value - 1] == entry);  // state machine safety
    } else {
      committed_.push_back(entry);
    }
  }
  void finish_read(const ReadState& read) {
    const auto it = reads_.find(read.id);
    CHECK(it != reads_.end());  // each id once
    CHECK(read.index >= it->second);
    reads_.erase(it);
    ++reads_answered_;
  }
  void check_leader(const std::vector<std::unique_ptr<Member>>& members, const Member& leader) {
    const auto [it, first] = leaders_.emplace(leader.raft().term(), leader.id());
    CHECK(it->second == leader.id());  // election safety
    Index& checked = checked_[leader.raft().term()];
    if (first) {
      check_completeness(leader);
      checked = leader.raft().commit();  // reached in older terms, under older configurations
    }
    if (leader.raft().commit() == checked) return;
    checked = leader.raft().commit();
    check_durable(members, leader, checked);
  }
  // Leader completeness: what is committed is in the log of every later leader.
  void check_completeness(const Member& leader) {
    CHECK(leader.mirror.size() >= committed_.size());
    for (size_t i = 0; i < committed_.size(); ++i) CHECK(leader.mirror[i] == committed_[i]);
  }
  void check_durable(const std::vector<std::unique_ptr<Member>>& members, const Member& leader,
                     Index commit) {
    const auto& voters = leader.raft().conf().voters;
    const Term term = leader.mirror[commit.value - 1].term;
    size_t holders = 0;
    for (const auto& member : members) {
      const bool votes = std::find(voters.begin(), voters.end(), member->id()) != voters.end();
      if (votes && member->durable.holds(commit, term)) ++holders;
    }
    CHECK(2 * holders > voters.size());
  }

  std::map<Term, MemberId> leaders_;
  std::map<Term, Index> checked_;
  std::map<uint64_t, Index> reads_;
  uint64_t reads_answered_ = 0;
  uint64_t installs_ = 0;
  History committed_;
};

}  // namespace keelson::raft::test
