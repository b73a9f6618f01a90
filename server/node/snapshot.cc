// Snapshot (etcd's database in a temporary file, streamed) and Defragment (a new generation of the
// store), both beside the writers.
#include <array>

#include "base/bytes.h"
#include "base/wire.h"
#include "node/core.h"
#include "node/etcd_image.h"
#include "node/node_metrics.h"
#include "node/tasks.h"

namespace keelson::node {
namespace {

constexpr size_t kBlobBytes = 32 * 1024;  // as etcd streams it

std::string snapshot_message(uint64_t remaining, std::string_view blob, std::string_view version) {
  std::string body;
  body.reserve(blob.size() + 40);
  wire::put_uint(body, 2, remaining);
  wire::put_bytes(body, 3, blob);
  wire::put_bytes(body, 4, version);
  return body;
}

}  // namespace

// Whatever happens, the two names go at once: an open file lives on, and no crash leaves one behind
// that counts.
Status Core::SnapshotTask::convert(io::FileSystem& fs, std::function<void(size_t)> pace) {
  mvcc::CopyControl control;
  control.pace = std::move(pace);
  const std::string to = path + ".etcd";
  // The digest goes out with the stream, which computes it on the way.
  const auto image =
      write_etcd_image(fs, path, to, {.digest = etcdfile::DigestMode::kNone}, control);
  Status status = image.status();
  if (image.ok()) {
    size = image->file.file_bytes;
    storage_version = image->state.storage_version;
    auto opened = fs.open(to, io::OpenMode::kReadOnly);
    status = opened.status();
    if (opened.ok()) file = std::move(*opened);
  }
  for (const std::string& name : {path, to})
    if (Status s = fs.remove_tree(name); !s.ok() && status.ok()) status = s;
  return status;
}

void Core::on_snapshot(Request&& request) {
  const Index index = raft_.applied();
  if (store().persisted_index() >= index) return start_image(std::move(request));
  images_wanted_.emplace_back(index, std::move(request));
  persist_now_ = true;
}

void Core::start_image(Request&& request) {
  auto task = std::make_shared<SnapshotTask>();
  task->started = env_.clock.now();
  task->path = settings_.data_dir + "/member/snapshot-" + std::to_string(++image_counter_) + ".tmp";
  const auto waiting = std::make_shared<Request>(std::move(request));
  // The job must end on this thread: the pool's copy of the pointer may be the last one to go.
  const auto job =
      std::make_shared<std::unique_ptr<mvcc::Store::ImageJob>>(store().make_image_job(task->path));
  env_.log.info("sending database snapshot to client", {{"index", (*job)->index().value}});
  const auto pace = store().options().pace;
  const bool posted = env_.pool.post([this, waiting, task, job, pace] {
    Status status = (*job)->run();
    post_done([job] { job->reset(); });  // compaction need not wait any longer
    if (status.ok()) status = task->convert(env_.fs, pace);
    post_done([this, waiting, task, status] {
      if (!status.ok()) {
        answers_.fail(*waiting,
                      Status(Code::kUnknown, "cannot make the snapshot: " + status.text()));
        return;
      }
      snapshots_[{waiting->to.sink, waiting->to.call_id}] = task;
      answers_.partial(*waiting, {});
    });
  });
  if (!posted) answers_.fail(*waiting, Status(Code::kUnknown, "etcdserver: too many requests"));
}

void Core::on_snapshot_more(Request&& request) {
  const auto found = snapshots_.find({request.to.sink, request.to.call_id});
  if (found == snapshots_.end()) return;
  const std::shared_ptr<SnapshotTask> task = found->second;
  if (task->offset == task->size) {
    const std::array<char, 32> sum = task->sha.finish();
    snapshots_.erase(found);
    metrics_->snapshot_seconds.observe_seconds((env_.clock.now() - task->started).count());
    env_.log.info("sent database snapshot to client",
                  {{"total-bytes", task->size}, {"took", env_.clock.now() - task->started}});
    answers_.ok(request, snapshot_message(0, {sum.data(), sum.size()}, task->storage_version));
    return;
  }
  const auto waiting = std::make_shared<Request>(std::move(request));
  const bool posted = env_.pool.post([this, waiting, task] {
    std::string blob(std::min<uint64_t>(kBlobBytes, task->size - task->offset), '\0');
    const auto read = task->file->read_at(task->offset, blob);
    const bool whole = read.ok() && *read == blob.size();
    if (whole) task->sha.update(blob);
    task->offset += blob.size();
    std::string body = snapshot_message(task->size - task->offset, blob, task->storage_version);
    post_done([this, waiting, whole, body = std::move(body)]() mutable {
      if (whole) return answers_.partial(*waiting, std::move(body));
      snapshots_.erase({waiting->to.sink, waiting->to.call_id});
      answers_.fail(*waiting, Status(Code::kUnknown, "cannot read the snapshot's temporary file"));
    });
  });
  if (!posted) answers_.fail(*waiting, Status(Code::kUnknown, "etcdserver: too many requests"));
}

void Core::on_defragment(Request&& request) {
  defrag_waiters_.push_back(std::move(request));
  if (shrinking_) return;  // the one under way answers both
  start_shrink();
}

void Core::start_shrink() {
  if (incoming_)
    return finish_defragment(Status(Code::kUnavailable, "a snapshot is being installed"));
  shrinking_ = true;
  metrics_->defrag_running.set(1);
  env_.log.info("starting defragment", {{"generation", store().generation()}});
  const auto job =
      std::make_shared<std::unique_ptr<mvcc::Store::ShrinkJob>>(store().make_shrink_job());
  const bool posted = env_.pool.post([this, job] {
    const Status status = (*job)->run();
    post_done([this, job, status] {
      if (!status.ok()) {
        job->reset();
        return finish_defragment(status);
      }
      shrink_built(std::move(*job));
    });
  });
  if (!posted) finish_defragment(Status(Code::kUnknown, "etcdserver: too many requests"));
}

// Built and synced. The marker in the log makes it the current one; only then may the switch
// happen.
void Core::shrink_built(std::unique_ptr<mvcc::Store::ShrinkJob> job) {
  LogBatch marker;
  marker.generation = job->generation();
  const auto shared = std::make_shared<std::unique_ptr<mvcc::Store::ShrinkJob>>(std::move(job));
  marker.done = [this, shared] {
    post_done([this, shared] {
      shrink_ready_ = std::move(*shared);
      persist_now_ = true;
    });
  };
  log_writer_->submit(std::move(marker));
}

void Core::finish_defragment(const Status& status) {
  shrinking_ = false;
  metrics_->defrag_running.set(0);
  const mvcc::Sizes sizes = store().sizes();
  env_.log.info("finished defragment", {{"generation", store().generation()},
                                        {"current-db-size-bytes", sizes.file_bytes},
                                        {"current-db-size-in-use-bytes", sizes.in_use_bytes},
                                        {"error", status.text()}});
  for (const Request& request : std::exchange(defrag_waiters_, {})) {
    metrics_->defrag_seconds.observe_seconds((env_.clock.now() - request.started).count());
    status.ok() ? answers_.ok(request, {}) : answers_.fail(request, status);
  }
}

}  // namespace keelson::node
