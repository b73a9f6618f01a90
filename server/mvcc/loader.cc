#include "mvcc/loader.h"

#include <algorithm>
#include <map>
#include <string>

#include "mvcc/bulk_build.h"
#include "mvcc/kv_codec.h"

namespace keelson::mvcc {
namespace {

// Checks each row on its way into the builder. Rows that came from elsewhere (an import) went
// through the same door, so anything odd here is damage.
class HistoryLoader {
 public:
  bool take(const HistoryRow& row) {
    const bool follows = row.main > last_main_ || (row.main == last_main_ && row.sub > last_sub_);
    if (!follows && last_seq_.value != 0) return refuse(row, "revisions are out of order");
    if (row.seq.value == 0 || row.seq.value >= kSeqLimit || row.main.value < 1 ||
        row.main.value >= kRevisionLimit || row.sub >= kSubLimit) {
      return refuse(row, "a number is out of range");
    }
    last_seq_ = row.seq;
    last_main_ = row.main;
    last_sub_ = row.sub;
    return row.tombstone ? take_tombstone(row) : take_put(row);
  }

  KeyMeta meta_of(const HistoryRow& row) const {
    KeyMeta meta;
    meta.mod = row.main;
    meta.sub = row.sub;
    meta.seq = row.seq;
    meta.tombstone = row.tombstone;
    return meta;
  }

  bool take_tombstone(const HistoryRow& row) {
    builder_.add(key_of(row.kv), meta_of(row));
    note_lease(key_of(row.kv), 0);
    return true;
  }

  bool take_put(const HistoryRow& row) {
    KeyValueView kv;
    KeyMeta meta = meta_of(row);
    if (row.kv.empty()) {  // the bump marker of a restored snapshot
      meta.create = row.main;
      meta.version = 1;
    } else {
      if (!decode_key_value(row.kv, kv)) return refuse(row, "it does not decode");
      if (kv.mod_revision != row.main.value || kv.version < 1 || kv.create_revision < 1 ||
          kv.create_revision > kv.mod_revision) {
        return refuse(row, "its revisions contradict each other");
      }
      meta.create = Revision(kv.create_revision);
      meta.version = kv.version;
    }
    builder_.add(kv.key, meta);
    note_lease(kv.key, kv.lease);
    return true;
  }

  // The last version of a key decides.
  void note_lease(std::string_view key, int64_t lease) {
    if (lease != 0) {
      leased_[std::string(key)] = LeaseId(lease);
    } else if (!leased_.empty()) {
      leased_.erase(std::string(key));
    }
  }

  Status finish(KeyIndex& index) {
    if (error_.empty() && !builder_.finish(index)) error_ = "versions of a key do not follow";
    return error_.empty() ? Status() : Status(Code::kDataLoss, error_);
  }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  Seq last_seq() const { return last_seq_; }
  std::vector<Loaded::Leased> leased() const {
    std::vector<Loaded::Leased> out;
    for (const auto& [key, lease] : leased_) out.push_back({key, lease});
    return out;
  }
  Revision last_main() const { return last_main_; }

 private:
  bool refuse(const HistoryRow& row, const char* what) {
    error_ = "row " + std::to_string(row.seq.value) + " of the history: " + what;
    return false;
  }

  BulkBuilder builder_;
  std::map<std::string, LeaseId> leased_;
  Seq last_seq_;
  Revision last_main_;
  uint32_t last_sub_ = 0;
  std::string error_;
};

Status damaged(const Backend& backend, const std::string& what) {
  return Status(Code::kDataLoss,
                "the state database is damaged: " + backend.path() + ": " + what +
                    "; restore this member from a snapshot or from the other members");
}

std::optional<Revision> compact_row(const std::vector<Loaded::Row>& rows, std::string_view name) {
  for (const Loaded::Row& row : rows) {
    if (row.bucket == Bucket::kMeta && row.key == name) return parse_revision_key(row.value);
  }
  return std::nullopt;
}

}  // namespace

Result<LoadedState> load_state(Backend& backend, KeyIndex& index) {
  auto reader = backend.readers().checkout();
  if (!reader.ok()) return reader.status();
  LoadedState state;
  auto rows = (*reader)->rows();
  if (!rows.ok()) return rows.status();
  state.rows = std::move(*rows);
  HistoryLoader loader;
  const Status scanned = (*reader)->scan(Seq(0), Seq(kSeqLimit),
                                         [&](const HistoryRow& row) { return loader.take(row); });
  if (!scanned.ok()) return scanned;
  if (const Status built = loader.finish(index); !built.ok()) return damaged(backend, built.text());
  state.leased = loader.leased();
  const Revision scheduled =
      compact_row(state.rows, kScheduledCompactRow).value_or(kNeverCompacted);
  state.finished = compact_row(state.rows, kFinishedCompactRow).value_or(kNeverCompacted);
  state.compacted = std::max(scheduled, state.finished);
  state.current = std::max({Revision(1), loader.last_main(), state.compacted});
  state.last_seq = std::max(loader.last_seq(), backend.opened_meta().last_seq);
  return state;
}

}  // namespace keelson::mvcc
