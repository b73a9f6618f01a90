#include "mvcc/history_scan.h"

#include <algorithm>

namespace keelson::mvcc {
namespace {

Seq search_window(const View& view, Revision from) {
  Seq low = view.window_begin();
  Seq high = view.end_seq;
  while (low < high) {
    const Seq middle((low.value + high.value) / 2);
    const VersionRecord* record = view.version(middle);
    CHECK(record != nullptr);
    (Revision(record->main) < from ? low : high) =
        Revision(record->main) < from ? middle.next() : middle;
  }
  return low;
}

// Rows can be missing anywhere (compacted), so each look takes the next one that is there.
Result<Seq> search_database(Reader& reader, Revision from, Seq high) {
  Seq low(1);
  while (low < high) {
    const Seq middle((low.value + high.value) / 2);
    const auto found = reader.probe(middle);
    if (!found.ok()) return found.status();
    if (found->seq.value != 0 && found->seq < high && found->main < from) {
      low = found->seq.next();
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

Result<Seq> first_row_of(const View& view, Revision from) {
  const Seq border = view.window_begin();
  const bool in_window = border < view.end_seq && Revision(view.version(border)->main) < from;
  if (in_window || border.value <= 1) return search_window(view, from);
  auto reader = view.backend->readers().checkout();
  if (!reader.ok()) return reader.status();
  const auto found = search_database(**reader, from, border);
  if (!found.ok()) return found.status();
  return *found < border ? *found : search_window(view, from);
}

}  // namespace keelson::mvcc
