// The node: one raft member with its log, state and leases, written without threads. Clients submit
// requests from any thread; turn() does everything else and is called by one thread at a time
// (production: node_thread.h; the simulator: its own step). A turn takes all that is waiting as one
// batch: one log batch, one pass of apply, one delivery of answers a client loop (reference
// design.md sections 3, 6-9).
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apply/applier.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "io/fs.h"
#include "lease/lessor.h"
#include "mvcc/store.h"
#include "node/answers.h"
#include "node/auto_compactor.h"
#include "node/log_keep.h"
#include "node/log_writer.h"
#include "node/pending.h"
#include "node/request.h"
#include "node/transport.h"
#include "node/versions.h"
#include "raft/raft.h"
#include "wal/wal.h"

namespace keelson::node {

// What the outside world is to a node. Everything must outlive it.
struct Environment {
  const Clock& clock;
  Rng& rng;
  Log& log;
  Registry& metrics;
  io::FileSystem& fs;
  Executor& pool;       // reads, hashes, images
  Executor& persister;  // one job at a time: the writing SQLite connection
  Transport& transport;
};

struct Settings {
  std::string data_dir;
  std::string name;
  std::vector<std::string> client_urls;
  Duration heartbeat = std::chrono::milliseconds(100);
  Duration election = std::chrono::milliseconds(1000);
  bool pre_vote = true;
  int64_t quota_bytes = int64_t{2} << 30;
  uint64_t request_bytes_max = 1572864;
  int learners_max = 1;
  AutoCompactor::Mode auto_compaction = AutoCompactor::Mode::kOff;
  Duration auto_compaction_retention{0};
  int64_t auto_compaction_revisions = 0;
  Duration warning_apply_duration = std::chrono::milliseconds(100);
  bool stop_service_on_defrag = false;
  bool strict_reconfig_check = true;
  bool election_tick_advance = true;
  uint64_t catchup_entries = 5000;  // of the applied log kept in memory for followers
  // Called once, in a turn, when this member has been removed from the cluster and should end.
  std::function<void()> on_removed;
  std::string version = "3.7.1";          // of the API
  std::string cluster_version = "3.7.0";  // what this member can do
};

// What recovery (bootstrap.h) hands over.
struct Opened {
  wal::Identity identity;
  std::unique_ptr<wal::Wal> wal;
  std::unique_ptr<mvcc::Store> store;  // taken out by the Core
  mvcc::Loaded loaded;
  wal::Recovered recovered;
  std::vector<PeerAddress> remotes;  // of a member that joins: who is there already
};

struct NodeMetrics;

class Core final : public Node, public PeerSink {
 public:
  // `wake` makes the owner call turn() soon, or calls it; called from any thread, not in a turn.
  Core(Environment env, Settings settings, Opened opened, std::function<void()> wake);
  ~Core() override;

  // ---- any thread
  // --------------------------------------------------------------------------------
  void submit(std::vector<Request>&& requests) override;
  void add_watch_sink(WatchSink* sink) override;
  void count_prev_kv_watchers(int delta) override;
  Facts facts() const override;
  std::string members_json() const override;
  // From the log writer. True: a turn is wanted, and nobody else was asked for it yet.
  bool log_synced(uint64_t batch);
  void receive(std::vector<raft::Message>&& messages) override;
  void unreachable(MemberId member) override;
  void snapshot_sent(MemberId member, bool ok) override;
  void receive_snapshot(raft::Message&& message, std::string path,
                        std::function<void(Status)> done) override;
  void told_removed() override;
  // Refuses new work from the next turn on; in-flight proposals still get their answers.
  void stop();
  // A leader asks the voter that has been connected longest to take over; facts().leader tells when
  // it has.
  void hand_over();
  // True once this member has published itself: clients may be served.
  // There are other voters, as of the last change of the membership.
  bool others() const { return others_.load(std::memory_order_acquire); }
  bool ready() const { return ready_.load(std::memory_order_acquire); }
  wal::Wal& log_file() { return *opened_.wal; }

  // ---- one thread at a time
  // -------------------------------------------------------------------------
  void set_log_writer(LogWriter* writer) { log_writer_ = writer; }
  // True: call again at once, there is more to do.
  bool turn();
  TimePoint next_deadline() const;
  void check_invariants() const;

 private:
  // core.cc: the turn
  struct Taken {
    std::vector<Request> requests;
    std::vector<std::function<void()>> done;
    std::vector<raft::Message> messages;
  };
  Taken take_inbox();
  void tick_if_due();
  void campaign_if_alone();
  void run_raft();
  void hand_to_log(raft::Output& output);
  void role_changed();
  void publish_facts();
  void post_done(std::function<void()> work);  // any thread: runs in the next turn

