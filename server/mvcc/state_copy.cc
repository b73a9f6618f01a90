#include "mvcc/state_copy.h"

#include <utility>

#include "mvcc/history_scan.h"
#include "mvcc/state_file.h"

namespace keelson::mvcc {
namespace {

// Short read transactions, and turns short enough for pace() to spread the work evenly.
constexpr Chunk kCopyChunk = {.rows = 1'000, .bytes = 512 * 1024};
constexpr int kAttempts = 3;

struct Start {
  StateMeta meta;
  std::vector<Loaded::Row> rows;
};

Result<Start> read_start(Reader& reader) {
  if (const Status status = reader.begin(); !status.ok()) return status;
  auto rows = reader.rows();
  auto meta = reader.meta();
  reader.end();
  if (!rows.ok()) return rows.status();
  if (!meta.ok()) return meta.status();
  return Start{.meta = *meta, .rows = std::move(*rows)};
}

Status cancelled() { return Status(Code::kCanceled, "copying the state was cancelled"); }

// Calls `use` for rows first..last and `between` after each chunk.
template <typename Use, typename Between>
Status copy_rows(Reader& reader, Seq first, Seq last, CopyControl& control, const Use& use,
                 const Between& between) {
  Status failed;
  while (first <= last) {
    size_t bytes = 0;
    const auto more = scan_chunk(reader, first, last, kCopyChunk, [&](const HistoryRow& row) {
      failed = use(row);
      bytes += row.kv.size();
      control.rows.fetch_add(1, std::memory_order_relaxed);
      return failed.ok();
    });
    if (!more.ok()) return more.status();
    if (!failed.ok()) return failed;
    if (control.cancelled) return cancelled();
    if (const Status status = between(bytes); !status.ok()) return status;
    if (!*more) break;
    if (control.pace) control.pace(bytes);
  }
  return Status();
}

Status remove_if_there(io::FileSystem& fs, const std::string& path) {
  const auto there = fs.exists(path);
  if (!there.ok()) return there.status();
  return *there ? fs.remove(path) : Status();
}

// One attempt; what it returns in `start` is what the file holds.
Status fill_file(Reader& reader, StateFile& target, const Start& start, CopyControl& control) {
  for (const Loaded::Row& row : start.rows) {
    const Status status = target.add(TableRow{row.bucket, row.key, row.value});
    if (!status.ok()) return status;
  }
  const Status status = copy_rows(
      reader, Seq(1), start.meta.last_seq, control,
      [&](const HistoryRow& row) { return target.add(row); },
      [&](size_t bytes) { return target.wrote(bytes); });
  return status.ok() ? target.finish(start.meta.last_seq) : status;
}

Result<StateMeta> attempt(Backend& source, const std::string& path, uint64_t generation,
                          CopyControl& control) {
  if (const Status status = remove_if_there(source.fs(), path); !status.ok()) return status;
  auto reader = source.readers().checkout();
  if (!reader.ok()) return reader.status();
  auto start = read_start(**reader);
  if (!start.ok()) return start.status();
  start->meta.generation = generation;
  auto target = StateFile::create(source.vfs(), path, start->meta);
  if (!target.ok()) return target.status();
  control.rows = 0;
  const Status filled = fill_file(**reader, **target, *start, control);
  if (!filled.ok()) return filled;
  const auto after = (*reader)->meta();
  if (!after.ok()) return after.status();
  if (after->drops != start->meta.drops) {
    return Status(Code::kAborted, "rows were removed while they were copied");
  }
  return start->meta;
}

}  // namespace

Result<StateMeta> copy_to_file(Backend& source, const std::string& path, uint64_t generation,
                               CopyControl& control) {
  Result<StateMeta> made = Status(Code::kInternal, "no attempt was made");
  for (int i = 0; i < kAttempts; ++i) {
    made = attempt(source, path, generation, control);
    if (made.status().code() != Code::kAborted) break;
  }
  if (!made.ok()) (void)remove_if_there(source.fs(), path);
  return made;
}

Result<StateMeta> catch_up(Backend& source, Writer& target, const StateMeta& from,
                           CopyControl& control) {
  auto reader = source.readers().checkout();
  if (!reader.ok()) return reader.status();
  auto start = read_start(**reader);
  if (!start.ok()) return start.status();
  if (start->meta.drops != from.drops) {
    return Status(Code::kAborted, "rows were removed while they were copied");
  }
  const Status full(Code::kResourceExhausted, "the disk is full");
  bool fits = target.begin() && target.clear_rows();
  for (const Loaded::Row& row : start->rows) {
    fits = fits && target.put_row(bucket_name(row.bucket), row.key, row.value);
  }
  Status status = fits ? Status() : full;
  if (fits) {
    status = copy_rows(
        **reader, from.last_seq.next(), start->meta.last_seq, control,
        [&](const HistoryRow& row) { return target.add(row) ? Status() : full; },
        [](size_t) { return Status(); });
  }
  if (status.ok() && target.commit(start->meta.applied, start->meta.term, start->meta.last_seq)) {
    return start->meta;
  }
  target.rollback();
  return status.ok() ? full : status;
}

}  // namespace keelson::mvcc
