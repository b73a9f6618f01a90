// raftpb against bytes that were recorded between stock members, and against damage.
#include "peer/raftpb.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "peer/hex.h"

namespace keelson::peer::test {
namespace {

using raft::Message;
using raft::MessageType;

std::string encode(const Message& m, std::string_view data = {}) {
  FrameBuffer out;
  put_message(out, m, data);
  EXPECT_EQ(out.size(), message_size(m, data));
  return out.flat();
}

Message of(MessageType type, uint64_t from, uint64_t to, uint64_t term = 0) {
  Message m;
  m.type = type;
  m.from = MemberId(from);
  m.to = MemberId(to);
  m.term = Term(term);
  return m;
}

raft::Entry entry(std::string data, uint64_t term = 0, uint64_t index = 0) {
  raft::Entry e;
  e.term = Term(term);
  e.index = Index(index);
  if (!data.empty()) e.data = std::make_shared<const std::string>(std::move(data));
  return e;
}

// What the sender in Go wrote is what we write, and we read the same back.
void expect_golden(const Message& m, const std::string& recorded) {
  const std::string bytes = unhex(recorded);
  EXPECT_EQ(hex_bytes(encode(m)), hex_bytes(bytes));
  Message back;
  ASSERT_EQ(get_message(bytes, back), Decoded::kMessage);
  EXPECT_EQ(hex_bytes(encode(back)), hex_bytes(bytes));
  EXPECT_EQ(back.entries, m.entries);
  EXPECT_EQ(back.context, m.context);
}

TEST(RaftpbTest, Votes_AreAsRecorded) {
  Message ask = of(MessageType::kPreVote, kIdB, kIdA, 2);
  ask.log_term = Term(1);
  ask.index = Index(3);
  expect_golden(ask, "0811 10" + kA + "18" + kB + "200228013003");
  expect_golden(of(MessageType::kPreVoteResp, kIdA, kIdB, 2), "0812 10" + kB + "18" + kA + "2002");
  Message refusal = of(MessageType::kVoteResp, kIdC, kIdB, 2);
  refusal.reject = true;
  expect_golden(refusal, "0806 10" + kB + "18" + kC + "20025001");
  Message transfer = of(MessageType::kVote, kIdC, kIdB, 3);
  transfer.log_term = Term(2);
  transfer.index = Index(15);
  transfer.context = "CampaignTransfer";
  expect_golden(transfer,
                "0805 10" + kB + "18" + kC + "20032802300f621043616d706169676e5472616e73666572");
  expect_golden(of(MessageType::kTimeoutNow, kIdB, kIdA, 2), "080e10" + kA + "18" + kB + "2002");
}

TEST(RaftpbTest, AppendsAndAnswers_AreAsRecorded) {
  Message append = of(MessageType::kApp, kIdB, kIdA, 2);
  append.log_term = Term(1);
  append.index = Index(3);
  append.entries.push_back(entry("", 2, 4));
  append.commit = Index(3);
  expect_golden(append, "080310" + kA + "18" + kB + "2002280130033a04100218044003");
  Message good = of(MessageType::kAppResp, kIdA, kIdB, 2);
  good.index = Index(4);
  expect_golden(good, "0804 10" + kB + "18" + kA + "20023004");
  Message reject = of(MessageType::kAppResp, kIdC, kIdA, 3);
  reject.reject = true;
  reject.index = Index(0x1ec);
  expect_golden(reject, "0804 10" + kA + "18" + kC + "2003 2800 30ec03 5001 5800");
}

TEST(RaftpbTest, ProposalsReadsAndHeartbeats_AreAsRecorded) {
  Message read = of(MessageType::kReadIndex, kIdA, kIdB);
  read.entries.push_back(entry(unhex("9feaa1fdf9f34403")));
  expect_golden(read, "080f 10" + kB + "18" + kA + "3a0a22089feaa1fdf9f34403");
  Message answer = of(MessageType::kReadIndexResp, kIdB, kIdA, 2);
  answer.index = Index(9);
  answer.entries = read.entries;
  expect_golden(answer, "0810 10" + kA + "18" + kB + "200230093a0a22089feaa1fdf9f34403");
  Message beat = of(MessageType::kHeartbeat, kIdB, kIdA, 2);
  beat.commit = Index(9);
  beat.context = unhex("0100000000000000");
  expect_golden(beat, "0808 10" + kA + "18" + kB + "2002400962080100000000000000");
  Message early = of(MessageType::kHeartbeat, kIdA, 0x4616be96552be0eb, 3);
  expect_golden(early, "080810ebc1afa9e5d2af8b4618eabf82a59fc193a32d20034000");
  Message proposal = of(MessageType::kProp, kIdA, kIdB);
  proposal.entries.push_back(entry(std::string(26, 'x')));
  const std::string bytes = encode(proposal);
  EXPECT_EQ(hex_bytes(bytes.substr(0, bytes.size() - 26)),
            "0802"
            "10" +
                kB + "18" + kA + "3a1c221a");
}

TEST(RaftpbTest, SnapshotMessage_IsAsRecorded) {
  Message m = of(MessageType::kSnap, kIdA, kIdC, 3);
  m.snapshot.index = Index(179);
  m.snapshot.term = Term(3);
  m.snapshot.conf.voters = {MemberId(kIdA), MemberId(kIdC), MemberId(kIdB)};
  const std::string bytes = encode(m, "{\"Root\"");
  const std::string metadata = "0a22 08" + kA + "08" + kC + "08" + kB + "2800 10b301 1803";
  EXPECT_TRUE(bytes.ends_with(unhex(metadata))) << hex_bytes(bytes);
  Message back;
  ASSERT_EQ(get_message(bytes, back), Decoded::kMessage);
  EXPECT_EQ(back.snapshot, m.snapshot);
}

// Members of 3.5 and 3.6 write all scalars, and an empty snapshot into every message.
TEST(RaftpbTest, OlderMembersMessages_AreRead) {
  Message m;
  ASSERT_EQ(get_message(unhex("0808100018002000280030004000500058006800"), m), Decoded::kMessage);
  EXPECT_TRUE(is_link_heartbeat(m));
  Message old;
  ASSERT_EQ(get_message(unhex("08081000180020002800300040004a0a12080a0228001000180050005800"), old),
            Decoded::kMessage);
  EXPECT_TRUE(is_link_heartbeat(old));
}

// What only exists inside a process, or is unknown, is dropped; what cannot be understood is
// damage.
TEST(RaftpbTest, LocalAndBrokenMessages_AreTold) {
  Message m;
  for (const char* local :
       {"0800", "0801", "080a", "080b", "080c", "0813", "0816", "0817", "08ff01"})
    EXPECT_EQ(get_message(unhex(local), m), Decoded::kIgnored) << local;
  for (const char* broken : {"0808 10", "0a02 0808", "0803 3a03 0802 18", "0807 4a04 1202 0a05",
                             "0803 3a02 0802", "08"}) {
    Message out;
    EXPECT_EQ(get_message(unhex(broken), out), Decoded::kMalformed) << broken;
  }
}

// Any bytes at all must be survived.
TEST(RaftpbTest, RandomAndCutBytes_NeverCrash) {
  SeededRng rng(11);
  Message m = of(MessageType::kApp, kIdA, kIdB, 7);
  for (int i = 0; i < 5; i++) m.entries.push_back(entry(std::string(20, 'd'), 7, 1));
  const std::string good = encode(m);
  for (int i = 0; i < 20'000; i++) {
    std::string bytes = good.substr(0, rng.below(good.size() + 1));
    for (int flips = 0; flips < 3 && !bytes.empty(); flips++)
      bytes[rng.below(bytes.size())] = static_cast<char>(rng.next());
    Message out;
    (void)get_message(bytes, out);
  }
}

// Large payloads are not copied on the way to the socket.
TEST(RaftpbTest, LargePayload_IsReferredTo) {
  Message m = of(MessageType::kApp, kIdA, kIdB, 7);
  m.entries.push_back(entry(std::string(100'000, 'p'), 7, 1));
  m.entries.push_back(entry("small", 7, 2));
  FrameBuffer out;
  put_message(out, m);
  ASSERT_EQ(out.splices().size(), 1u);
  EXPECT_EQ(out.splices()[0].payload, m.entries[0].data);
  Message back;
  ASSERT_EQ(get_message(out.flat(), back), Decoded::kMessage);
  EXPECT_EQ(back.entries, m.entries);
}

}  // namespace
}  // namespace keelson::peer::test