  // propose.cc: writes
  void on_proposal(Request&& request, Proposal&& proposal);
  Status admit(const Proposal& proposal);
  void propose(Waiting waiting, uint32_t field, std::string_view body);
  void propose_own(uint32_t field, std::string_view body);
  void flush_proposals();
  void flush_conf_proposals();
  Status timed_out(TimePoint started) const;
  void raise_alarm(int32_t type);
  void expire_pending();
  void publish_self();
  void expire_leases();
  void auto_compact();

  // applying.cc: committed entries
  bool apply_committed(TimePoint deadline);
  enum class Step { kDone, kSliceOver, kWaits };
  Step apply_one(const raft::Entry& entry, const apply::Slice& slice);
  bool begin_entry(const raft::Entry& entry);
  void observe_apply(const raft::Entry& entry, bool ok);
  void apply_conf(const raft::Entry& entry);
  void fetch_for_apply(std::vector<Seq> missing);
  void finish_entry(const raft::Entry& entry, apply::Applied&& applied);
  void answer_waiting(Waiting&& waiting, apply::Applied&& applied);
  void gather_events();
  void flush_events();
  void start_compaction_hash(const raft::Entry& entry);

  // peers.cc
  void step_messages(std::vector<raft::Message>& messages);
  void send_messages(std::vector<raft::Message>&& messages);
  void update_peers();
  void say_members();
  void take_head_start(TimePoint now);
  void ask_reads_again(TimePoint now);
  void leave(const std::string& why);
  void leave_if_due(TimePoint now);

  // peer_snapshot.cc
  struct Replica;
  struct Outgoing;
  struct Incoming;
  void start_peer_snapshot(raft::Message&& message);
  void make_peer_image(std::shared_ptr<Outgoing> out);
  void send_peer_snapshot(std::shared_ptr<Outgoing> out);
  void peer_snapshot_failed(const Outgoing& out, const Status& status);
  void start_receiving(raft::Message&& message, std::string path, std::function<void(Status)> done);
  static Status take_image(const Environment& env, Incoming& in);
  void image_taken(const std::shared_ptr<Incoming>& in, const Status& status);
  void begin_install(const raft::SnapshotMeta& meta, LogBatch& batch);
  void finish_install();
  void drop_old_tasks();
  void forget_old_stores();
  std::unique_ptr<Replica> make_replica(std::shared_ptr<mvcc::Store> state,
                                        const mvcc::Loaded& loaded);
  // Half an entry is applied, or another state is about to take this one's place.
  bool state_moves() const { return applier().busy() || installing_; }

  // members.cc
  size_t connected_voters(TimePoint since) const;
  Status may_add(const apply::Member& member) const;
  Status may_remove(MemberId id) const;
  Status may_promote(MemberId id) const;
  void on_member_add(Request&& request, const MemberAdd& what);
  void on_member_remove(Request&& request, const MemberRemove& what);
  void on_member_update(Request&& request, const MemberUpdate& what);
  void on_member_promote(Request&& request, const MemberPromote& what);
  void propose_conf(Request&& request, uint8_t type, MemberId node, std::string context);
  void say_conf(const apply::ConfEntry& conf);
  void answer_conf(const Request& request, const apply::ConfEntry& conf);
  static std::string encode_member(const apply::Member& member);

  // forward.cc
  struct Forward {
    Request request;
    std::string path;
    std::string body;
    TimePoint until;
    std::function<bool(const Request&, const PeerReply&)> finish;  // false: ask again
  };
  void forward_keep_alive(Request&& request, LeaseId id);
  void forward_time_to_live(Request&& request, const LeaseTimeToLive& what);
  static void append_time_to_live(std::string_view reply, std::string& body);
  void forward_promote(Request&& request, MemberId id);
  void start_forward(Request&& request, std::shared_ptr<Forward> forward);
  void ask_leader(const std::shared_ptr<Forward>& forward);
  void retry_forwards(TimePoint now);

  // versions.cc
  void decide_cluster_version();
  void version_answered(VersionPoll& poll, const PeerReply& reply);
  void propose_version(const std::string& version);

