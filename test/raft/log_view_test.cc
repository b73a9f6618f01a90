#include "raft/log_view.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace keelson::raft {
namespace {

Entry entry(uint64_t index, uint64_t term, std::string text = "x") {
  return {Term(term), Index(index), EntryType::kNormal,
          std::make_shared<const std::string>(std::move(text))};
}

// Entries behind `base`, one for each term in `terms`; nothing committed beyond base.
LogView log_of(LogPosition base, const std::vector<uint64_t>& terms) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < terms.size(); ++i)
    entries.push_back(entry(base.index.value + 1 + i, terms[i]));
  return LogView(base, std::move(entries), base.index, base.index);
}

std::vector<uint64_t> terms_of(const LogView& log) {
  std::vector<uint64_t> terms;
  for (Index i = log.first_index(); i <= log.last_index(); i = i.next()) {
    terms.push_back(log.at(i).term.value);
  }
  return terms;
}

constexpr LogPosition kEmpty{};

// A wrong term at the edges would make two logs seem to agree.
TEST(LogView, term_is_known_from_base_to_last_only) {
  const LogView log = log_of({Index(5), Term(2)}, {2, 3});
  EXPECT_EQ(log.term_at(Index(4)), std::nullopt);
  EXPECT_EQ(log.term_at(Index(5)), Term(2));
  EXPECT_EQ(log.term_at(Index(7)), Term(3));
  EXPECT_EQ(log.term_at(Index(8)), std::nullopt);
  EXPECT_TRUE(log_of(kEmpty, {}).matches(kEmpty));
}

// Recovery may read entries that the store has already; they must not be stored twice.
TEST(LogView, start_leaves_out_what_lies_before_base) {
  const LogView log({Index(2), Term(1)}, {entry(1, 1), entry(2, 1), entry(3, 2)}, Index(2),
                    Index(3));
  EXPECT_EQ(log.first_index(), Index(3));
  EXPECT_EQ(terms_of(log), std::vector<uint64_t>{2});
  EXPECT_EQ(log.stable(), Index(3));
  log.check_invariants();
}

// Data was lost or two directories were mixed up: nothing may start on that.
TEST(LogViewDeath, start_behind_its_marks_dies) {
  EXPECT_DEATH(LogView(kEmpty, {entry(1, 1)}, Index(0), Index(2)), "commit <= last_index");
  EXPECT_DEATH(LogView(kEmpty, {entry(2, 1)}, Index(0), Index(0)), "entry.index ==");
  EXPECT_DEATH(LogView({Index(1), Term(2)}, {entry(1, 1)}, Index(1), Index(1)), "entry.term ==");
}

// A late duplicate of an early append must not cut off what came after it.
TEST(LogView, splice_duplicate_keeps_the_tail) {
  LogView log = log_of(kEmpty, {1, 1, 2});
  EXPECT_EQ(log.splice({entry(1, 1), entry(2, 1)}), std::nullopt);
  EXPECT_EQ(terms_of(log), (std::vector<uint64_t>{1, 1, 2}));
  EXPECT_EQ(log.splice({}), std::nullopt);
  EXPECT_EQ(log.last_index(), Index(3));
}

// The first differing term ends the agreement; everything behind it goes, and is no longer stable.
TEST(LogView, splice_conflict_replaces_from_the_first_differing_term) {
  LogView log = log_of(kEmpty, {1, 1, 1, 1});
  EXPECT_EQ(log.splice({entry(2, 1), entry(3, 2)}), Index(3));
  EXPECT_EQ(terms_of(log), (std::vector<uint64_t>{1, 1, 2}));
  EXPECT_EQ(log.stable(), Index(2));
  EXPECT_EQ(log.taken(), Index(2));
  log.check_invariants();
}

// Two appends of one turn: what the log thread never saw must not be counted as under way.
TEST(LogView, splice_conflict_in_untaken_entries_keeps_the_byte_count) {
  LogView log = log_of(kEmpty, {1});
  log.splice({entry(2, 1, std::string(100, 'a')), entry(3, 1)});
  log.splice({entry(2, 2), entry(3, 2)});
  log.check_invariants();
  EXPECT_EQ(log.untaken_bytes(), encoded_size(entry(2, 2)) + encoded_size(entry(3, 2)));
}

// Two members disagree on something committed: better dead than wrong.
TEST(LogViewDeath, splice_conflict_below_commit_dies) {
  LogView log = log_of(kEmpty, {1, 1});
  log.commit_to(Index(2));
  EXPECT_DEATH(log.splice({entry(2, 2)}), "index > commit_");
}

// A leader counts on entries that this member had acknowledged and lost.
TEST(LogViewDeath, commit_behind_the_end_dies) {
  LogView log = log_of(kEmpty, {1});
  EXPECT_DEATH(log.commit_to(Index(2)), "index <= last_index");
}

// The longer log is not the newer one (thesis 3.6.1).
TEST(LogView, is_behind_compares_terms_before_lengths) {
  const LogView log = log_of(kEmpty, {1, 2, 2});
  EXPECT_TRUE(log.is_behind({Index(3), Term(2)}));
  EXPECT_TRUE(log.is_behind({Index(1), Term(3)}));
  EXPECT_FALSE(log.is_behind({Index(2), Term(2)}));
  EXPECT_FALSE(log.is_behind({Index(9), Term(1)}));
}

