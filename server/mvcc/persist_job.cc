#include "mvcc/persist_job.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace keelson::mvcc {
namespace {

// A transaction that fits the page cache does not spill pages into the journal twice.
constexpr size_t kTransactionBytes = 4 * 1024 * 1024;
// Deletes touch pages all over the file, so a turn does fewer of them than of new rows.
constexpr size_t kDropsMax = limits::kPersistRows / 2;

}  // namespace

// Looks ahead at the heads of the records: the last border of an entry at or below `upto` that
// keeps the transaction within its bounds. The first entry is taken whole, however long it is.
void WindowPersistJob::choose_end() {
  wanted_ = in_.from;
  StreamReader reader(*in_.list, in_.from.position, in_.end);
  Seq last_seq = in_.from.last_seq;
  size_t rows = 0;
  size_t bytes = 0;
  while (const RecordHead* head = reader.next()) {
    ++rows;
    bytes += head->size;
    if (head->type == RecordType::kVersion) {
      last_seq = Seq(static_cast<const VersionRecord*>(head)->seq);
    }
    const bool ends = head->type == RecordType::kEntryEnd;
    if (!ends && !(head->type != RecordType::kVersion && head->mark)) continue;
    const auto* end = static_cast<const EndRecord*>(head);
    if (ends && Index(end->index) > in_.upto) return;
    const bool first = wanted_.position == in_.from.position;
    if (!first && (rows > limits::kPersistRows || bytes > kTransactionBytes)) return;
    wanted_.position = reader.position();
    wanted_.last_seq = last_seq;
    if (ends) {
      wanted_.applied = Index(end->index);
      wanted_.term = Term(end->term);
    }
  }
}

void WindowPersistJob::run() {
  choose_end();
  if (wanted_.position == in_.from.position && !in_.drops && in_.remove_dir.empty()) {
    sizes_ = in_.writer->sizes();
    return;
  }
  Writer& writer = *in_.writer;
  const size_t drops_before = in_.drops ? in_.drops->done : 0;
  bool written = write_transaction();
  if (!written && writer.release_ballast()) {
    if (in_.drops) in_.drops->done = drops_before;
    written = write_transaction();
  }
  if (written) {
    reached_ = wanted_;
    const Stopwatch turn(in_.clock);
    if (writer.checkpoint_if_long()) turn.observe_seconds(in_.metrics->rebalance_seconds);
  } else if (in_.drops) {
    in_.drops->done = drops_before;
  }
  if (!in_.remove_dir.empty()) (void)writer.backend().fs().remove_tree(in_.remove_dir);
  no_space_ = !written || !writer.refill_ballast();
  sizes_ = writer.sizes();
}

bool WindowPersistJob::write_transaction() {
  const Stopwatch whole(in_.clock);
  rows_ = 0;
  Writer& writer = *in_.writer;
  bool fits = writer.begin() && write_records() && write_drops();
  whole.observe_seconds(in_.metrics->spill_seconds);
  const Stopwatch commit(in_.clock);
  fits = fits && writer.commit(wanted_.applied, wanted_.term, wanted_.last_seq);
  if (!fits) {
    writer.rollback();
    return false;
  }
  commit.observe_seconds(in_.metrics->write_seconds);
  whole.observe_seconds(in_.metrics->commit_seconds);
  return true;
}

bool WindowPersistJob::write_records() {
  StreamReader reader(*in_.list, in_.from.position, wanted_.position);
  while (const RecordHead* head = reader.next()) {
    if (!write_record(*head)) return false;
    ++rows_;
  }
  return true;
}

bool WindowPersistJob::write_record(const RecordHead& head) {
  if (head.type == RecordType::kVersion) {
    return in_.writer->add(static_cast<const VersionRecord&>(head));
  }
  if (head.type == RecordType::kEntryEnd) return true;
  const auto& row = static_cast<const RowRecord&>(head);
  const std::string_view bucket = bucket_name(static_cast<Bucket>(row.bucket));
  if (head.type == RecordType::kRow) return in_.writer->put_row(bucket, row.key(), row.value());
  return in_.writer->erase_row(bucket, row.key());
}

bool WindowPersistJob::write_drops() {
  if (!in_.drops) return true;
  DropPlan& plan = *in_.drops;
  if (!plan.sorted) std::sort(plan.rows.begin(), plan.rows.end());
  plan.sorted = true;
  const size_t end = std::min(plan.rows.size(), plan.done + kDropsMax);
  while (plan.done < end) {
    size_t last = plan.done;
    while (last + 1 < end && plan.rows[last + 1] == plan.rows[last].next()) ++last;
    if (!in_.writer->drop(plan.rows[plan.done], plan.rows[last])) return false;
    plan.done = last + 1;
  }
  return true;
}

}  // namespace keelson::mvcc