  // reads.cc
  void on_read(Request&& request, bool linearizable);
  void flush_reads();
  void serve_ready_reads();
  void serve(Request&& request);
  bool serve_single_key(const Request& request, const RangeQuery& query);
  struct RangeTask;
  void start_range(Request&& request, RangeQuery&& query);
  bool step_range(std::shared_ptr<RangeTask> task, TimePoint deadline);
  void finish_range(std::shared_ptr<RangeTask> task);
  void serve_read_txn(Request&& request, bool second_try);
  bool step_range_tasks(TimePoint deadline);
  struct StreamTask;
  void open_stream(Request&& request, RangeQuery&& query);
  void next_stream_chunk(Request&& request);
  // streams.cc
  bool step_streams(TimePoint deadline);
  static void set_count(StreamTask& task, int64_t count);
  bool step_count(StreamTask& task, TimePoint deadline);
  bool collect_ahead(StreamTask& task, TimePoint deadline);
  void read_ahead(const std::shared_ptr<StreamTask>& task);
  void send_chunk(const std::shared_ptr<StreamTask>& task);
  void fail_stream(StreamTask& task, const Status& status);

  // leases.cc
  void on_keep_alive(Request&& request, const LeaseKeepAlive& what);
  void await_applied(Request&& request);
  void answer_for_peer(Request&& request);
  void answer_keep_alive(const Request& request, LeaseId id, int64_t ttl_s);
  void on_time_to_live(Request&& request, const LeaseTimeToLive& what);
  void answer_time_to_live(const Request& request, const LeaseTimeToLive& what);
  void on_leases(const Request& request);

  // maintenance.cc
  void on_member_list(const Request& request);
  void on_status(const Request& request);
  void on_alarm_list(const Request& request, const AlarmList& what);
  void on_move_leader(const Request& request, const MoveLeader& what);
  void on_downgrade(Request&& request, const Downgrade& what);
  void on_hash(Request&& request);
  void on_hash_kv(Request&& request, const HashKv& what);
  struct HashTask;
  bool step_hashes(TimePoint deadline);
  void finish_hash(const std::shared_ptr<HashTask>& task, const Result<mvcc::HashResult>& result);
  void on_watch_history(Request&& request, WatchHistory&& what);

  // snapshot.cc
  void on_snapshot(Request&& request);
  void start_image(Request&& request);
  void on_snapshot_more(Request&& request);
  void on_defragment(Request&& request);
  void start_shrink();
  void shrink_built(std::unique_ptr<mvcc::Store::ShrinkJob> job);
  void finish_defragment(const Status& status);

  // persist.cc
  void schedule_persist();
  void run_persist(std::unique_ptr<mvcc::Store::PersistJob> job);
  void persist_done(std::unique_ptr<mvcc::Store::PersistJob> job);
  bool step_compaction(TimePoint deadline);
  void finish_compaction();

  void dispatch(Request&& request);
  bool must_wait(const Request& request) const;
  bool dispatch_stream(Request& request);
  bool dispatch_question(const Request& request);
  void dispatch_maintenance(Request&& request);
  bool dispatch_to_leader(Request& request);
  bool quota_allows(int64_t cost) const;
  apply::HeaderFacts header() const;
  bool leads() const { return raft_.role() == raft::RoleKind::kLeader; }
  uint64_t unapplied() const { return raft_.commit().value - raft_.applied().value; }

  const Environment env_;
  const Settings settings_;
  const std::function<void()> wake_;
  Opened opened_;
  std::unique_ptr<NodeMetrics> metrics_;
  raft::Raft raft_;
  // What the log has made; an installed snapshot replaces it as one.
  struct Replica {
    Replica(std::shared_ptr<mvcc::Store> state, int64_t ttl_s_min, const Environment& env,
            apply::Settings settings);
    std::shared_ptr<mvcc::Store> store;
    lease::Lessor lessor;
    apply::Membership membership;
    apply::Alarms alarms;
    apply::Applier applier;
  };
  std::unique_ptr<Replica> replica_;
  mvcc::Store& store() const { return *replica_->store; }
  lease::Lessor& lessor() const { return replica_->lessor; }
  apply::Membership& membership() const { return replica_->membership; }
  apply::Alarms& alarms() const { return replica_->alarms; }
  apply::Applier& applier() const { return replica_->applier; }
  AutoCompactor auto_compactor_;
  LogWriter* log_writer_ = nullptr;

  // ---- inbox
  // -------------------------------------------------------------------------------------
  Mutex inbox_mutex_;
  std::vector<Request> inbox_ GUARDED_BY(inbox_mutex_);
  std::vector<std::function<void()>> inbox_done_ GUARDED_BY(inbox_mutex_);
  bool inbox_woken_ GUARDED_BY(inbox_mutex_) = false;
  uint64_t inbox_synced_ GUARDED_BY(inbox_mutex_) = 0;
  std::vector<raft::Message> inbox_messages_ GUARDED_BY(inbox_mutex_);

