// What the streaming calls share: the end when there is no leader, and nothing sent after the end.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "rpc/leader_monitor.h"
#include "rpc/loop.h"

namespace keelson::rpc {

class Stream : public Handler, public NeedsLeader {
 public:
  Stream(Loop& loop, Call& call) : loop_(loop), call_(call) {
    if (call.metadata("hasleader") == "true") loop.leader_monitor().add(*this);
  }
  void on_no_leader() override;
  void on_cancel() override { ended_ = true; }

 protected:
  void end(const Status& status) {
    if (std::exchange(ended_, true)) return;
    call_.finish(status);
  }
  bool ended() const { return ended_; }

  Loop& loop_;
  Call& call_;

 private:
  bool ended_ = false;
};

// A stream of answers that the node makes one at a time: the next one is asked for when the last
// has room to leave, so a slow reader costs one answer of memory.
class PullStream : public Stream {
 public:
  using Stream::Stream;
  ~PullStream() override;
  void on_message(std::string_view bytes) override;
  void on_half_close() override;
  void on_answer(node::Answer&& answer) override;
  void on_drained() override;

 protected:
  // Looks at the request and asks for the first answer; an error ends the stream.
  virtual Status open(std::string_view request) = 0;
  virtual void ask_for_more() = 0;

 private:
  enum class State : uint8_t { kNew, kAsked, kHeldBack, kDone };
  void go_on();

  // Taken early: the call may be half gone when this is destroyed.
  const node::ReplyTo address_ = call_.reply_to();
  State state_ = State::kNew;
};

std::unique_ptr<Handler> make_range_stream(Loop& loop, Call& call);
std::unique_ptr<Handler> make_snapshot_stream(Loop& loop, Call& call);

}  // namespace keelson::rpc
