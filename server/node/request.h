// What the client side asks of the node and gets back. A Request is made on a client loop, checked
// and decoded; the node takes ownership, and answers with encoded response messages to the call
// that asked.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/status.h"
#include "mvcc/store.h"
#include "watch/events.h"

namespace keelson::node {

using watch::EventBatch;
using watch::HistoryAnswer;
using watch::WatchSink;
using watch::WatchStart;

struct Answer;

// A client loop's mailbox. deliver() is called from any thread; all answers of a turn come in one
// call and cost the loop one wake-up.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void deliver(std::vector<Answer>&& answers) = 0;
};

struct ReplyTo {
  AnswerSink* sink = nullptr;
  uint64_t call_id = 0;  // unique for the life of the sink; stale ids are ignored there
};

struct Answer {
  uint64_t call_id = 0;
  uint32_t tag = 0;  // echo of Request::tag
  Status status;
  std::string body;  // encoded response message; empty unless status is ok
  // For answers that are not a response message (history chunks, watch creation, pins): see the
  // request type. Null otherwise.
  std::shared_ptr<void> object;
  bool last = true;  // false: more answers to the same request follow
};

// KV.Range as decoded; strings are owned because the request crosses threads.
struct RangeQuery {
  std::string key;
  std::string end;
  int64_t limit = 0;
  int64_t revision = 0;
  uint8_t sort_order = 0;   // etcdserverpb.RangeRequest.SortOrder
  uint8_t sort_target = 0;  // etcdserverpb.RangeRequest.SortTarget
  bool serializable = false;
  bool keys_only = false;
  bool count_only = false;
  int64_t min_mod_revision = 0;
  int64_t max_mod_revision = 0;
  int64_t min_create_revision = 0;
  int64_t max_create_revision = 0;
};

// Anything that goes through the log: `field` is the field number in InternalRaftRequest (put = 4,
// txn = 6, ...), `body` the encoded request message, canonical or checked to hold known fields
// only. The answer is the encoded response message of the RPC.
struct Proposal {
  uint32_t field = 0;
  std::string body;
  int64_t quota_cost = 0;  // > 0: refused with no-space when the quota would be crossed
  bool physical = false;   // Compact: answer after the removal is committed
};

// A Txn of direct ranges only: no log, one consistent state. `body` is the encoded TxnRequest.
struct ReadTxn {
  std::string body;
  bool serializable = false;
};

// KV.RangeStream: one answer per message; the next chunk leaves after RangeStreamMore (flow
// control).
struct RangeStreamOpen {
  RangeQuery query;
};
struct RangeStreamMore {};  // same call id
// The call ended early: frees pins and streams that the node keeps under this call id.
struct CallGone {};

// Lease.LeaseKeepAlive message, Lease.LeaseTimeToLive, Lease.LeaseLeases; answers are full
// responses.
// `from_peer`: another member asks in the name of its client, and only the leader may answer: once
// it has applied what is committed, or FailedPrecondition "not a primary lessor".
struct LeaseKeepAlive {
  LeaseId id;
  bool from_peer = false;
};
struct LeaseTimeToLive {
  LeaseId id;
  bool keys = false;
  bool from_peer = false;
};
struct LeaseLeases {};

struct MemberList {
  bool linearizable = false;
};
// Changes of the membership; answered with the RPC's response when this member has applied them.
struct MemberAdd {
  std::vector<std::string> peer_urls;
  bool learner = false;
};
struct MemberRemove {
  MemberId id;
};
struct MemberUpdate {
  MemberId id;
  std::vector<std::string> peer_urls;
};
struct MemberPromote {
  MemberId id;
  bool from_peer = false;  // not passed on: FailedPrecondition "etcdserver: not leader"
};
struct MaintenanceStatus {};
struct AlarmList {
  int32_t type = 0;  // 0 = all
};
struct Hash {};
struct HashKv {
  int64_t revision = 0;
};
struct Defragment {};
// Snapshot: the first answer tells nothing (empty body, last = false); each SnapshotMore gets one
// SnapshotResponse, the one with the SHA-256 has last = true.
struct SnapshotOpen {};
struct SnapshotMore {};
struct MoveLeader {
  MemberId target;
};
struct Downgrade {
  int32_t action = 0;
  std::string version;
};

// Watch creation needs the node's applied revision and a decision about the past, in order with the
// events that the node hands to this loop: the answer's object is a WatchStart.
struct WatchCreate {};
// One slice of the past, for one watcher; the answer's object is a HistoryAnswer.
struct WatchHistory {
  mvcc::HistoryQuery query;
};

// Waits until this member has confirmed leadership (or asked the leader) and applied up to there.
// For /readyz, /health and calls that only need the barrier. Answer: empty body.
struct ReadBarrier {};

struct Request {
  ReplyTo to;
  uint32_t tag = 0;
  // The time when the answer is of no use any more; the node also bounds it by its own budget (7
  // s).
  TimePoint deadline = TimePoint::max();
  TimePoint started;
  std::variant<std::monostate, RangeQuery, Proposal, ReadTxn, RangeStreamOpen, RangeStreamMore,
               CallGone, LeaseKeepAlive, LeaseTimeToLive, LeaseLeases, MemberList, MemberAdd,
               MemberRemove, MemberUpdate, MemberPromote, MaintenanceStatus, AlarmList, Hash,
               HashKv, Defragment, SnapshotOpen, SnapshotMore, MoveLeader, Downgrade, WatchCreate,
               WatchHistory, ReadBarrier>
      what;
};

// What health, version and metrics handlers may read from any thread, without asking the node
// thread.
struct Facts {
  MemberId member;
  ClusterId cluster;
  MemberId leader;
  Term term;
  Index committed;
  Index applied;
  Revision revision;
  bool learner = false;
  bool alarm_nospace = false;
  bool alarm_corrupt = false;
  bool downgrade_enabled = false;
  int64_t quota_left = INT64_MAX;  // a write that costs this much or more is refused with no-space
  std::string cluster_version;     // "3.7.0" or "not_decided"
  std::string storage_version;     // "3.7.0" or "unknown"
};

// The node as its clients see it. All methods may be called from any thread.
class Node {
 public:
  virtual ~Node() = default;
  // Takes all requests a loop gathered in a turn: one lock, one wake-up.
  virtual void submit(std::vector<Request>&& requests) = 0;
  virtual void add_watch_sink(WatchSink* sink) = 0;  // before serving
  // While any watcher wants previous values the node attaches those that are in memory.
  virtual void count_prev_kv_watchers(int delta) = 0;
  virtual Facts facts() const = 0;
  // JSON array of all members as this one has applied them, ascending by id.
  virtual std::string members_json() const = 0;
};

}  // namespace keelson::node
