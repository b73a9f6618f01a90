// The consensus machine: messages, ticks and proposals go in, one Output bundle comes out. Pure: no
// clock, file, socket, thread or global; the same inputs give the same outputs. After Ongaro's
// thesis
// ("Consensus: Bridging Theory and Practice", 2014) with the rules of etcd's dialect (reference
// peer.md section 5). One owner thread.
//
// Use, once a turn:   step()/tick()/propose()/read_index()*   then   take_output()
//   1. hand output.entries and output.hard_state to the log as one batch, numbered output.batch;
//   2. send output.messages now (they promise nothing durable);
//   3. when that batch is synced, call synced(batch), which releases what waited for it
//      (votes, append answers, own match) into the next output;
//   4. apply output.committed in order; report with applied().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/status.h"
#include "raft/types.h"

namespace keelson::raft {

struct Config {
  MemberId id;
  int election_ticks =
      10;  // randomised to [election_ticks, 2 * election_ticks - 1] per role change
  int heartbeat_ticks = 1;
  bool pre_vote = true;
  bool check_quorum = true;
  uint64_t append_bytes_max = 1024 * 1024;  // of encoded entries in one append, at least one entry
  uint32_t inflight_max = 512;              // appends under way to one follower
  uint64_t inflight_bytes_max = 64 * 1024 * 1024;
  uint64_t unsynced_bytes_max = 64 * 1024 * 1024;  // proposals are refused above
};

// What recovery found: the state of the store, then the log behind it.
struct Start {
  HardState hard;
  SnapshotMeta snapshot;       // everything up to here is in the store; term of that entry. conf is
                               // the store's, as of `applied`
  std::vector<Entry> entries;  // consecutive, first may lie at or before snapshot.index
  Index applied;               // >= snapshot.index: what the store holds
};

enum class RoleKind : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

struct ReadState {
  uint64_t id;  // as given to read_index()
  Index index;  // the read may be served once applied >= index
};

struct Output {
  uint64_t batch = 0;                   // 0 when there is nothing for the log
  std::vector<Entry> entries;           // append these (overwriting from entries.front().index)
  std::optional<HardState> hard_state;  // changed; must be synced with the batch when must_sync
  bool must_sync = false;               // false: a commit-only state, may ride with a later batch
  // A received snapshot to be installed before anything else: entries handed out before and not yet
  // applied are inside it. synced(batch) also says that it is durable; applied(its index) ends it.
  // hard_state.commit of that batch lies beyond the log on disk: never durable before the state is.
  std::optional<SnapshotMeta> install;
  // May leave at once. A kSnap carries the applied index; the sender may fill in a newer one.
  std::vector<Message> messages;
  std::vector<Entry> committed;  // to be applied, in order, each once
  std::vector<ReadState> reads;
  std::vector<uint64_t> dropped_reads;  // leader lost or changed: answer "leader changed"
  bool role_changed = false;            // role, term or leader differ from the last output
};

class Raft {
 public:
  // CHECKs that `start` is consistent (applied within the log, terms ascending).
  Raft(Config config, Start start, Rng& rng);
  ~Raft();
  Raft(Raft&&) noexcept;
  Raft& operator=(Raft&&) noexcept;

  void tick();
  // A message from a peer. Unknown, stale and malformed ones are ignored as peer.md 5.2 says.
  void step(Message message);
  // Starts an election now (a lone voter at start, or TimeoutNow); no effect on a leader or
  // learner.
  void campaign();
  // Appends to the own log as leader, or forwards as follower. Errors: Unavailable "etcdserver: no
  // leader"; Unavailable "raft proposal dropped" while leadership is being transferred or after
  // this leader has been removed; ResourceExhausted "etcdserver: too many requests" when too much
  // is unsynced. Nothing was appended then. A forwarded proposal may be lost without a word.
  Status propose(std::vector<Payload> data);
  Status propose_conf_change(
      Payload data);  // turned into an empty entry while another may be pending
  // One round serves every id that was asked before it left. The leader of a lone voter answers in
  // the next output (once its first entry is committed). Unavailable without a leader. Each id
  // comes back at most once, in reads or dropped_reads; neither when a forwarded request got lost
  // (ask again with a new id).
  Status read_index(uint64_t id);
  // Given up after an election timeout; meanwhile proposals are refused. A follower passes it on.
  void transfer_leader(MemberId to);

  Output take_output();
  bool has_output() const;
  // The batch with this number (and all before it) is on stable storage.
  void synced(uint64_t batch);
  // The entries up to `index` have taken effect.
  void applied(Index index);
  // A committed configuration change takes effect here, on every member alike.
  ConfState apply_conf_change(const ConfChange& change);
  // Entries up to `index` may be dropped from memory: the store holds them durably and no follower
  // needs them (catch-up distance is the caller's policy). Keeps the term at `index`.
  void compact(Index index);
  void report_unreachable(MemberId peer);
  void report_snapshot(MemberId peer, bool ok);

  RoleKind role() const;
  Term term() const;
  MemberId leader() const;  // nobody when unknown
  MemberId id() const;
  MemberId transferee() const;
  Index commit() const;
  Index applied() const;
  Index last_index() const;
  Index first_index() const;  // first entry still in memory
  Index stable_index() const;
  bool is_learner() const;
  bool in_lone_group() const;  // the only voter is this member
  const ConfState& conf() const;
  HardState hard_state() const;
  uint64_t unsynced_bytes() const;
  struct PeerProgress {
    MemberId id;
    Index match;
    Index next;
    bool recent_active;
    bool learner;
    bool snapshot_pending;
  };
  std::vector<PeerProgress> progress() const;  // of the other members; empty unless leader

  // CHECKs everything that must hold between two calls; tests call it after every step.
  void check_invariants() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace keelson::raft
