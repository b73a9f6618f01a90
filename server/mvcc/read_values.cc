// Store::read_values: encoded values by row, for ranges whose values are not in memory.
#include <algorithm>
#include <cstring>

#include "mvcc/history_scan.h"
#include "mvcc/store.h"
#include "mvcc/view.h"

namespace keelson::mvcc {
namespace {

// What a row costs in a scan goes about twenty times into a point read (0.2 us, 4-7 us: a page that
// is read for one row alone).
constexpr uint64_t kScanSpanFactor = 20;

struct Wanted {
  Seq seq;
  size_t at;  // where the answer goes
};

// One allocation for bytes and reference count.
Record copy_record(std::string_view kv) {
  auto bytes = std::make_shared_for_overwrite<char[]>(kv.size());
  std::memcpy(bytes.get(), kv.data(), kv.size());
  const std::string_view view(bytes.get(), kv.size());
  return {.hold = std::move(bytes), .kv = view};
}

Status read_dense(Reader& reader, const std::vector<Wanted>& wanted, std::vector<Record>& out) {
  size_t next = 0;
  return scan_database(reader, wanted.front().seq, wanted.back().seq, [&](const HistoryRow& row) {
    while (next < wanted.size() && wanted[next].seq < row.seq) ++next;  // compacted away
    for (; next < wanted.size() && wanted[next].seq == row.seq; ++next) {
      out[wanted[next].at] = copy_record(row.kv);
    }
    return next < wanted.size();
  });
}

Status read_points(Reader& reader, std::span<const Wanted> wanted, std::vector<Record>& out) {
  if (wanted.size() > 1) {
    if (const Status status = reader.begin(); !status.ok()) return status;
  }
  Status status;
  size_t bytes = 0;
  for (const Wanted& w : wanted) {
    status = reader.value(w.seq, [&](std::string_view kv) {
      bytes += kv.size();
      out[w.at] = copy_record(kv);
    });
    if (!status.ok()) break;
  }
  if (wanted.size() > 1) reader.end();
  return status;
}

Status read_sparse(Reader& reader, std::span<const Wanted> wanted, std::vector<Record>& out) {
  while (!wanted.empty()) {
    const size_t n = std::min(wanted.size(), kPointReads);
    if (const Status status = read_points(reader, wanted.first(n), out); !status.ok()) {
      return status;
    }
    wanted = wanted.subspan(n);
  }
  return Status();
}

}  // namespace

Result<std::vector<Record>> Store::read_values(const View& view, std::span<const Seq> seqs) {
  std::vector<Record> out(seqs.size());
  std::vector<Wanted> wanted;
  for (size_t i = 0; i < seqs.size(); ++i) {
    CHECK(seqs[i] < view.end_seq);
    if (const VersionRecord* record = view.version(seqs[i])) {
      out[i] = {.hold = *view.list->find(seqs[i], view.end_seq), .kv = record->kv()};
    } else {
      wanted.push_back({.seq = seqs[i], .at = i});
    }
  }
  if (wanted.empty()) return out;
  const auto by_row = [](const Wanted& a, const Wanted& b) { return a.seq < b.seq; };
  if (!std::is_sorted(wanted.begin(), wanted.end(), by_row)) {
    std::sort(wanted.begin(), wanted.end(), by_row);
  }
  auto reader = view.backend->readers().checkout();
  if (!reader.ok()) return reader.status();
  const uint64_t span = wanted.back().seq.value - wanted.front().seq.value;
  const bool dense = wanted.size() > 1 && span < wanted.size() * kScanSpanFactor;
  const Status status =
      dense ? read_dense(**reader, wanted, out) : read_sparse(**reader, wanted, out);
  if (!status.ok()) return status;
  return out;
}

}  // namespace keelson::mvcc
