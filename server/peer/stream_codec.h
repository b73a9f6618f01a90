// The two kinds of streams between members (reference peer.md sections 3.1 and 3.2): messages to
// bytes, and bytes in any pieces to messages. No sockets. Memory grows with what has arrived, never
// with what a length announces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "peer/raftpb.h"
#include "raft/types.h"

namespace keelson::peer {

enum class StreamKind : uint8_t { kMsgApp, kMessage };

// The state both ends of a msgapp stream keep, so that most appends need no header.
struct AppPosition {
  Term term;
  Index index;
};

// One stream's sending end. One user at a time.
class StreamEncoder {
 public:
  explicit StreamEncoder(StreamKind kind) : kind_(kind) {}
  // A msgapp stream takes MsgApp alone.
  void put(FrameBuffer& out, const raft::Message& message);
  void put_link_heartbeat(FrameBuffer& out) const;

 private:
  void put_app(FrameBuffer& out, const raft::Message& message);

  const StreamKind kind_;
  AppPosition position_;
};

// One stream's receiving end.
class StreamDecoder {
 public:
  // Short frames leave out who speaks: `remote` is the member that was dialed, `local` this one.
  StreamDecoder(StreamKind kind, MemberId remote, MemberId local)
      : kind_(kind), remote_(remote), local_(local) {}

  // Appends what is complete now to `out`, without link heartbeats and what is to be ignored.
  // False: the bytes are no such stream; it cannot go on.
  bool feed(std::string_view bytes, std::vector<raft::Message>& out);
  size_t buffered_bytes() const { return buffer_.size(); }

 private:
  enum class Expect : uint8_t { kFrame, kCount, kEntryLength, kEntry, kCommit, kLength, kMessage };

  bool step(std::string_view piece, std::vector<raft::Message>& out);
  bool start_frame(uint8_t type);
  bool expect_entry();
  bool take_entry(std::string_view piece);
  void finish_append(Index commit, std::vector<raft::Message>& out);
  bool take_message(std::string_view piece, std::vector<raft::Message>& out);
  bool expect_length(uint64_t length, Expect next);
  void expect(Expect what, uint64_t bytes);

  const StreamKind kind_;
  const MemberId remote_, local_;
  AppPosition position_;
  std::string buffer_;  // the beginning of a piece that is not complete
  Expect expected_ = Expect::kFrame;
  uint64_t needed_ = 0;  // bytes of the expected piece
  bool begun_ = false;
  uint64_t entries_left_ = 0;
  uint64_t cost_ = 0;  // of the short frame so far
  std::vector<raft::Entry> entries_;
};

// Members of 3.7.1 send the messages of one batch in reverse: appends are put in the order of their
// index, in the places where appends stood; everything else stays where it is.
void sort_appends(std::vector<raft::Message>& messages);

}  // namespace keelson::peer
