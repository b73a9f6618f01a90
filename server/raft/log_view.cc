#include "raft/log_view.h"

#include <algorithm>
#include <utility>

namespace keelson::raft {

LogView::LogView(LogPosition base, std::vector<Entry> entries, Index applied, Index commit)
    : base_(base), applied_(applied), handed_(applied), commit_(commit) {
  for (Entry& entry : entries) {
    if (entry.index < base.index) continue;
    if (entry.index == base.index) {
      CHECK(entry.term == base.term);
      continue;
    }
    CHECK(entry.index == last_index().next());
    CHECK(entry.term >= last_term());
    entries_.push_back(std::move(entry));
  }
  CHECK(base.index <= applied);
  CHECK(applied <= commit);
  CHECK(commit <= last_index());  // the store or the commit mark is ahead of the log: data was lost
  stable_ = taken_ = last_index();
}

std::optional<Term> LogView::term_at(Index index) const {
  if (index == base_.index) return base_.term;
  if (index < base_.index || index > last_index()) return std::nullopt;
  return entries_[offset(index)].term;
}

const Entry& LogView::at(Index index) const {
  CHECK(index > base_.index);
  CHECK(index <= last_index());
  return entries_[offset(index)];
}

bool LogView::is_behind(LogPosition end) const {
  if (end.term != last_term()) return end.term > last_term();
  return end.index >= last_index();
}

LogPosition LogView::agreement_at_most(Index index, Term term) const {
  index = std::min(index, last_index());
  while (index > base_.index && at(index).term > term) index = index.prev();
  if (index == base_.index && base_.term > term && index.value > 0) index = index.prev();
  return {index, term_at(index).value_or(Term())};
}

Index LogView::end_within(Index first, uint64_t bytes_max, uint64_t* bytes) const {
  CHECK(first > base_.index);
  CHECK(first <= last_index());
  uint64_t sum = encoded_size(at(first));
  Index end = first;
  for (auto it = entries_.begin() + static_cast<ptrdiff_t>(offset(first)) + 1; it != entries_.end();
       ++it) {
    const uint64_t size = encoded_size(*it);
    if (sum + size > bytes_max) break;
    sum += size;
    end = it->index;
  }
  *bytes = sum;
  return end;
}

void LogView::copy(Index first, Index last, std::vector<Entry>& out) const {
  CHECK(first > base_.index);
  CHECK(last <= last_index());
  if (first > last) return;
  const auto begin = entries_.begin() + static_cast<ptrdiff_t>(offset(first));
  const auto end = entries_.begin() + static_cast<ptrdiff_t>(offset(last)) + 1;
  out.insert(out.end(), begin, end);
}

bool LogView::has_conf_change(Index first, Index last) const {
  for (Index i = first; i <= last; i = i.next()) {
    if (at(i).type == EntryType::kConfChange) return true;
  }
  return false;
}

void LogView::push(Entry entry) {
  CHECK(entry.index == last_index().next());
  CHECK(entry.term >= last_term());
  untaken_bytes_ += encoded_size(entry);
  entries_.push_back(std::move(entry));
}

std::optional<Index> LogView::splice(std::vector<Entry> entries) {
  std::optional<Index> replaced;
  for (Entry& entry : entries) {
    if (entry.index <= last_index()) {
      if (matches({entry.index, entry.term})) continue;
      replaced = entry.index;
      truncate_from(entry.index);
    }
    push(std::move(entry));
  }
  return replaced;
}

void LogView::truncate_from(Index index) {
  CHECK(index > commit_);
  CHECK(index > base_.index);
  for (Index i = std::max(index, taken_.next()); i <= last_index(); i = i.next()) {
    untaken_bytes_ -= encoded_size(at(i));
  }
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(offset(index)), entries_.end());
  stable_ = std::min(stable_, index.prev());
  taken_ = std::min(taken_, index.prev());
}

void LogView::reset(LogPosition base) {
  CHECK(base.index > commit_);
  // What lay between commit and the snapshot may belong to another history; it is no longer
  // promised.
  stable_ = std::min(stable_, commit_);
  entries_.clear();
  untaken_bytes_ = 0;
  base_ = base;
  commit_ = handed_ = taken_ = base.index;
}

void LogView::compact(Index index) {
  if (index <= base_.index) return;
  CHECK(index <= applied_);
  CHECK(index <= stable_);
  const LogPosition base{index, at(index).term};
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(offset(index)) + 1);
  base_ = base;
}

void LogView::commit_to(Index index) {
  if (index <= commit_) return;
  CHECK(index <= last_index());  // a leader counts on entries that this log has lost
  commit_ = index;
}

void LogView::apply_to(Index index) {
  if (index <= applied_) return;
  CHECK(index <= handed_);
  applied_ = index;
}

void LogView::set_stable(Index index) {
  if (index <= stable_) return;
  CHECK(index <= taken_);
  stable_ = index;
}

bool LogView::take_untaken(std::vector<Entry>& out) {
  if (taken_ == last_index()) return false;
  copy(taken_.next(), last_index(), out);
  taken_ = last_index();
  untaken_bytes_ = 0;
  return true;
}

bool LogView::take_committed(std::vector<Entry>& out) {
  if (handed_ == commit_) return false;
  copy(handed_.next(), commit_, out);
  handed_ = commit_;
  return true;
}

void LogView::check_invariants() const {
  CHECK(base_.index <= handed_);
  CHECK(applied_ <= handed_);
  CHECK(handed_ <= commit_);
  CHECK(commit_ <= last_index());
  CHECK(stable_ <= taken_);
  CHECK(taken_ <= last_index());
  LogPosition before = base_;
  uint64_t untaken = 0;
  for (const Entry& entry : entries_) {
    CHECK(entry.index == before.index.next());
    CHECK(entry.term >= before.term);
    CHECK(entry.term > Term());
    if (entry.index > taken_) untaken += encoded_size(entry);
    before = {entry.index, entry.term};
  }
  CHECK(untaken == untaken_bytes_);
}

}  // namespace keelson::raft
