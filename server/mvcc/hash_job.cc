#include "mvcc/hash_job.h"

#include <algorithm>
#include <map>

#include "base/crc32c.h"
#include "mvcc/history_scan.h"
#include "mvcc/kv_codec.h"

namespace keelson::mvcc {
namespace {

constexpr size_t kEntriesPerLook = 256;

uint32_t hash_row(uint32_t crc, const HistoryRow& row) {
  std::string key;
  revision_key(row.main, row.sub, row.tombstone, key);
  return crc32c(crc32c(crc, key), row.kv);
}

}  // namespace

bool RevisionHashJob::prepare(const Clock& clock, TimePoint deadline) {
  if (view_->compacted == kNeverCompacted) prepared_ = true;
  while (!prepared_) {
    if (walk(kEntriesPerLook)) {
      if (any_live_ || keep_at_ == view_->compacted) {
        prepared_ = true;
        std::sort(kept_.begin(), kept_.end());
        break;
      }
      keep_at_ = view_->compacted;
      from_.clear();
    }
    if (clock.now() >= deadline) break;
  }
  return prepared_;
}

// Part of the index from from_ on; true at its end.
bool RevisionHashJob::walk(size_t entries) {
  KeyIndex::Cursor cursor(index_, from_);
  for (; entries > 0 && cursor.entry() != nullptr; --entries, cursor.next()) {
    const auto meta = cursor.entry()->live_at(keep_at_);
    if (!meta) continue;
    any_live_ = true;
    if (meta->mod <= view_->compacted) kept_.push_back(meta->seq);
  }
  if (cursor.entry() == nullptr) return true;
  from_.assign(cursor.entry()->key());
  return false;
}

bool RevisionHashJob::skipped(const HistoryRow& row, size_t& next_kept) const {
  if (row.main > view_->compacted) return false;
  if (row.main == view_->compacted && row.tombstone) return true;
  while (next_kept < kept_.size() && kept_[next_kept] < row.seq) ++next_kept;
  return next_kept == kept_.size() || kept_[next_kept] != row.seq;
}

Result<HashResult> RevisionHashJob::run() {
  CHECK(prepared_);
  const Stopwatch whole(view_->clock);
  uint32_t crc = crc32c(0, "key");
  size_t next_kept = 0;
  const Status status = scan_history(*view_, Seq(1), [&](const HistoryRow& row) {
    if (row.main > rev_) return false;
    if (!skipped(row, next_kept)) crc = hash_row(crc, row);
    return true;
  });
  if (!status.ok()) return status;
  whole.observe_seconds(view_->metrics->hash_rev_seconds);
  return HashResult{.hash = crc, .compacted = view_->compacted, .revision = rev_};
}

// --- everything ---

namespace {

using SmallTables = std::map<std::pair<Bucket, std::string>, std::string>;

// The state that a whole-store hash is of: the database alone when it is at least as new as the
// view, else the database and the window on top.
struct Everything {
  SmallTables rows;
  bool with_window = false;
  Seq end_seq;
};

void apply_window(const View& view, SmallTables& rows) {
  StreamReader reader(*view.list, view.persisted, view.end);
  while (const RecordHead* head = reader.next()) {
    if (head->type != RecordType::kRow && head->type != RecordType::kRowErased) continue;
    const auto& row = static_cast<const RowRecord&>(*head);
    const std::pair key(static_cast<Bucket>(row.bucket), std::string(row.key()));
    if (head->type == RecordType::kRow) {
      rows[key] = std::string(row.value());
    } else {
      rows.erase(key);
    }
  }
}

Result<Everything> read_everything(const View& view, Reader& reader) {
  if (const Status status = reader.begin(); !status.ok()) return status;
  auto rows = reader.rows();
  const auto meta = reader.meta();
  reader.end();
  if (!rows.ok()) return rows.status();
  if (!meta.ok()) return meta.status();
  Everything all;
  for (Loaded::Row& row : *rows) {
    all.rows[{row.bucket, std::move(row.key)}] = std::move(row.value);
  }
  all.with_window = meta->applied < view.applied;
  all.end_seq = all.with_window ? view.end_seq : meta->last_seq.next();
  if (all.with_window) apply_window(view, all.rows);
  return all;
}

uint32_t hash_bucket(uint32_t crc, Bucket bucket, const SmallTables& rows) {
  crc = crc32c(crc, bucket_name(bucket));
  for (auto i = rows.lower_bound({bucket, ""}); i != rows.end() && i->first.first == bucket; ++i) {
    const std::string& key = i->first.second;
    const bool local = bucket == Bucket::kMeta &&
                       (key == kConsistentIndexRow || key == kTermRow || key == kStorageVersionRow);
    if (!local) crc = crc32c(crc32c(crc, key), i->second);
  }
  return crc;
}

}  // namespace

Result<uint32_t> Store::hash_everything(const View& view) {
  auto reader = view.backend->readers().checkout();
  if (!reader.ok()) return reader.status();
  const Stopwatch whole(view.clock);
  const auto all = read_everything(view, **reader);
  if (!all.ok()) return all.status();
  uint32_t crc = 0;
  for (int i = 0; i < kBucketCount; ++i) {
    const auto bucket = static_cast<Bucket>(i);
    if (bucket == Bucket::kLease) {  // "key" stands between "cluster" and "lease"
      crc = crc32c(crc, "key");
      const auto add = [&](const HistoryRow& row) {
        if (row.seq >= all->end_seq) return false;
        crc = hash_row(crc, row);
        return true;
      };
      const Status status = all->with_window
                                ? scan_history(view, Seq(1), add)
                                : scan_database(**reader, Seq(1), all->end_seq.prev(), add);
      if (!status.ok()) return status;
    }
    crc = hash_bucket(crc, bucket, all->rows);
  }
  whole.observe_seconds(view.metrics->hash_seconds);
  return crc;
}

}  // namespace keelson::mvcc
