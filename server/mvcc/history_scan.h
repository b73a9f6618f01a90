// Walks rows of the history in row order, database first and window after, without a gap or a
// repeat where they meet. Any thread; in the database a read transaction lasts for one chunk only,
// because a checkpoint waits for it.
#pragma once

#include <cstdint>

#include "mvcc/backend.h"
#include "mvcc/view.h"

namespace keelson::mvcc {

// What one read transaction may take: well under 10 ms.
struct Chunk {
  size_t rows;
  size_t bytes;
};
inline constexpr Chunk kReadChunk = {.rows = 5'000, .bytes = 4 * 1024 * 1024};
inline constexpr size_t kPointReads = 1'000;

// Rows from `first` to `last` of the database, one chunk of them; `use(row)` returns false to end
// the walk. Moves `first` behind what was read. True when there may be more.
template <typename Use>
Result<bool> scan_chunk(Reader& reader, Seq& first, Seq last, Chunk chunk, const Use& use) {
  size_t rows = 0;
  size_t bytes = 0;
  bool more = false;
  const Status status = reader.scan(first, last, [&](const HistoryRow& row) {
    more = false;
    if (!use(row)) return false;
    first = row.seq.next();
    bytes += row.kv.size();
    more = ++rows >= chunk.rows || bytes >= chunk.bytes;
    return !more;
  });
  if (!status.ok()) return status;
  return more;
}

// The same to the end, chunk after chunk.
template <typename Use>
Status scan_database(Reader& reader, Seq first, Seq last, const Use& use) {
  while (first <= last) {
    const auto more = scan_chunk(reader, first, last, kReadChunk, use);
    if (!more.ok() || !*more) return more.status();
  }
  return Status();
}

inline HistoryRow row_of(const VersionRecord& record) {
  return {.seq = Seq(record.seq),
          .main = Revision(record.main),
          .sub = record.sub,
          .tombstone = record.mark,
          .prev_seq = Seq(record.prev_seq),
          .kv = record.kv()};
}

// Published rows from `first` on.
template <typename Use>
Status scan_history(const View& view, Seq first, const Use& use) {
  bool go_on = true;
  const Seq border = view.window_begin();
  if (first < border) {
    auto reader = view.backend->readers().checkout();
    if (!reader.ok()) return reader.status();
    const Status status = scan_database(**reader, first, border.prev(), [&](const HistoryRow& row) {
      go_on = use(row);
      return go_on;
    });
    if (!status.ok()) return status;
    first = border;
  }
  for (Seq seq = first; go_on && seq < view.end_seq; seq = seq.next()) {
    const VersionRecord* record = view.version(seq);
    CHECK(record != nullptr);
    go_on = use(row_of(*record));
  }
  return Status();
}

// The first row whose main revision is at or above `from`; view.end_seq when there is none.
Result<Seq> first_row_of(const View& view, Revision from);

}  // namespace keelson::mvcc
