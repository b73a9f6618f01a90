#include "raft/outbox.h"

#include <gtest/gtest.h>

namespace keelson::raft {
namespace {

Message answer(uint64_t to, uint64_t index, bool reject = false) {
  Message m;
  m.type = MessageType::kAppResp;
  m.to = MemberId(to);
  m.index = Index(index);
  m.reject = reject;
  return m;
}

// A promise that leaves early is worth nothing after a crash.
TEST(Outbox, held_message_leaves_with_its_batch) {
  Outbox box;
  box.send_after(2, Term(1), answer(1, 5));
  box.release(1, Term(1), Index(9));
  EXPECT_TRUE(box.empty());
  box.release(2, Term(1), Index(9));
  EXPECT_EQ(box.take().size(), 1u);
  EXPECT_TRUE(box.empty());
}

// The old leader would count entries that a newer one has replaced.
TEST(Outbox, held_message_dies_with_its_term) {
  Outbox box;
  box.send_after(1, Term(1), answer(1, 5));
  box.release(1, Term(2), Index(9));
  EXPECT_TRUE(box.empty());
  EXPECT_EQ(box.held(), 0u);
}

// An answer never says more than what is durable.
TEST(Outbox, positive_answer_is_cut_to_stable) {
  Outbox box;
  box.send_after(1, Term(1), answer(1, 5));
  box.send_after(1, Term(1), answer(1, 5, true));
  box.release(1, Term(1), Index(3));
  const auto out = box.take();
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].index, Index(3));
  EXPECT_EQ(out[1].index, Index(5));
}

// A turn with many appends gives one answer; refusals and other receivers stand apart.
TEST(Outbox, positive_answers_of_one_batch_merge) {
  Outbox box;
  box.send_after(1, Term(1), answer(1, 5));
  box.send_after(1, Term(1), answer(1, 7));
  box.send_after(1, Term(1), answer(1, 6));
  EXPECT_EQ(box.held(), 1u);
  box.send_after(1, Term(1), answer(2, 6));
  box.send_after(1, Term(1), answer(2, 6, true));
  box.send_after(2, Term(1), answer(2, 8));
  EXPECT_EQ(box.held(), 4u);
  box.release(1, Term(1), Index(9));
  EXPECT_EQ(box.take().at(0).index, Index(7));
}

}  // namespace
}  // namespace keelson::raft
