// Inside of Raft: the state and its rules, one source file for each concern.
//   core.cc         start, ticks, terms and dispatch of messages
//   election.cc     votes asked and given, role changes
//   follower.cc     what a follower takes from its leader
//   leader.cc       proposals, answers, commit, quorum check, transfer
//   replication.cc  what the leader sends
//   reads.cc        linearizable reads
//   output.cc       bundles out, syncs in
//   invariants.cc   what must always hold
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "raft/log_view.h"
#include "raft/outbox.h"
#include "raft/progress.h"
#include "raft/quorum.h"
#include "raft/raft.h"
#include "raft/read_barrier.h"
#include "raft/sync_queue.h"

namespace keelson::raft {

struct Follower {
  MemberId leader;                        // nobody: not known
  std::vector<uint64_t> forwarded_reads;  // own reads that the leader has been asked
  Index answered;                         // the greatest index acknowledged to it, or about to be
};

struct PreCandidate {
  Tally tally;
};

struct Candidate {
  Tally tally;
  uint64_t own_vote_batch = 0;  // the own vote counts once this batch is durable; 0: counted
};

struct Leader {
  std::vector<Progress> peers;  // every other member, ids ascending
  Index term_start;             // the empty entry that began this leadership
  Index pending_conf;           // a configuration change may be unapplied up to here
  ReadBarrier reads;
  std::vector<ReadRequest> early_reads;  // asked before the first commit of the term
  MemberId transferee;
  int transfer_ticks = 0;
  bool yielding = false;  // a transfer has been tried because the own disk hangs
  int heartbeat_ticks = 0;
  bool news = true;  // something may have to be sent to a peer

  Progress* find(MemberId id);
};

// Tells voters that the leader itself wants this election.
inline constexpr std::string_view kTransferContext = "CampaignTransfer";

enum class Campaign : uint8_t { kPreVote, kElection, kTransfer };

struct Raft::Core {
  Core(Config config_in, Start start, Rng& rng_in);

  // core.cc
  void tick();
  void step(Message message);
  bool accept_term(const Message& m);
  bool accept_higher_term(const Message& m);
  void answer_lower_term(const Message& m);
  bool in_lease() const;
  void dispatch(Message m);
  bool follow(MemberId from);
  ConfState apply_conf_change(const ConfChange& change);
  MemberId leader() const;
  bool disk_is_stuck() const;
  Message message(MessageType type, MemberId to) const;
  // The greatest value that a majority of the voters has reached.
  template <typename ValueOf>
  uint64_t reached_by_majority(ValueOf value_of) {
    scratch.clear();
    for (const MemberId voter : conf.voters) scratch.push_back(value_of(voter));
    return majority_value(scratch);
  }
  bool committed_in_term(const Leader& l) const { return log.commit() >= l.term_start; }

  // election.cc
  void become_follower(Term new_term, MemberId new_leader);
  void become_leader();
  void enter_role(Term new_term);
  void campaign(Campaign kind);
  bool may_campaign() const;
  void ask_for_votes(Campaign kind);
  void on_vote_request(const Message& m);
  void on_vote_answer(const Message& m);
  void count_own_vote();
  void judge_pre_votes(const PreCandidate& candidate);
  void judge_votes(const Candidate& candidate);

  // follower.cc
  void on_append(Message m);
  void on_heartbeat(const Message& m);
  void on_snapshot(const Message& m);
  void install_snapshot(const SnapshotMeta& meta);
  void answer_append(MemberId to, Index index);
  void refuse_append(const Message& m);
  void forward(Message m);

  // leader.cc
  Status propose(std::vector<Entry> entries);
  Status append_as_leader(Leader& l, std::vector<Entry> entries);
  void on_proposal(Message m);
  bool admit_conf_change(const Leader& l) const;
  void on_append_answer(Leader& l, const Message& m);
  void on_append_accepted(Leader& l, Progress& peer, Index index);
  void on_heartbeat_answer(Leader& l, const Message& m);
  void advance_commit(Leader& l);
  void tick_leader(Leader& l);
  bool quorum_is_active(Leader& l);
  void start_transfer(Leader& l, MemberId to);
  void finish_transfer_if_ready(Leader& l, const Progress& peer);
  void on_transfer_message(Message m);
  bool keeps_leading_on_disk(Leader& l);
  MemberId best_successor(const Leader& l) const;
  void follow_conf(Leader& l);
  Progress new_peer(MemberId peer, Index next) const;
  void report_unreachable(MemberId peer);
  void report_snapshot(MemberId peer, bool ok);

  // replication.cc
  void send_news(Leader& l);
  void send_to_peer(Progress& peer);
  void replicate(Progress& peer);
  bool send_append(Progress& peer, bool with_entries);
  void send_snapshot(Progress& peer);
  void broadcast_heartbeat(Leader& l);
  void send_heartbeat(Progress& peer, const std::string& context);

  // reads.cc
  Status read_index(uint64_t read_id);
  void on_read_request(Leader& l, ReadRequest request);
  void forward_read(Follower& f, uint64_t read_id);
  void on_read_message(Message m);
  void on_read_answer(Follower& f, const Message& m);
  void start_read_round(Leader& l);
  void release_reads(Leader& l);
  void admit_early_reads(Leader& l);
  void answer_read(const ReadRequest& request);
  void drop_reads();

  // output.cc
  Output take_output();
  bool has_output() const;
  void fill_batch(Output& out);
  void synced(uint64_t batch);
  HardState hard_state() const { return {term, vote, log.commit()}; }
  bool promise_pending() const;
  // For messages that claim nothing durable; `durable` ones wait for the sync of what is now
  // pending.
  void send(Message m);
  void send_durable(Message m);
  uint64_t unsynced_bytes() const { return syncs.bytes() + log.untaken_bytes(); }

  void check_invariants() const;
  void check_leader(const Leader& l) const;

  const Config config;
  Rng& rng;
  Term term;
  MemberId vote;
  ConfState conf;
  LogView log;
  std::variant<Follower, PreCandidate, Candidate, Leader> role;
  uint64_t ticks = 0;
  int election_ticks = 0;    // since the leader was heard, or the last check of the quorum
  int election_timeout = 0;  // randomised

  Outbox outbox;
  SyncQueue syncs;
  HardState given;  // the state that the log thread has
  std::optional<SnapshotMeta> install;
  std::vector<ReadState> reads;
  std::vector<uint64_t> dropped_reads;
  std::vector<uint64_t> scratch;  // of reached_by_majority
  struct Shown {
    size_t role;
    Term term;
    MemberId leader;
    bool operator==(const Shown&) const = default;
  };
  Shown shown() const { return {role.index(), term, leader()}; }
  Shown last_shown;
};

}  // namespace keelson::raft
