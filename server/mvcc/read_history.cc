// Store::read_history: events of past revisions for watchers that are behind.
#include <algorithm>
#include <cstring>

#include "mvcc/history_scan.h"
#include "mvcc/kv_codec.h"
#include "mvcc/store.h"
#include "mvcc/view.h"

namespace keelson::mvcc {
namespace {

// Rows that one call looks at, wanted or not: a bound on its time.
constexpr size_t kRowsMax = 50'000;
constexpr size_t kArenaBytes = 64 * 1024;

// Copies of bytes with one owner: blocks of the window must not be kept alive by a slow watcher.
class Arena {
 public:
  std::string_view copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (bytes.size() > left_) {
      left_ = std::max(kArenaBytes, bytes.size());
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
      next_ = blocks_.back().get();
    }
    std::memcpy(next_, bytes.data(), bytes.size());
    const std::string_view made(next_, bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    return made;
  }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

class HistoryReader {
 public:
  HistoryReader(const View& view, const HistoryQuery& query)
      : view_(view), query_(query), last_(std::min(query.to, view.revision)) {
    chunk_.next = std::max(last_, query.from.prev()).next();
  }

  Result<HistoryChunk> run() {
    if (query_.from <= last_) {
      const auto first = first_row_of(view_, query_.from);
      if (!first.ok()) return first.status();
      const Status status =
          scan_history(view_, *first, [this](const HistoryRow& row) { return take(row); });
      if (!status.ok()) return status;
      if (const Status added = add_previous(); !added.ok()) return added;
    }
    chunk_.hold = arena_;
    return std::move(chunk_);
  }

 private:
  bool take(const HistoryRow& row);
  bool full() const {
    return bytes_ >= query_.bytes_max || revisions_ >= query_.revisions_max || rows_ >= kRowsMax;
  }
  Status add_previous();

  const View& view_;
  const HistoryQuery& query_;
  const Revision last_;
  HistoryChunk chunk_;
  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  Revision main_;         // of the row before
  Revision wanted_main_;  // of the event before
  size_t bytes_ = 0;
  size_t revisions_ = 0;
  size_t rows_ = 0;
};

bool HistoryReader::take(const HistoryRow& row) {
  if (row.main > last_) return false;
  if (row.main != main_ && full()) {
    chunk_.next = row.main;
    return false;
  }
  main_ = row.main;
  ++rows_;
  const std::string_view key = key_of(row.kv);
  if (query_.wanted && !query_.wanted(key)) return true;
  if (row.main != wanted_main_) ++revisions_;
  wanted_main_ = row.main;
  bytes_ += row.kv.size();
  Event& event = chunk_.events.emplace_back();
  event.main = row.main;
  event.sub = row.sub;
  event.tombstone = row.tombstone;
  event.seq = row.seq;
  event.prev_seq = row.prev_seq;
  event.kv = arena_->copy(row.kv);
  event.key = key_of(event.kv);
  return true;
}

// As etcd reads it: the state at main - 1, which a compaction may have made unreadable.
Status HistoryReader::add_previous() {
  if (!query_.prev_kv) return Status();
  std::vector<Seq> rows;
  std::vector<Event*> events;
  for (Event& event : chunk_.events) {
    if (event.prev_seq.value == 0 || event.main.prev() < view_.compacted) continue;
    rows.push_back(event.prev_seq);
    events.push_back(&event);
  }
  const auto values = Store::read_values(view_, rows);
  if (!values.ok()) return values.status();
  for (size_t i = 0; i < events.size(); ++i) events[i]->prev_kv = arena_->copy((*values)[i].kv);
  return Status();
}

}  // namespace

Result<HistoryChunk> Store::read_history(const View& view, const HistoryQuery& query) {
  return HistoryReader(view, query).run();
}

}  // namespace keelson::mvcc
