#include "peer/stream_writer.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "base/check.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

// Collects the pieces of a chunk that have not been written.
class Gather {
 public:
  void add(std::string_view piece) {
    const size_t skipped = std::min(skip_, piece.size());
    skip_ -= skipped;
    piece.remove_prefix(skipped);
    if (piece.empty() || count_ == pieces_.size()) return;
    pieces_[count_++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  void add(const FrameBuffer& frames) {
    const std::string_view bytes = frames.bytes();
    size_t done = 0;
    for (const FrameBuffer::Splice& splice : frames.splices()) {
      add(bytes.substr(done, splice.at - done));
      add(*splice.payload);
      done = splice.at;
    }
    add(bytes.substr(done));
  }
  void skip(size_t bytes) { skip_ = bytes; }

  ssize_t send_to(int fd) {
    msghdr message{};
    message.msg_iov = pieces_.data();
    message.msg_iovlen = count_;
    ssize_t n;
    do {
      n = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n;
  }

 private:
  std::array<iovec, limits::kPiecesPerWrite> pieces_;
  size_t count_ = 0;
  size_t skip_ = 0;
};

}  // namespace

StreamWriter::StreamWriter(Context& context, StreamKind kind, MemberId to, io::Fd fd,
                           std::unique_ptr<io::TlsSession> tls,
                           std::function<void(StreamWriter&)> gone)
    : context_(context),
      kind_(kind),
      to_(to),
      gone_(std::move(gone)),
      fd_(std::move(fd)),
      tls_(std::move(tls)),
      encoder_(kind) {}

StreamWriter::~StreamWriter() { CHECK(!watched_ && timer_ == 0); }

void StreamWriter::start(std::string_view head) {
  MutexLock hold(mutex_);
  progress_ = context_.clock.now();
  Chunk chunk;
  if (tls_) {
    tls_->write(head, chunk.head);
  } else {
    chunk.head = head;
  }
  context_.loop.add(fd_.get(), EPOLLIN, this);
  watched_ = true;
  timer_ = context_.loop.call_at(context_.loop.now() + limits::kLinkHeartbeat, [this] { beat(); });
  put(std::move(chunk));
}

StreamWriter::Chunk StreamWriter::chunk_of(FrameBuffer&& frames, size_t messages) {
  char head[32];
  const int n = std::snprintf(head, sizeof head, "%zx\r\n", frames.size());
  Chunk chunk;
  chunk.messages = messages;
  chunk.head.assign(head, static_cast<size_t>(n));
  if (!tls_) {
    chunk.frames = std::move(frames);
    chunk.tail = "\r\n";
    return chunk;
  }
  const std::string plain = std::exchange(chunk.head, {}) + frames.flat() + "\r\n";
  tls_->write(plain, chunk.head);
  return chunk;
}

StreamWriter::Sent StreamWriter::send(std::span<const raft::Message* const> messages,
                                      size_t& sent_bytes) {
  MutexLock hold(mutex_);
  if (dead_) return Sent::kDead;
  if (queued_bytes_ >= limits::kStreamQueueBytes ||
      queued_messages_ >= limits::kStreamQueueMessages)
    return Sent::kFull;
  FrameBuffer frames;
  for (const raft::Message* message : messages) encoder_.put(frames, *message);
  sent_bytes += frames.size();
  put(chunk_of(std::move(frames), messages.size()));
  return dead_ ? Sent::kDead : Sent::kTaken;
}

void StreamWriter::put(Chunk&& chunk) {
  const bool idle = queue_.empty();
  if (idle) progress_ = context_.clock.now();
  queued_bytes_ += chunk.size();
  queued_messages_ += chunk.messages;
  queue_.push_back(std::move(chunk));
  if (!idle) return;
  while (!dead_ && !queue_.empty() && write_front()) continue;
  if (dead_ || queue_.empty() || output_watched_) return;
  output_watched_ = true;
  context_.mailbox->post([self = shared_from_this()] { self->watch_output(); });
}

bool StreamWriter::write_front() {
  Chunk& front = queue_.front();
  Gather gather;
  gather.skip(front.written);
  gather.add(front.head);
  gather.add(front.frames);
  gather.add(front.tail);
  const ssize_t n = gather.send_to(fd_.get());
  if (n < 0 && errno == EAGAIN) return false;
  if (n <= 0) {
    die();
    return false;
  }
  progress_ = context_.clock.now();
  front.written += static_cast<size_t>(n);
  queued_bytes_ -= static_cast<size_t>(n);
  if (front.written < front.size()) return true;
  queued_messages_ -= front.messages;
  queue_.pop_front();
  return true;
}

// The loop finds out by itself later; senders must not try again meanwhile.
void StreamWriter::die() {
  if (dead_) return;
  dead_ = true;
  queue_.clear();
  queued_bytes_ = queued_messages_ = 0;
  context_.mailbox->post([self = shared_from_this()] {
    self->leave_loop();
    if (const auto gone = std::exchange(self->gone_, nullptr)) gone(*self);
  });
}

void StreamWriter::leave_loop() {
  context_.loop.cancel(std::exchange(timer_, 0));
  MutexLock hold(mutex_);
  if (watched_) context_.loop.remove(fd_.get());
  watched_ = false;
  fd_.reset();
}

void StreamWriter::close() {
  gone_ = nullptr;
  {
    MutexLock hold(mutex_);
    // The end of the body, if the socket takes it: the other side then knows that it was meant.
    if (!dead_ && queue_.empty()) {
      FrameBuffer nothing;
      put(chunk_of(std::move(nothing), 0));
    }
    dead_ = true;
    queue_.clear();
    queued_bytes_ = queued_messages_ = 0;
  }
  leave_loop();
}

void StreamWriter::watch_output() {
  MutexLock hold(mutex_);
  if (watched_ && !dead_) context_.loop.modify(fd_.get(), EPOLLIN | EPOLLOUT);
}

void StreamWriter::on_ready(uint32_t epoll_events) {
  const auto self = shared_from_this();
  if ((epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) discard_input();
  MutexLock hold(mutex_);
  if (dead_ || (epoll_events & EPOLLOUT) == 0) return;
  while (!dead_ && !queue_.empty() && write_front()) continue;
  if (dead_ || !queue_.empty()) return;
  output_watched_ = false;
  context_.loop.modify(fd_.get(), EPOLLIN);
}

// The other side has nothing to say on a stream; only its end is of interest.
void StreamWriter::discard_input() {
  MutexLock hold(mutex_);
  if (dead_) return;
  std::vector<char>& buffer = context_.cipher_scratch;
  const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return die();
  if (!tls_) return;
  Chunk answer;
  tls_->feed({buffer.data(), static_cast<size_t>(n)});
  while (tls_->read(context_.plain_scratch.data(), context_.plain_scratch.size(), answer.head) > 0)
    continue;
  if (!answer.head.empty()) put(std::move(answer));
  if (tls_->ended() || tls_->state() == io::TlsSession::State::kFailed) die();
}

void StreamWriter::beat() {
  timer_ = context_.loop.call_at(context_.loop.now() + limits::kLinkHeartbeat, [this] { beat(); });
  MutexLock hold(mutex_);
  if (dead_) return;
  if (!queue_.empty() && context_.clock.now() - progress_ > limits::kWriteStall) return die();
  if (queued_bytes_ >= limits::kStreamQueueBytes) return;
  FrameBuffer frames;
  encoder_.put_link_heartbeat(frames);
  put(chunk_of(std::move(frames), 0));
}

size_t StreamWriter::queued_bytes() const {
  MutexLock hold(mutex_);
  return queued_bytes_;
}

}  // namespace keelson::peer