// The hint skips a whole term at a time and says 0 where nothing is known.
TEST(LogView, agreement_walks_down_to_the_term) {
  const LogView log = log_of({Index(4), Term(2)}, {3, 3, 5, 5});
  EXPECT_EQ(log.agreement_at_most(Index(99), Term(9)), (LogPosition{Index(8), Term(5)}));
  EXPECT_EQ(log.agreement_at_most(Index(8), Term(4)), (LogPosition{Index(6), Term(3)}));
  EXPECT_EQ(log.agreement_at_most(Index(8), Term(2)), (LogPosition{Index(4), Term(2)}));
  EXPECT_EQ(log.agreement_at_most(Index(8), Term(1)), (LogPosition{Index(3), Term(0)}));
  EXPECT_EQ(log.agreement_at_most(Index(2), Term(9)), (LogPosition{Index(2), Term(0)}));
  EXPECT_EQ(log_of(kEmpty, {}).agreement_at_most(Index(7), Term(1)), kEmpty);
}

// One entry always fits: a large one must not block the follower for ever.
TEST(LogView, end_within_takes_at_least_one_entry) {
  LogView log = log_of(kEmpty, {});
  for (uint64_t i = 1; i <= 4; ++i) log.push(entry(i, 1, std::string(50, 'a')));
  const uint64_t one = encoded_size(log.at(Index(1)));
  uint64_t bytes = 0;
  EXPECT_EQ(log.end_within(Index(1), 0, &bytes), Index(1));
  EXPECT_EQ(bytes, one);
  EXPECT_EQ(log.end_within(Index(1), 2 * one, &bytes), Index(2));
  EXPECT_EQ(log.end_within(Index(2), 100 * one, &bytes), Index(4));
  EXPECT_EQ(bytes, 3 * one);
}

// What an entry counts is what raftpb writes: tag and varint each, no type for normal entries.
TEST(LogView, encoded_size_is_that_of_raftpb) {
  EXPECT_EQ(encoded_size({Term(2), Index(4), EntryType::kNormal, nullptr}), 4u);
  EXPECT_EQ(encoded_size({Term(2), Index(300), EntryType::kConfChange, nullptr}), 7u);
  EXPECT_EQ(encoded_size(entry(8, 2, std::string(30, 'x'))), 4u + 2 + 30);
}

// Marks move once and forward: nothing is handed out twice.
TEST(LogView, take_hands_out_each_entry_once) {
  LogView log = log_of(kEmpty, {});
  log.push(entry(1, 1));
  log.push(entry(2, 1));
  std::vector<Entry> taken;
  EXPECT_TRUE(log.take_untaken(taken));
  EXPECT_FALSE(log.take_untaken(taken));
  EXPECT_EQ(taken.size(), 2u);
  log.commit_to(Index(1));
  std::vector<Entry> committed;
  EXPECT_TRUE(log.take_committed(committed));
  EXPECT_FALSE(log.take_committed(committed));
  EXPECT_EQ(committed.size(), 1u);
  log.check_invariants();
}

// The tail beyond the old commit may come from another history; nobody may count on it any more.
TEST(LogView, reset_forgets_everything_but_the_snapshot) {
  LogView log = log_of(kEmpty, {1, 1, 1, 1});
  log.commit_to(Index(1));
  log.reset({Index(3), Term(4)});
  EXPECT_EQ(log.stable(), Index(1));
  EXPECT_EQ(log.last_index(), Index(3));
  EXPECT_EQ(log.commit(), Index(3));
  EXPECT_TRUE(log.installing());
  log.apply_to(Index(3));
  EXPECT_FALSE(log.installing());
  log.check_invariants();
}

// Compaction must leave the term at its index: the next append is compared with it.
TEST(LogView, compact_keeps_the_term_of_the_base) {
  LogView log = log_of(kEmpty, {1, 2, 3});
  log.commit_to(Index(2));
  std::vector<Entry> out;
  log.take_committed(out);
  log.apply_to(Index(2));
  log.compact(Index(2));
  log.compact(Index(1));
  EXPECT_EQ(log.base(), (LogPosition{Index(2), Term(2)}));
  EXPECT_EQ(terms_of(log), std::vector<uint64_t>{3});
  EXPECT_DEATH(log.compact(Index(3)), "index <= applied_");
}

// Against a plain vector of terms: splice keeps what agrees, replaces the rest.
TEST(LogView, splice_equals_its_slow_twin) {
  SeededRng rng(7);
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint64_t> mine;
    for (uint64_t i = 0, term = 1; i < rng.below(8); ++i) mine.push_back(term += rng.below(2));
    const uint64_t start = rng.below(mine.size() + 1);
    std::vector<uint64_t> sent;
    uint64_t term = start == 0 ? 1 : mine[start - 1];
    for (uint64_t i = 0; i < rng.below(6); ++i) sent.push_back(term += rng.below(3));
    LogView log = log_of(kEmpty, mine);
    std::vector<Entry> entries;
    for (size_t i = 0; i < sent.size(); ++i) entries.push_back(entry(start + 1 + i, sent[i]));
    log.splice(entries);
    for (size_t i = 0; i < sent.size(); ++i) {
      if (start + i < mine.size() && mine[start + i] == sent[i]) continue;
      mine.resize(start + i);
      mine.push_back(sent[i]);
    }
    ASSERT_EQ(terms_of(log), mine);
    log.check_invariants();
  }
}

}  // namespace
}  // namespace keelson::raft
