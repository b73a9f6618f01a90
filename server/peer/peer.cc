#include "peer/peer.h"

#include "base/bytes.h"
#include "base/check.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

size_t slot(StreamKind kind) { return static_cast<size_t>(kind); }

}  // namespace

Peer::Peer(Context& context, MemberId id, const std::vector<std::string>& urls, PeerRole role)
    : context_(context),
      id_(id),
      role_(role),
      metrics_(context.metrics.sending(id)),
      url_list_(parse_peer_urls(urls)),
      picker_(url_list_) {
  const auto done = [this](PostLane::Outcome outcome) { posted(outcome); };
  lane_ = std::make_shared<PostLane>(context_, picker_, limits::kPost, done);
  proposal_lane_ = std::make_shared<PostLane>(context_, picker_, limits::kProposalPost, done);
}

Peer::~Peer() { CHECK(!started_); }

TimePoint Peer::active_since() const {
  const int64_t since = active_since_.load(std::memory_order_relaxed);
  return since == INT64_MAX ? TimePoint::max() : TimePoint(Duration(since));
}

// --- sending -------------------------------------------------------------------------------------

void Peer::send(std::span<const raft::Message* const> messages) {
  if (!started_) return metrics_.failures.add(messages.size());
  const Writer app_writer = writer(StreamKind::kMsgApp);
  const Writer message_writer = writer(StreamKind::kMessage);
  Messages apps, rest;
  for (const raft::Message* m : messages) {
    const bool by_app = app_writer && m->type == raft::MessageType::kApp;
    (by_app ? apps : rest).push_back(m);
  }
  if (!apps.empty() && !write(app_writer, apps))
    rest.insert(rest.begin(), apps.begin(), apps.end());
  if (rest.empty() || (message_writer && write(message_writer, rest))) return;
  post(rest);
}

Peer::Writer Peer::writer(StreamKind kind) const {
  MutexLock hold(mutex_);
  return writers_[slot(kind)];
}

// False: there is no such stream any more.
bool Peer::write(const Writer& writer, const Messages& messages) {
  size_t bytes = 0;
  const StreamWriter::Sent sent = writer->send(messages, bytes);
  if (sent == StreamWriter::Sent::kDead) return false;
  metrics_.bytes.add(bytes);
  if (sent == StreamWriter::Sent::kFull) lost_messages(messages.size());
  return true;
}

void Peer::post(const Messages& messages) {
  size_t lost = 0;
  for (const raft::Message* m : messages) {
    const bool proposal = m->type == raft::MessageType::kProp;
    FrameBuffer bytes;
    put_message(bytes, *m);
    if (!(proposal ? proposal_lane_ : lane_)->put(bytes.flat())) lost++;
  }
  if (lost > 0) lost_messages(lost);
}

void Peer::lost_messages(size_t count) {
  metrics_.failures.add(count);
  report_unreachable();
}

// From the loop, once for all that gathers until it comes round: the node may be inside a turn now.
void Peer::report_unreachable() {
  if (unreachable_posted_.exchange(true)) return;
  context_.mailbox->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->unreachable_posted_ = false;
    if (self->started_ && self->context_.sink != nullptr)
      self->context_.sink->unreachable(self->id_);
  });
}

// --- the loop ------------------------------------------------------------------------------------

void Peer::start() {
  CHECK(!started_);
  started_ = true;
  snapshots_ = std::make_shared<SnapshotSender>(context_, id_, picker_,
                                                [this](bool ok) { snapshot_done(ok); });
  if (role_ == PeerRole::kRemote) return;
  app_reader_.emplace(context_, StreamKind::kMsgApp, id_, picker_,
                      [this](bool up) { stream_changed(StreamKind::kMsgApp, up); });
  message_reader_.emplace(context_, StreamKind::kMessage, id_, picker_,
                          [this](bool up) { stream_changed(StreamKind::kMessage, up); });
  prober_.emplace(context_, id_, picker_);
  context_.log.info("started remote peer", {{"remote-peer-id", hex(id_.value)}});
  app_reader_->start();
  message_reader_->start();
  prober_->start();
}

void Peer::stop() {
  if (!started_) return;
  started_ = false;
  if (app_reader_) app_reader_->stop();
  if (message_reader_) message_reader_->stop();
  if (prober_) prober_->stop();
  lane_->stop();
  proposal_lane_->stop();
  snapshots_->stop();
  std::array<Writer, 2> writers;
  {
    MutexLock hold(mutex_);
    writers.swap(writers_);
  }
  for (const Writer& writer : writers) {
    if (writer) writer->close();
  }
}

void Peer::set_urls(const std::vector<std::string>& urls) {
  url_list_ = parse_peer_urls(urls);
  picker_.set(url_list_);
}

void Peer::attach(StreamKind kind, io::Fd fd, std::unique_ptr<io::TlsSession> tls,
                  std::string_view head) {
  // Its start waits on the loop behind this, or it has just been stopped: the stream is closed, and
  // the dialer comes again.
  if (!started_) return;
  const auto gone = [weak = weak_from_this()](StreamWriter& w) {
    if (const auto self = weak.lock()) self->detach(w);
  };
  auto writer =
      std::make_shared<StreamWriter>(context_, kind, id_, std::move(fd), std::move(tls), gone);
  writer->start(head);
  Writer old;
  {
    MutexLock hold(mutex_);
    old = std::exchange(writers_[slot(kind)], writer);
  }
  if (!old) return;
  old->close();
  report_unreachable();
}

void Peer::detach(StreamWriter& gone) {
  Writer old;
  {
    MutexLock hold(mutex_);
    Writer& current = writers_[slot(gone.kind())];
    if (current.get() != &gone) return;
    old.swap(current);
  }
  context_.log.warn(
      "lost TCP streaming connection with remote peer",
      {{"stream-writer-type", gone.kind() == StreamKind::kMsgApp ? "msgapp" : "message"},
       {"remote-peer-id", hex(id_.value)}});
  metrics_.failures.add();
  report_unreachable();
}

void Peer::posted(PostLane::Outcome outcome) {
  if (!started_) return;
  if (outcome.delivered) {
    metrics_.bytes.add(outcome.bytes);
  } else {
    lost_messages(1);
  }
}

void Peer::stream_changed(StreamKind kind, bool up) {
  const bool was = up_[0] && up_[1];
  up_[slot(kind)] = up;
  const bool is = up_[0] && up_[1];
  if (was == is) return;
  const MemberId local = context_.identity.member;
  context_.metrics.active(local, id_).set(is ? 1 : 0);
  active_since_ = is ? context_.clock.now().time_since_epoch().count() : INT64_MAX;
  if (!is) context_.metrics.disconnected(local, id_).add();
  context_.log.info(is ? "peer became active" : "peer became inactive",
                    {{"peer-id", hex(id_.value)}});
}

void Peer::send_snapshot(node::OutgoingSnapshot&& snapshot) {
  if (!started_) {
    if (snapshot.release) snapshot.release();
    return snapshot_done(false);
  }
  snapshots_->put(std::move(snapshot));
}

void Peer::snapshot_done(bool ok) {
  if (context_.sink == nullptr) return;
  if (!ok) context_.sink->unreachable(id_);
  context_.sink->snapshot_sent(id_, ok);
}

}  // namespace keelson::peer
