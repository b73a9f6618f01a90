// The state for a follower that the log cannot help any more, both ways, as etcd's database image.
// Out: an image of the persisted state, made on the pool, goes beside a MsgSnap that says what is
// in it. In: a new generation of the store is built from the image and opened; then raft hears of
// the snapshot; if it takes it, the log's marker names the generation, and when that is durable the
// state goes over to it (reference design.md sections 4, 5 and 12).
#include "base/bytes.h"
#include "node/core.h"
#include "node/etcd_image.h"
#include "node/node_metrics.h"
#include "node/tasks.h"
#include "node/v2_tree.h"

namespace keelson::node {

struct Core::Outgoing {
  MemberId to;
  raft::Message message;
  std::string path;
  std::unique_ptr<mvcc::Store::ImageJob> job;
  EtcdImage image;
  std::unique_ptr<io::File> file;
  TimePoint started;
};

struct Core::Incoming {
  raft::Message message;
  std::string path;
  std::string dir;
  mvcc::Identity identity;
  mvcc::Options options;
  std::function<void(Status)> done;
  Log* log = nullptr;
  std::unique_ptr<mvcc::Store> store;
  mvcc::Loaded loaded;
  TimePoint started;
};

// --- out -----------------------------------------------------------------------------------------

void Core::start_peer_snapshot(raft::Message&& message) {
  auto out = std::make_shared<Outgoing>();
  out->to = message.to;
  out->message = std::move(message);
  out->started = env_.clock.now();
  env_.log.info("a follower needs a snapshot: it is behind the log that is kept",
                {{"member-id", hex(out->to.value)}, {"applied-index", raft_.applied().value}});
  if (store().persisted_index() >= raft_.applied()) return make_peer_image(std::move(out));
  peer_images_wanted_.emplace_back(raft_.applied(), std::move(out));
  persist_now_ = true;
}

void Core::make_peer_image(std::shared_ptr<Outgoing> out) {
  out->path = settings_.data_dir + "/member/snapshot-" + std::to_string(++image_counter_) + ".tmp";
  out->job = store().make_image_job(out->path);
  const auto pace = store().options().pace;
  const bool posted = env_.pool.post([this, out, pace] {
    Status status = out->job->run();
    post_done([out] { out->job.reset(); });
    const std::string to = out->path + ".etcd";
    if (status.ok()) {
      mvcc::CopyControl control;
      control.pace = pace;
      auto image = write_etcd_image(env_.fs, out->path, to, {.digest = etcdfile::DigestMode::kNone},
                                    control);
      status = image.status();
      if (image.ok()) out->image = std::move(*image);
    }
    if (status.ok()) {
      auto file = env_.fs.open(to, io::OpenMode::kReadOnly);
      status = file.status();
      if (file.ok()) out->file = std::move(*file);
    }
    // The names go at once: an open file lives on, and no crash leaves one behind.
    for (const std::string& name : {out->path, to})
      if (Status s = env_.fs.remove_tree(name); !s.ok() && status.ok()) status = s;
    post_done([this, out, status] {
      status.ok() ? send_peer_snapshot(out) : peer_snapshot_failed(*out, status);
    });
  });
  if (posted) return;
  out->job.reset();
  peer_snapshot_failed(*out, Status(Code::kResourceExhausted, "the pool is busy"));
}

// What stands in the image counts, not what raft asked for: it may be newer.
void Core::send_peer_snapshot(std::shared_ptr<Outgoing> out) {
  const etcdfile::ImageState& state = out->image.state;
  if (!leads() || !state.conf_state)
    return peer_snapshot_failed(*out, Status(Code::kAborted, "not the leader any more"));
  OutgoingSnapshot snapshot;
  snapshot.message = std::move(out->message);
  snapshot.message.term = raft_.term();
  snapshot.message.snapshot = {
      state.consistent_index, state.term, {state.conf_state->voters, state.conf_state->learners}};
  snapshot.snapshot_data = v2_tree(state.members, state.removed, state.cluster_version);
  snapshot.image = std::move(out->file);
  snapshot.size = out->image.file.file_bytes;
  snapshot.release = [out] {};
  env_.log.info("sending a snapshot to a follower",
                {{"member-id", hex(out->to.value)},
                 {"snapshot-index", state.consistent_index.value},
                 {"bytes", snapshot.size},
                 {"made-in", env_.clock.now() - out->started}});
  env_.transport.send_snapshot(std::move(snapshot));
}

void Core::peer_snapshot_failed(const Outgoing& out, const Status& status) {
  env_.log.warn("cannot make a snapshot for a follower",
                {{"member-id", hex(out.to.value)}, {"error", status.text()}});
  raft_.report_snapshot(out.to, false);
}

// --- in ------------------------------------------------------------------------------------------

void Core::receive_snapshot(raft::Message&& message, std::string path,
                            std::function<void(Status)> done) {
  const auto held = std::make_shared<raft::Message>(std::move(message));
  post_done([this, held, path = std::move(path), done = std::move(done)]() mutable {
    start_receiving(std::move(*held), std::move(path), std::move(done));
  });
}

// One at a time, and not while a smaller generation is being built: the leader comes again.
void Core::start_receiving(raft::Message&& message, std::string path,
                           std::function<void(Status)> done) {
  const bool needed = message.snapshot.index > raft_.commit();
  if (incoming_ || shrinking_ || !needed) {
    (void)env_.pool.post([fs = &env_.fs, path] { (void)fs->remove(path); });
    if (!needed) raft_.step(std::move(message));
    return done(needed ? Status(Code::kUnavailable, "this member is busy with its store")
                       : Status());
  }
  auto in = std::make_shared<Incoming>();
  in->started = env_.clock.now();
  in->message = std::move(message);
  in->path = std::move(path);
  in->dir = settings_.data_dir + "/member";
  in->identity = {opened_.identity.cluster, opened_.identity.member};
  in->options = store().options();
  in->options.generation = store().generation() + 1;
  in->options.keep_others = true;
  in->done = std::move(done);
  incoming_ = in;
  env_.log.info("received a snapshot", {{"snapshot-index", in->message.snapshot.index.value},
                                        {"snapshot-term", in->message.snapshot.term.value},
                                        {"from", hex(in->message.from.value)}});
  const bool posted = env_.pool.post([this, in] {
    const Status status = take_image(env_, *in);
    post_done([this, in, status] { image_taken(in, status); });
  });
  if (!posted) image_taken(in, Status(Code::kResourceExhausted, "the pool is busy"));
}

// On the pool: image -> generation -> open store, with its index.
Status Core::take_image(const Environment& env, Incoming& in) {
  mvcc::CopyControl control;
  const raft::SnapshotMeta& meta = in.message.snapshot;
  auto state = build_from_etcd_image(env.fs, in.path, in.dir, in.identity, in.options,
                                     {meta.index, meta.term}, control);
  (void)env.fs.remove(in.path);
  if (!state.ok()) return state.status();
  auto store = mvcc::Store::open(env.fs, in.dir, in.options, env.log, env.metrics, in.loaded);
  if (!store.ok()) {
    (void)mvcc::Store::remove_generation(env.fs, in.dir, in.options.generation);
    return store.status();
  }
  in.store = std::move(*store);
  return Status();
}

void Core::image_taken(const std::shared_ptr<Incoming>& in, const Status& status) {
  in->done(status);
  if (!status.ok()) {
    env_.log.error("a received snapshot cannot be used", {{"error", status.text()}});
    incoming_.reset();
    return;
  }
  raft_.step(raft::Message(in->message));
  run_raft();  // begin_install() is called in here if raft takes it
  if (installing_ || incoming_ != in) return;
  // The log has caught up meanwhile.
  in->store.reset();
  store().show_metrics();
  (void)env_.pool.post([fs = &env_.fs, dir = in->dir, generation = in->options.generation] {
    (void)mvcc::Store::remove_generation(*fs, dir, generation);
  });
  incoming_.reset();
}

// The marker names the new generation; until it is durable the old state stays what counts.
void Core::begin_install(const raft::SnapshotMeta& meta, LogBatch& batch) {
  CHECK(incoming_ && incoming_->store && incoming_->message.snapshot.index == meta.index);
  installing_ = true;
  install_durable_ = false;
  committed_.clear();
  batch.generation = incoming_->options.generation;
  batch.reset = meta.index;
  batch.must_sync = true;
  batch.done = [this] {
    post_done([this] {
      install_durable_ = true;
      finish_install();
    });
  };
}

void Core::finish_install() {
  if (!install_durable_ || persist_running_) return;  // the old store's job comes back to it first
  const std::shared_ptr<Incoming> in = std::exchange(incoming_, nullptr);
  drop_old_tasks();
  old_stores_.push_back(replica_->store);
  stale_generations_ = true;
  const bool primary = lessor().primary();
  replica_ = make_replica(std::shared_ptr<mvcc::Store>(std::move(in->store)), in->loaded);
  CHECK(!primary);
  store().show_metrics();
  entry_begun_ = false;
  apply_waits_ = false;
  installing_ = false;
  peers_stale_ = true;
  persist_due_ = TimePoint::max();
  raft_.applied(in->message.snapshot.index);
  opened_.wal->release(in->message.snapshot.index);
  for (WatchSink* sink : watch_sinks_) {
    sink->on_jump(store().current());
    if (store().compacted() > Revision(0)) sink->on_compacted(store().compacted());
  }
  env_.log.info("installed a snapshot", {{"snapshot-index", in->message.snapshot.index.value},
                                         {"revision", store().current().value},
                                         {"generation", store().generation()},
                                         {"took", env_.clock.now() - in->started}});
}

// What walked the old index begins again on the new one, or ends.
void Core::drop_old_tasks() {
  const Status replaced(Code::kUnavailable, "etcdserver: the state was replaced by a snapshot");
  for (const auto& task : std::exchange(range_tasks_, {})) {
    Request request = std::move(task->request);
    request.what = task->query;
    held_.push_back(std::move(request));
  }
  for (const auto& [key, task] : std::exchange(streams_, {}))
    if (task->busy) answers_.fail(task->request, replaced);
  collecting_.clear();
  for (const auto& task : std::exchange(hashes_, {})) {
    std::erase(compaction_hashes_, task);
    for (const Request& request : task->requests) answers_.fail(request, replaced);
  }
  compaction_stalled_ = false;
}

// Jobs and readers of the old state end by themselves; then its files go.
void Core::forget_old_stores() {
  std::erase_if(old_stores_,
                [](const auto& old) { return !old->in_use() && old.use_count() == 1; });
  if (!old_stores_.empty() || !stale_generations_) return;
  stale_generations_ = false;
  (void)env_.pool.post([this, keep = store().generation()] {
    mvcc::Store::remove_other_generations(env_.fs, settings_.data_dir + "/member", keep, env_.log);
  });
}

}  // namespace keelson::node
