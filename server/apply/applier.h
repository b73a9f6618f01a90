// One committed entry -> its effect on the state, the answer, the events. The only writer of the
// store, leases, membership and alarms; deterministic: no clock, randomness, map order, local flag
// or I/O result decides anything in it. What it cannot decode or does not know ends the process,
// because going on would make this member differ from the others (reference peer.md sections 6.2
// and 6.4). Owner: the node thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apply/alarms.h"
#include "apply/deletion.h"
#include "apply/membership.h"
#include "apply/range.h"
#include "apply/requests.h"
#include "apply/response.h"
#include "base/metrics.h"
#include "lease/lessor.h"
#include "mvcc/store.h"

namespace keelson::apply {

struct State {
  mvcc::Store& store;
  lease::Lessor& lessor;
  Membership& membership;
  Alarms& alarms;
};

struct Settings {
  int learners_max = 1;
  // Local size check: decides only the answer and the alarm that this member raises for itself.
  std::function<bool(int64_t cost)> quota_allows;
};

// Counters of operations, as etcd names them.
struct ApplyMetrics {
  explicit ApplyMetrics(Registry& registry);
  Counter& puts;
  Counter& deletes;
  Counter& ranges;
  Counter& txns;
};

struct Applied {
  uint64_t request_id = 0;  // 0: nobody waits (a leader's empty entry)
  Status status;
  std::string body;            // encoded response of the RPC, when status is ok
  bool quota_crossed = false;  // applied, but the answer is no-space once the alarm went through
  std::optional<Revision> compacted;  // a Compaction took effect
  bool cluster_changed = false;       // version, attributes or downgrade changed
};

// What a configuration change entry asks for.
struct ConfEntry {
  uint64_t request_id = 0;
  uint8_t type = 0;  // 0 add, 1 remove, 2 update, 3 add learner
  MemberId node;
  std::string_view context;
};
bool decode(std::string_view in, ConfEntry& out);
std::string encode(const ConfEntry& in);

struct AppliedConf {
  uint64_t request_id = 0;
  Status status;  // refused: the entry changes nothing, raft is told node 0
  MemberId node;
};

class Applier {
 public:
  Applier(State state, Settings settings, Registry& metrics);

  // Decodes the entry and names the rows whose values must be in memory first (fetch and supply()
  // them).
  void begin(Index index, Term term, std::string_view data, std::vector<Seq>& missing);
  void supply(Seq seq, mvcc::Record value);
  // Takes effect and gives the answer; `facts` fill the header. Empty: the slice is over and the
  // entry half done; call again, and let nobody read the index or the leases until then. Null: no
  // slices.
  std::optional<Applied> execute(const HeaderFacts& facts, const Slice* slice);
  // Between two slices of an entry.
  bool busy() const { return deletion_.has_value(); }
  // An entry without data, or one that is neutralised: only the index moves.
  void execute_empty(Index index, Term term);
  AppliedConf execute_conf(Index index, Term term, std::string_view data);

  // ReadTxn: the same walk without an entry. Seqs of values not in memory go to `missing`.
  Result<std::string> read_txn(const TxnView& txn, const HeaderFacts& facts,
                               std::vector<Seq>& missing);
  ApplyMetrics& metrics() { return metrics_; }

 private:
  using Handler = Applied (Applier::*)(const HeaderFacts&);
  Handler handler_of(uint32_t number) const;
  Status refused_by_alarm() const;

  Applied apply_put(const HeaderFacts& facts);
  Applied apply_delete(const HeaderFacts& facts);
  Applied apply_txn(const HeaderFacts& facts);
  Applied apply_range(const HeaderFacts& facts);
  Applied apply_compaction(const HeaderFacts& facts);
  Applied apply_lease_grant(const HeaderFacts& facts);
  Applied apply_lease_revoke(const HeaderFacts& facts);
  Applied apply_lease_checkpoint(const HeaderFacts& facts);
  Applied apply_alarm(const HeaderFacts& facts);
  Applied apply_cluster_version(const HeaderFacts& facts);
  Applied apply_member_attributes(const HeaderFacts& facts);
  Applied apply_downgrade(const HeaderFacts& facts);
  Applied apply_nothing(const HeaderFacts& facts);

  // Values: memory first, then what was supplied, then (rare: an earlier operation of the same
  // transaction moved a limit) a read on the spot.
  std::string_view value(Seq seq);
  bool in_memory(Seq seq) const;
  void want(Seq seq, std::vector<Seq>& missing) const;
  void want_range(const RangeView& range, std::vector<Seq>& missing) const;
  void want_prev(std::string_view key, std::vector<Seq>& missing) const;
  void want_txn(const TxnView& txn, std::vector<Seq>& missing);
  void want_compares(const TxnView& txn, std::vector<Seq>& missing) const;

  // Key-space operations inside an entry; each appends its response message's fields to `out`.
  Status check_put(const PutView& put) const;
  Status check_range(const RangeView& range) const;
  void do_put(const PutView& put, std::string& out);
  void do_delete(const DeleteView& del, std::string& out);
  void do_range(const RangeView& range, std::string& out);
  Deletion::Before keep_previous(const DeleteView& del, std::string& out);
  Applied finish_deletion(const HeaderFacts& facts);
  void finish_revoke();

  // Transactions (txn.cc). Paths are fixed against the state before anything runs.
  struct Path {
    const TxnView* txn;
    bool taken;
    std::vector<Path> nested;  // of the taken branch's transactions, in order
  };
  Path choose(const TxnView& txn);
  bool holds(const CompareView& compare);
  bool holds_for(const CompareView& compare, const mvcc::KeyMeta* meta, std::string_view key);
  Status check_path(const Path& path);
  void run_path(const Path& path, std::string& out);
  void run_op(const OpView& op, const Path& path, size_t& nested, std::string& out);

  State state_;
  Settings settings_;
  ApplyMetrics metrics_;
  Index index_;
  Term term_;
  EnvelopeView envelope_;
  PutView put_;
  DeleteView delete_;
  RangeView range_;
  TxnView txn_;
  std::unordered_map<Seq, mvcc::Record> supplied_;
  std::optional<Deletion> deletion_;  // of a DeleteRange or LeaseRevoke that is under way
  std::string deletion_prev_;         // the previous values that its answer carries
  LeaseId revoked_;
};

// True when any branch at any depth holds a put: what the NOSPACE alarm refuses.
bool has_put(const TxnView& txn);
// Sum of put costs of the dearer branch, nested ones included (errors.md section 8).
int64_t quota_cost(const TxnView& txn);
int64_t quota_cost(const PutView& put);
inline constexpr int64_t kLeaseGrantCost = 64;

}  // namespace keelson::apply
