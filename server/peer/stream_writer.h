// The sending end of one stream: the endless chunked body of an answer to a member that dialed us.
//
// send() writes to the socket from the calling thread while nothing is queued, so that a message
// costs no wake-up of another thread; what the socket does not take is queued and goes on from the
// loop. The mutex is held for one encoding and one non-blocking write.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/mutex.h"
#include "io/event_loop.h"
#include "io/socket.h"
#include "io/tls.h"
#include "peer/context.h"
#include "peer/stream_codec.h"

namespace keelson::peer {

class StreamWriter final : public io::FdHandler, public std::enable_shared_from_this<StreamWriter> {
 public:
  // `gone` runs on the loop, once, when the connection has ended by itself (not by close()).
  StreamWriter(Context& context, StreamKind kind, MemberId to, io::Fd fd,
               std::unique_ptr<io::TlsSession> tls, std::function<void(StreamWriter&)> gone);
  ~StreamWriter() override;
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;

  enum class Sent {
    kTaken,
    kFull,  // dropped: too much is queued
    kDead,  // dropped: the connection has ended
  };
  // Any thread. All messages leave in one write; `sent_bytes` grows by their size.
  Sent send(std::span<const raft::Message* const> messages, size_t& sent_bytes);

  // The loop's:
  void start(std::string_view head);  // the answer's head, then link heartbeats
  void close();                       // says good-bye; no callback follows
  void on_ready(uint32_t epoll_events) override;

  StreamKind kind() const { return kind_; }
  size_t queued_bytes() const;

 private:
  // Bytes on their way: `head`, the frames, `tail`.
  struct Chunk {
    std::string head;
    FrameBuffer frames;
    std::string_view tail;
    size_t messages = 0;
    size_t written = 0;
    size_t size() const { return head.size() + frames.size() + tail.size(); }
  };

  void beat();
  void put(Chunk&& chunk) REQUIRES(mutex_);
  Chunk chunk_of(FrameBuffer&& frames, size_t messages) REQUIRES(mutex_);
  bool write_front() REQUIRES(mutex_);  // false: nothing more goes out now
  void die() REQUIRES(mutex_);
  void discard_input();
  void watch_output();
  void leave_loop();

  Context& context_;
  const StreamKind kind_;
  const MemberId to_;
  std::function<void(StreamWriter&)> gone_;  // the loop's
  io::TimerId timer_ = 0;                    // the loop's
  bool watched_ = false;                     // the loop's

  mutable Mutex mutex_;
  io::Fd fd_ GUARDED_BY(mutex_);
  std::unique_ptr<io::TlsSession> tls_ GUARDED_BY(mutex_);
  StreamEncoder encoder_ GUARDED_BY(mutex_);
  std::deque<Chunk> queue_ GUARDED_BY(mutex_);
  size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  size_t queued_messages_ GUARDED_BY(mutex_) = 0;
  bool dead_ GUARDED_BY(mutex_) = false;
  bool output_watched_ GUARDED_BY(mutex_) = false;
  TimePoint progress_ GUARDED_BY(mutex_){};  // when the socket last took something
};

}  // namespace keelson::peer