  // ---- owned by the turn
  // ------------------------------------------------------------------
  Answers answers_;
  Pending pending_;
  std::vector<raft::Payload> proposals_;
  std::vector<uint64_t> proposal_ids_;  // who waits for each of them
  size_t proposal_bytes_ = 0;
  std::vector<std::pair<uint64_t, raft::Payload>> conf_proposals_;
  std::deque<raft::Entry> committed_;  // to be applied
  bool apply_waits_ = false;           // for values from disk
  bool entry_begun_ = false;           // committed_.front() was decoded
  TimePoint entry_started_{};          // when its first slice was
  std::vector<Request> held_;          // until it is whole
  std::vector<Request> reads_;         // of this turn, for one round
  struct ReadRound {
    TimePoint asked;
    std::vector<Request> requests;
  };
  std::map<uint64_t, ReadRound> read_rounds_;  // by round id
  struct ReadyReads {
    Index index;
    std::vector<Request> requests;
  };
  std::deque<ReadyReads> ready_reads_;
  uint64_t next_round_;  // unique among the members: a leader of etcd's tells reads apart by it
  std::deque<std::shared_ptr<RangeTask>> range_tasks_;
  std::map<std::pair<AnswerSink*, uint64_t>, std::shared_ptr<StreamTask>> streams_;
  std::deque<std::shared_ptr<StreamTask>>
      collecting_;  // streams that walk the index for their next batch

  std::vector<WatchSink*> watch_sinks_;
  std::atomic<int> prev_kv_watchers_{0};
  std::shared_ptr<watch::EventBatch> events_;
  size_t event_bytes_ = 0;

  std::deque<std::shared_ptr<HashTask>> hashes_;  // preparing
  // Of compactions, until known: physical removal waits for them, and HashKV at their revisions.
  std::vector<std::shared_ptr<HashTask>> compaction_hashes_;
  std::vector<std::pair<Revision, Request>> physical_waiters_;
  bool compaction_stalled_ = false;

  struct SnapshotTask;
  std::map<std::pair<AnswerSink*, uint64_t>, std::shared_ptr<SnapshotTask>> snapshots_;
  std::vector<std::pair<Index, Request>> images_wanted_;  // until persisted that far
  uint64_t image_counter_ = 0;
  std::vector<Request> defrag_waiters_;
  bool shrinking_ = false;
  std::unique_ptr<mvcc::Store::ShrinkJob> shrink_ready_;  // marker synced, to be switched to

  bool persist_running_ = false;
  bool persist_now_ = false;  // do not wait for the delay
  TimePoint persist_due_ = TimePoint::max();

  TimePoint next_tick_;
  MemberId last_leader_;
  bool was_leader_ = false;
  bool leader_entry_applied_ = false;  // the first entry of the own term: leases may run
  bool published_ = false;
  TimePoint publish_again_{};
  bool version_proposed_ = false;
  bool nospace_proposed_ = false;
  struct HeldAnswer {
    Waiting waiting;
  };
  std::vector<HeldAnswer> held_for_alarm_;
  std::optional<Revision> auto_target_;
  bool stopping_ = false;

  LogKeep log_keep_;
  bool peers_stale_ = true;
  bool head_start_over_ = false;
  TimePoint started_;
  TimePoint leader_since_{};
  std::vector<std::pair<Index, std::shared_ptr<Outgoing>>> peer_images_wanted_;  // as above
  std::shared_ptr<Incoming> incoming_;  // received, and being taken in
  bool installing_ = false;             // raft has it: the log, then the state, go over to it
  bool install_durable_ = false;
  bool stale_generations_ = false;  // directories of old_stores_ are to be removed
  std::vector<std::shared_ptr<mvcc::Store>> old_stores_;  // until their last job has ended
  bool left_ = false;
  TimePoint leave_at_ = TimePoint::max();
  std::vector<std::shared_ptr<Forward>> forwards_;  // asked again at the next tick
  std::shared_ptr<VersionPoll> version_poll_;
  TimePoint next_version_poll_{};

  std::atomic<bool> ready_{false};
  std::atomic<bool> others_{false};
  mutable Mutex facts_mutex_;
  Facts facts_ GUARDED_BY(facts_mutex_);
  std::string members_json_ GUARDED_BY(facts_mutex_);
};

}  // namespace keelson::node
