#include "peer/snapshot_sender.h"

#include <algorithm>

#include "base/bytes.h"
#include "peer/peer_limits.h"
#include "peer/raftpb.h"

namespace keelson::peer {

SnapshotSender::SnapshotSender(Context& context, MemberId remote, UrlPicker& urls,
                               std::function<void(bool ok)> done)
    : context_(context),
      remote_(remote),
      urls_(urls),
      done_(std::move(done)),
      metrics_(context.metrics.snapshots_sent(remote)),
      sent_(context.metrics.sending(remote)) {}

void SnapshotSender::put(node::OutgoingSnapshot&& snapshot) {
  if (stopped_ || queue_.size() >= limits::kSnapshotsWaiting) {
    if (snapshot.release) snapshot.release();
    return done_(false);
  }
  queue_.push_back(std::move(snapshot));
  if (!under_way_) next();
}

void SnapshotSender::stop() {
  stopped_ = true;
  while (!queue_.empty()) {
    if (!under_way_) metrics_.inflight.add(1);
    under_way_ = true;
    finish(false, "stopped");
  }
}

void SnapshotSender::next() {
  if (queue_.empty() || under_way_ || stopped_) return;
  under_way_ = true;
  number_++;
  read_bytes_ = 0;
  reading_ = ended_ = false;
  status_ = 0;
  begun_ = context_.clock.now();
  metrics_.inflight.add(1);
  node::OutgoingSnapshot& snapshot = queue_.front();
  image_ = std::move(snapshot.image);
  const PeerUrl* url = urls_.pick();
  if (url == nullptr || !image_) return finish(false, url == nullptr ? "no peer URL" : "no image");
  context_.log.info("sending database snapshot",
                    {{"snapshot-index", snapshot.message.snapshot.index.value},
                     {"remote-peer-id", hex(remote_.value)},
                     {"bytes", snapshot.size}});
  Headers headers = raft_headers(context_.identity);
  headers.emplace_back("Content-Type", "application/octet-stream");
  FrameBuffer message;
  put_u64be(message.bytes(), message_size(snapshot.message, snapshot.snapshot_data));
  put_message(message, snapshot.message, snapshot.snapshot_data);
  exchange_ = std::make_shared<Exchange>(context_, *url, *this);
  exchange_->request_chunked("POST", "/raft/snapshot", headers);
  exchange_->write_chunk(message.flat());
  exchange_->answer_within(limits::kSnapshotStall);
  exchange_->begin();
}

void SnapshotSender::on_drained() {
  if (!under_way_ || reading_ || ended_ || status_ != 0) return;
  exchange_->answer_within(limits::kSnapshotStall);
  if (read_bytes_ < queue_.front().size) return read_piece();
  ended_ = true;
  exchange_->end_chunks();
  exchange_->answer_within(limits::kSnapshotReply);
}

void SnapshotSender::read_piece() {
  const uint64_t left = queue_.front().size - read_bytes_;
  auto job = [weak = weak_from_this(), box = context_.mailbox, image = image_, number = number_,
              at = read_bytes_,
              size = static_cast<size_t>(std::min<uint64_t>(left, limits::kImageChunkBytes))] {
    auto piece = std::make_shared<std::string>(size, '\0');
    Result<size_t> n = image->read_at(at, *piece);
    Status status = n.status();
    if (status.ok() && *n != size) status = Status(Code::kDataLoss, "the image is too short");
    box->post([weak, piece, status, number] {
      const auto self = weak.lock();
      if (self && self->number_ == number && self->under_way_) self->got_piece(*piece, status);
    });
  };
  reading_ = context_.pool.post(std::move(job));
  if (reading_) return;
  context_.loop.call_at(context_.loop.now() + limits::kPoolRetry,
                        [weak = weak_from_this(), number = number_] {
                          const auto self = weak.lock();
                          if (self && self->number_ == number) self->on_drained();
                        });
}

void SnapshotSender::got_piece(const std::string& piece, const Status& status) {
  reading_ = false;
  if (!status.ok()) return finish(false, status.text());
  if (status_ != 0) return;  // answered already: a refusal
  read_bytes_ += piece.size();
  exchange_->write_chunk(piece);
}

void SnapshotSender::on_end() {
  finish(status_ == 204 && ended_, "unexpected http status " + std::to_string(status_));
}

void SnapshotSender::finish(bool ok, const std::string& error) {
  node::OutgoingSnapshot snapshot = std::move(queue_.front());
  queue_.pop_front();
  under_way_ = false;
  if (exchange_) {
    if (!ok) urls_.failed(exchange_->url().text);
    exchange_->close();
  }
  exchange_.reset();
  image_.reset();
  metrics_.inflight.add(-1);
  if (ok) {
    metrics_.success.add();
    metrics_.seconds.observe_seconds((context_.clock.now() - begun_).count());
    sent_.bytes.add(snapshot.size);
    context_.log.info("sent database snapshot", {{"remote-peer-id", hex(remote_.value)}});
  } else {
    metrics_.failures.add();
    sent_.failures.add();
    context_.log.warn("failed to send database snapshot",
                      {{"remote-peer-id", hex(remote_.value)}, {"error", error}});
  }
  if (snapshot.release) snapshot.release();
  done_(ok);
  if (!stopped_) context_.loop.post([self = shared_from_this()] { self->next(); });
}

}  // namespace keelson::peer
