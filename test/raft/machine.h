// One machine under a test that plays all the others by hand: member 1 of the voters 1..n.
#pragma once

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "raft/log_view.h"
#include "raft/raft.h"
#include "raft/rng.h"

namespace keelson::raft::test {

inline Entry entry(uint64_t index, uint64_t term, std::string text = "x") {
  return {Term(term), Index(index), EntryType::kNormal,
          std::make_shared<const std::string>(std::move(text))};
}

// A log whose entries have the given terms.
inline std::vector<Entry> entries_of(std::vector<uint64_t> terms, uint64_t first = 1) {
  std::vector<Entry> entries;
  for (const uint64_t term : terms) entries.push_back(entry(first + entries.size(), term));
  return entries;
}

class Machine {
 public:
  explicit Machine(size_t voters, std::vector<uint64_t> terms = {}, HardState hard = {},
                   Config config = {})

      : rng_(std::make_unique<FixedRng>(0)), raft(make(voters, std::move(terms), hard, config)) {}

  // Takes the output; what it wants durable stays under way.
  Output take() {
    Output out = raft.take_output();
    raft.check_invariants();
    if (out.batch != 0) last_batch = out.batch;
    std::move(out.messages.begin(), out.messages.end(), std::back_inserter(sent));
    out.messages.clear();
    return out;
  }
  // Takes and syncs until nothing more comes.
  void run() {
    while (raft.has_output()) {
      take();
      sync();
    }
  }
  void sync() {
    raft.synced(last_batch);
    raft.check_invariants();
  }
  void step(Message m) {
    raft.step(std::move(m));
    raft.check_invariants();
  }
  void tick(int times = 1) {
    for (; times > 0; --times) {
      raft.tick();
      raft.check_invariants();
    }
  }
  // Everything sent so far of that kind, taken away.
  std::vector<Message> sent_of(MessageType type) {
    std::vector<Message> found;
    std::vector<Message> rest;
    for (Message& m : sent) (m.type == type ? found : rest).push_back(std::move(m));
    sent = std::move(rest);
    return found;
  }
  // The only one of that kind.
  Message only(MessageType type) {
    std::vector<Message> found = sent_of(type);
    CHECK(found.size() == 1);
    return found[0];
  }

  Message from(uint64_t peer, MessageType type) const {
    return from(peer, type, raft.term().value);
  }
  Message from(uint64_t peer, MessageType type, uint64_t term) const {
    Message m;
    m.type = type;
    m.from = MemberId(peer);
    m.to = raft.id();
    m.term = Term(term);
    return m;
  }
  Message append(uint64_t peer, uint64_t term, LogPosition previous, std::vector<Entry> entries,
                 uint64_t commit = 0) const {
    Message m = from(peer, MessageType::kApp, term);
    m.index = previous.index;
    m.log_term = previous.term;
    m.entries = std::move(entries);
    m.commit = Index(commit);
    return m;
  }
  Message accept(uint64_t peer, uint64_t index) const {
    Message m = from(peer, MessageType::kAppResp);
    m.index = Index(index);
    return m;
  }
  Message refuse(uint64_t peer, uint64_t index, uint64_t hint, uint64_t hint_term) const {
    Message m = accept(peer, index);
    m.reject = true;
    m.reject_hint = Index(hint);
    m.log_term = Term(hint_term);
    return m;
  }
  Message ask_vote(uint64_t peer, MessageType type, uint64_t term, LogPosition end) const {
    Message m = from(peer, type, term);
    m.index = end.index;
    m.log_term = end.term;
    return m;
  }
  Message vote(uint64_t peer, bool granted) const {
    Message m = from(peer, MessageType::kVoteResp);
    m.reject = !granted;
    return m;
  }
  // Wins an election with the help of the others.
  void lead() {
    raft.campaign();
    run();
    for (const MemberId voter : raft.conf().voters) {
      if (raft.role() != RoleKind::kPreCandidate) break;
      if (voter != raft.id())
        step(from(voter.value, MessageType::kPreVoteResp, raft.term().value + 1));
    }
    run();
    for (const MemberId voter : raft.conf().voters) {
      if (raft.role() != RoleKind::kCandidate) break;
      if (voter != raft.id()) step(vote(voter.value, true));
    }
    CHECK(raft.role() == RoleKind::kLeader);
  }
  // Leads, with the first entry of the term everywhere; nothing of that is left in `sent`.
  void lead_settled() {
    lead();
    run();
    for (const MemberId voter : raft.conf().voters) {
      if (voter != raft.id()) step(accept(voter.value, raft.last_index().value));
    }
    run();
    raft.applied(raft.commit());
    sent.clear();
  }
  void propose(std::string text) {
    CHECK(raft.propose({std::make_shared<const std::string>(std::move(text))}).ok());
  }

 private:
  Raft make(size_t voters, std::vector<uint64_t> terms, HardState hard, Config config) {
    Start start;
    for (size_t i = 1; i <= voters; ++i) start.snapshot.conf.voters.push_back(MemberId(i));
    start.entries = entries_of(terms);
    if (!terms.empty()) hard.term = std::max(hard.term, Term(terms.back()));
    start.hard = hard;
    config.id = MemberId(1);
    return Raft(config, std::move(start), *rng_);
  }

  std::unique_ptr<FixedRng> rng_;  // its address stays when the machine moves

 public:
  Raft raft;
  std::vector<Message> sent;
  uint64_t last_batch = 0;
};

inline LogPosition at(uint64_t index, uint64_t term) { return {Index(index), Term(term)}; }

}  // namespace keelson::raft::test
