#include "peer/snapshot_receiver.h"

#include "base/bytes.h"
#include "peer/peer_limits.h"
#include "peer/raftpb.h"

namespace keelson::peer {

SnapshotReceiver::Spool::~Spool() {
  if (handed_over || !file) return;
  file.reset();
  // A file that stays is removed at the next start.
  (void)files.remove(path).ok();
}

Status SnapshotReceiver::Spool::append(const std::string& piece) {
  if (!file) {
    auto opened = files.open(path, io::OpenMode::kCreateNew);
    if (!opened.ok()) return opened.status();
    file = std::move(*opened);
  }
  const Status status = file->write_at(size, piece);
  size += piece.size();
  return status;
}

Status SnapshotReceiver::Spool::finish() {
  Status status = append({});  // an empty image is a file, too
  if (status.ok()) status = file->sync();
  if (status.ok()) status = files.sync_dir(path.substr(0, path.rfind('/')));
  return status;
}

SnapshotReceiver::SnapshotReceiver(Context& context, std::string path, std::string remote_address,
                                   Events events)
    : context_(context),
      remote_address_(std::move(remote_address)),
      events_(std::move(events)),
      spool_(std::make_shared<Spool>(context.files, std::move(path))),
      begun_(context.clock.now()) {}

SnapshotReceiver::~SnapshotReceiver() {
  if (has_message_) context_.metrics.snapshots_received(from_).inflight.add(-1);
  // The last owner closes and removes the file: that may be the disk's business for a while.
  auto drop = [spool = std::move(spool_)] {};
  if (!context_.pool.post(drop)) drop();
}

bool SnapshotReceiver::take(std::string_view bytes) {
  if (failed_) return true;
  buffer_ += bytes;
  if (!has_message_ && !take_message()) return true;
  if (buffer_.size() < limits::kImageChunkBytes) return true;
  if (!writing_) write_out(false);
  return false;
}

// True when the message is complete and good.
bool SnapshotReceiver::take_message() {
  constexpr size_t kLengthBytes = 8;
  if (buffer_.size() < kLengthBytes) return false;
  message_bytes_ = get_u64be(buffer_.data());
  if (message_bytes_ > limits::kSnapshotMessageBytes)
    return refuse(400,
                  "failed to decode raft message (rafthttp: error message size exceeds the limit)");
  if (buffer_.size() < kLengthBytes + message_bytes_) return false;
  const std::string_view bytes(buffer_.data() + kLengthBytes, static_cast<size_t>(message_bytes_));
  const Decoded decoded = get_message(bytes, message_);
  from_ = hex(message_.from.value);
  context_.metrics.received_bytes(message_.from).add(bytes.size());
  if (decoded == Decoded::kMalformed) {
    context_.metrics.received_failures(remote_address_).add();
    return refuse(400,
                  "failed to decode raft message (proto: cannot parse invalid wire-format data)");
  }
  if (decoded != Decoded::kMessage || message_.type != raft::MessageType::kSnap)
    return refuse(400, "wrong raft message type");
  has_message_ = true;
  context_.metrics.snapshots_received(from_).inflight.add(1);
  buffer_.erase(0, kLengthBytes + static_cast<size_t>(message_bytes_));
  context_.log.info("receiving database snapshot",
                    {{"remote-snapshot-sender-id", from_},
                     {"incoming-snapshot-index", message_.snapshot.index.value}});
  return true;
}

// The answer comes from the loop, never from inside take() or end().
bool SnapshotReceiver::refuse(int status, const std::string& text) {
  failed_ = true;
  buffer_.clear();
  context_.metrics.snapshots_received(from_.empty() ? "0" : from_).failures.add();
  context_.log.warn("refused an incoming snapshot",
                    {{"remote-addr", remote_address_}, {"error", text}});
  context_.loop.post([weak = weak_from_this(), answer = error_answer(status, text)] {
    if (const auto self = weak.lock()) self->events_.answer(answer);
  });
  return false;
}

void SnapshotReceiver::end() {
  ended_ = true;
  if (failed_) return;
  if (!has_message_) {
    (void)refuse(400, "failed to decode raft message (unexpected EOF)");
    return;
  }
  if (!writing_) write_out(true);
}

void SnapshotReceiver::write_out(bool last) {
  writing_ = true;
  auto piece = std::make_shared<std::string>(std::exchange(buffer_, {}));
  auto job = [weak = weak_from_this(), box = context_.mailbox, spool = spool_, piece, last] {
    Status status = spool->append(*piece);
    if (status.ok() && last) status = spool->finish();
    box->post([weak, last, status] {
      if (const auto self = weak.lock()) self->written(last, status);
    });
  };
  if (context_.pool.post(std::move(job))) return;
  buffer_ = std::move(*piece);
  context_.loop.call_at(context_.loop.now() + limits::kPoolRetry, [weak = weak_from_this(), last] {
    if (const auto self = weak.lock()) self->write_out(last);
  });
}

void SnapshotReceiver::written(bool last, const Status& status) {
  writing_ = false;
  if (failed_) return;
  if (!status.ok()) {
    (void)refuse(500, "failed to save KV snapshot (" + status.text() + ")");
    return;
  }
  if (last) return hand_over();
  if (ended_) return write_out(true);
  events_.resume();
}

void SnapshotReceiver::hand_over() {
  context_.metrics.received_bytes(message_.from).add(spool_->size);
  if (context_.sink == nullptr) return taken(Status(Code::kUnavailable, "the member stops"));
  spool_->handed_over = true;
  context_.sink->receive_snapshot(std::move(message_), spool_->path,
                                  [weak = weak_from_this(), box = context_.mailbox](Status s) {
                                    box->post([weak, s] {
                                      if (const auto self = weak.lock()) self->taken(s);
                                    });
                                  });
}

void SnapshotReceiver::taken(const Status& status) {
  if (!status.ok()) {
    (void)refuse(500, "failed to process raft message (" + status.text() + ")");
    return;
  }
  Metrics::Snapshots metrics = context_.metrics.snapshots_received(from_);
  metrics.success.add();
  metrics.seconds.observe_seconds((context_.clock.now() - begun_).count());
  events_.answer(Answer{.status = 204});
}

}  // namespace keelson::peer
