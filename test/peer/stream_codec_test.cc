// The two streams: recorded bytes, any cut, hostile lengths, the order of appends.
#include "peer/stream_codec.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "peer/hex.h"

namespace keelson::peer::test {
namespace {

using raft::Message;
using raft::MessageType;

Message append(uint64_t term, uint64_t log_term, uint64_t index, size_t entries, uint64_t commit) {
  Message m;
  m.type = MessageType::kApp;
  m.from = MemberId(kIdB);
  m.to = MemberId(kIdA);
  m.term = Term(term);
  m.log_term = Term(log_term);
  m.index = Index(index);
  m.commit = Index(commit);
  for (size_t i = 0; i < entries; i++) {
    raft::Entry& e = m.entries.emplace_back();
    e.term = Term(term);
    e.index = Index(index + 1 + i);
  }
  return m;
}

struct Streams {
  StreamEncoder encoder{StreamKind::kMsgApp};
  StreamDecoder decoder{StreamKind::kMsgApp, MemberId(kIdB), MemberId(kIdA)};
  std::string put(const Message& m) {
    FrameBuffer out;
    encoder.put(out, m);
    return out.flat();
  }
};

TEST(StreamCodecTest, MsgAppFrames_AreAsRecorded) {
  Streams s;
  EXPECT_EQ(hex_bytes(s.put(append(2, 1, 3, 1, 3))),
            "020000000000000025080310eabf82a59fc193a32d18d893aeb2dea3dbddff0120022801"
            "30033a04100218044003");
  Message next = append(2, 2, 4, 1, 4);
  next.entries[0].data = std::make_shared<const std::string>(
      unhex("a2060b0882a6cdcfdfbfa8ec8901a251070a05332e372e30"));
  EXPECT_EQ(hex_bytes(s.put(next)),
            "010000000000000001000000000000001e100218052218a2060b0882a6cdcfdfbfa8ec8901"
            "a251070a05332e372e300000000000000004");
  EXPECT_EQ(hex_bytes(s.put(append(2, 2, 5, 0, 7))), "0100000000000000000000000000000007");
  FrameBuffer beat;
  s.encoder.put_link_heartbeat(beat);
  EXPECT_EQ(hex_bytes(beat.flat()), "00");
}

TEST(StreamCodecTest, MessageLinkHeartbeat_IsAsRecordedAndSwallowed) {
  FrameBuffer beat;
  StreamEncoder(StreamKind::kMessage).put_link_heartbeat(beat);
  EXPECT_EQ(hex_bytes(beat.flat()), "00000000000000020808");
  StreamDecoder decoder(StreamKind::kMessage, MemberId(kIdB), MemberId(kIdA));
  std::vector<Message> out;
  EXPECT_TRUE(decoder.feed(beat.flat(), out));
  EXPECT_TRUE(decoder.feed(unhex("0000000000000000"), out));  // an empty message: type 0, local
  EXPECT_TRUE(out.empty());
}

// Frames come in any pieces, with headers left out where both sides know them.
TEST(StreamCodecTest, AnyCut_GivesTheSameMessages) {
  Streams s;
  const std::vector<Message> sent = {append(2, 1, 3, 2, 3), append(2, 2, 5, 3, 5),
                                     append(2, 2, 8, 0, 8), append(3, 2, 8, 1, 8),
                                     append(3, 3, 9, 1, 9)};
  FrameBuffer bytes;
  for (const Message& m : sent) {
    s.encoder.put(bytes, m);
    s.encoder.put_link_heartbeat(bytes);
  }
  for (size_t cut = 1; cut <= bytes.size(); cut++) {
    StreamDecoder decoder(StreamKind::kMsgApp, MemberId(kIdB), MemberId(kIdA));
    std::vector<Message> got;
    const std::string all = bytes.flat();
    for (size_t at = 0; at < all.size(); at += cut)
      ASSERT_TRUE(decoder.feed(std::string_view(all).substr(at, cut), got));
    ASSERT_EQ(got.size(), sent.size());
    for (size_t i = 0; i < sent.size(); i++) {
      EXPECT_EQ(got[i].entries, sent[i].entries);
      EXPECT_EQ(got[i].index, sent[i].index);
      EXPECT_EQ(got[i].term, sent[i].term);
      EXPECT_EQ(got[i].log_term, sent[i].log_term);
      EXPECT_EQ(got[i].commit, sent[i].commit);
      EXPECT_EQ(got[i].from, sent[i].from);
    }
  }
}

// A length says nothing about memory before its bytes are there.
TEST(StreamCodecTest, AnnouncedBytes_TakeNoMemory) {
  Streams s;
  std::vector<Message> out;
  EXPECT_TRUE(s.decoder.feed(unhex("02000000001fffffff"), out));
  EXPECT_LE(s.decoder.buffered_bytes(), 16u);
  StreamDecoder many(StreamKind::kMsgApp, MemberId(1), MemberId(2));
  EXPECT_TRUE(many.feed(unhex("01ffffffffffffffff"), out));
  EXPECT_TRUE(out.empty());
}

TEST(StreamCodecTest, Garbage_EndsTheStream) {
  for (const char* bad : {"03", "48545450", "020000000020000001",
                          "0100000000000000010000000020000001", "020000000000000002ffff",
                          "0200000000000000020808", "01000000000000000100000000000000020802"}) {
    StreamDecoder decoder(StreamKind::kMsgApp, MemberId(1), MemberId(2));
    std::vector<Message> out;
    EXPECT_FALSE(decoder.feed(unhex(bad), out)) << bad;
  }
  StreamDecoder decoder(StreamKind::kMessage, MemberId(1), MemberId(2));
  std::vector<Message> out;
  EXPECT_FALSE(decoder.feed(unhex("0000000020000001"), out));
}

// 3.7.1 sends a batch last message first; what is no append keeps its place.
TEST(StreamCodecTest, ReversedAppends_AreSorted) {
  std::vector<Message> batch = {append(2, 2, 9, 1, 5), Message(), append(2, 2, 7, 2, 5),
                                append(2, 2, 5, 2, 5)};
  batch[1].type = MessageType::kHeartbeat;
  sort_appends(batch);
  EXPECT_EQ(batch[0].index, Index(5));
  EXPECT_EQ(batch[1].type, MessageType::kHeartbeat);
  EXPECT_EQ(batch[2].index, Index(7));
  EXPECT_EQ(batch[3].index, Index(9));
}

}  // namespace
}  // namespace keelson::peer::test
