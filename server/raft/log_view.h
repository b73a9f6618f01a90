// The tail of the log that is in memory, with the marks that the machine keeps on it:
//
//   base <= applied <= handed <= commit <= last     base: last entry dropped or inside the snapshot
//   stable <= taken <= last                         taken: given to the log thread, stable: synced
//
// (applied lies below base only while a received snapshot is being installed.) One owner thread.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "raft/types.h"

namespace keelson::raft {

// Bytes of the entry as raftpb encodes it today (peer.md 4), which is what append limits count.
inline uint64_t encoded_size(const Entry& entry) {
  const auto size = [](uint64_t v) { return static_cast<uint64_t>(varint_size(v)); };
  uint64_t bytes = 2 + size(entry.term.value) + size(entry.index.value);
  if (entry.type != EntryType::kNormal) bytes += 2;
  if (entry.data) bytes += 1 + size(entry.data->size()) + entry.data->size();
  return bytes;
}

// A place in a log. Term 0: the term is not known (nothing there, or dropped).
struct LogPosition {
  Index index;
  Term term;
  bool operator==(const LogPosition&) const = default;
};

class LogView {
 public:
  // Entries at or below `base` are left out; the rest must follow it without a gap. All of them are
  // on disk.
  LogView(LogPosition base, std::vector<Entry> entries, Index applied, Index commit);

  LogPosition base() const { return base_; }
  Index first_index() const { return base_.index.next(); }
  Index last_index() const { return base_.index.plus(entries_.size()); }
  Term last_term() const { return entries_.empty() ? base_.term : entries_.back().term; }
  Index commit() const { return commit_; }
  Index applied() const { return applied_; }
  Index handed() const { return handed_; }
  Index stable() const { return stable_; }
  Index taken() const { return taken_; }
  uint64_t untaken_bytes() const { return untaken_bytes_; }
  bool installing() const { return applied_ < base_.index; }

  // The term of the entry; nothing where this log cannot say (before base, behind the end).
  std::optional<Term> term_at(Index index) const;
  bool matches(LogPosition p) const { return term_at(p.index) == p.term; }
  const Entry& at(Index index) const;
  // A candidate whose log ends at `end` holds everything committed that this log holds
  // (thesis 3.6.1).
  bool is_behind(LogPosition end) const;
  // The last position at or below `index` whose term is at most `term`: below it two logs may
  // agree.
  LogPosition agreement_at_most(Index index, Term term) const;
  // The last index such that [first, it] encodes to at most `bytes_max`, at least `first`.
  Index end_within(Index first, uint64_t bytes_max, uint64_t* bytes) const;
  void copy(Index first, Index last, std::vector<Entry>& out) const;
  bool has_conf_change(Index first, Index last) const;

  // Appends one entry behind the end; its index must be last + 1.
  void push(Entry entry);
  // Stores what a leader sent behind a matching entry. What is there already stays; from the first
  // entry of another term on the tail is replaced, and the index of that entry is returned. A
  // replacement at or below commit means that two members disagree: CHECK.
  std::optional<Index> splice(std::vector<Entry> entries);
  // A received snapshot replaces everything.
  void reset(LogPosition base);
  void compact(Index index);

  void commit_to(Index index);
  void apply_to(Index index);
  void set_stable(Index index);
  // Moves the mark and copies what lies between; returns false when there is nothing.
  bool take_untaken(std::vector<Entry>& out);
  bool take_committed(std::vector<Entry>& out);

  void check_invariants() const;

 private:
  size_t offset(Index index) const { return index.value - base_.index.value - 1; }
  void truncate_from(Index index);

  LogPosition base_;
  std::deque<Entry> entries_;
  Index applied_;
  Index handed_;
  Index commit_;
  Index stable_;
  Index taken_;
  uint64_t untaken_bytes_ = 0;
};

}  // namespace keelson::raft
