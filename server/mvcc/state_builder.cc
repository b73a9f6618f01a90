#include "mvcc/state_builder.h"

#include <memory>

#include "mvcc/backend.h"
#include "mvcc/key_chain.h"
#include "mvcc/key_entry.h"
#include "mvcc/kv_codec.h"
#include "mvcc/state_file.h"

namespace keelson::mvcc {
namespace {

// Turns short enough for pace() to spread the work and for cancelling to be noticed.
constexpr size_t kPieceBytes = 512 * 1024;
constexpr uint64_t kPieceRows = 1'000;
constexpr size_t kRowOverhead = 32;  // a row's numbers in the file, roughly

Status bad_row(const VersionRow& row, const std::string& what) {
  return Status(Code::kDataLoss, "revision " + std::to_string(row.main.value) + "/" +
                                     std::to_string(row.sub) + ": " + what);
}

// Turns rows from elsewhere into rows of the history. What it lets through, the loader accepts.
class VersionReader {
 public:
  // The row's views are those of `in`.
  Result<HistoryRow> take(const VersionRow& in) {
    const bool follows = in.main > main_ || (in.main == main_ && in.sub > sub_);
    if (!follows) return bad_row(in, "it does not come behind the one before it");
    if (in.main.value < 1 || in.main.value >= kRevisionLimit || in.sub < 0 ||
        in.sub >= int64_t{kSubLimit} || last_.value + 1 >= kSeqLimit)
      return bad_row(in, "a number is out of range");
    KeyMeta meta;
    meta.mod = in.main;
    meta.sub = static_cast<uint32_t>(in.sub);
    meta.seq = last_.next();
    meta.tombstone = in.tombstone;
    HistoryRow out{.seq = meta.seq,
                   .main = in.main,
                   .sub = meta.sub,
                   .tombstone = in.tombstone,
                   .prev_seq = Seq(),
                   .kv = in.kv};
    const Status status = link(in, meta, out.prev_seq);
    if (!status.ok()) return status;
    main_ = in.main;
    sub_ = in.sub;
    last_ = meta.seq;
    return out;
  }
  Seq last_seq() const { return last_; }

 private:
  Status link(const VersionRow& in, KeyMeta& meta, Seq& prev) {
    // The marker of a restored snapshot: a put of nothing, which follows from nothing.
    if (in.kv.empty() && !in.tombstone) return Status();
    KeyValueView kv;
    if (!decode_key_value(in.kv, kv)) return bad_row(in, "it does not decode");
    if (kv.key.empty() || key_of(in.kv) != kv.key)
      return bad_row(in, "it does not begin with a key");
    if (!in.tombstone) {
      if (kv.mod_revision != in.main.value || kv.version < 1 || kv.create_revision < 1 ||
          kv.create_revision > kv.mod_revision)
        return bad_row(in, "its revisions contradict each other");
      meta.create = Revision(kv.create_revision);
      meta.version = kv.version;
    }
    if (!chain_.follow(kv.key, meta, prev))
      return bad_row(in, "it does not follow from the version of its key before it");
    return Status();
  }

  KeyChain chain_;
  Revision main_;
  int64_t sub_ = -1;
  Seq last_;
};

class Filling {
 public:
  Filling(StateFile& file, StateSource& source, CopyControl& control)
      : file_(file), source_(source), control_(control) {}

  Status run() {
    if (Status status = add_tables(); !status.ok()) return status;
    if (Status status = add_versions(); !status.ok()) return status;
    if (control_.cancelled) return cancelled();
    return file_.finish(reader_.last_seq());
  }

 private:
  static Status cancelled() { return Status(Code::kCanceled, "building the state was cancelled"); }

  Status add_tables() {
    while (true) {
      TableRow row;
      const auto more = source_.next(row);
      if (!more.ok() || !*more) return more.status();
      if (Status status = check(row); !status.ok()) return status;
      if (Status status = file_.add(row); !status.ok()) return status;
      if (Status status = moved(row.key.size() + row.value.size()); !status.ok()) return status;
    }
  }

  static Status check(const TableRow& row) {
    if (row.bucket != Bucket::kMeta) return Status();
    if (row.key == kConsistentIndexRow || row.key == kTermRow)
      return Status(Code::kInvalidArgument,
                    "row " + std::string(row.key) + " of bucket meta is not for the table");
    const bool compacts = row.key == kScheduledCompactRow || row.key == kFinishedCompactRow;
    const auto revision = compacts ? parse_revision_key(row.value) : Revision();
    if (!revision || revision->value >= kRevisionLimit)
      return Status(Code::kDataLoss, "row " + std::string(row.key) + " holds no revision");
    return Status();
  }

  Status add_versions() {
    while (true) {
      VersionRow row;
      const auto more = source_.next(row);
      if (!more.ok() || !*more) return more.status();
      const auto taken = reader_.take(row);
      if (!taken.ok()) return taken.status();
      if (Status status = file_.add(*taken); !status.ok()) return status;
      control_.rows.fetch_add(1, std::memory_order_relaxed);
      if (Status status = moved(row.kv.size()); !status.ok()) return status;
    }
  }

  // One row more; at the end of a piece others get their turn.
  Status moved(size_t bytes) {
    piece_bytes_ += bytes + kRowOverhead;
    if (++piece_rows_ < kPieceRows && piece_bytes_ < kPieceBytes) return Status();
    if (control_.cancelled) return cancelled();
    if (Status status = file_.wrote(piece_bytes_); !status.ok()) return status;
    if (control_.pace) control_.pace(piece_bytes_);
    piece_bytes_ = 0;
    piece_rows_ = 0;
    return Status();
  }

  StateFile& file_;
  StateSource& source_;
  CopyControl& control_;
  VersionReader reader_;
  size_t piece_bytes_ = 0;
  uint64_t piece_rows_ = 0;
};

Status fill_generation(io::FileSystem& fs, const std::string& dir, const StateMeta& meta,
                       const Options& options, StateSource& source, CopyControl& control) {
  const std::string own = generation_dir(dir, meta.generation);
  if (Status status = fs.make_dir(own); !status.ok()) return status;
  {
    const io::SqliteVfs vfs(fs, options.unsafe_no_sync);
    auto file = StateFile::create(vfs, own + kStateFile, meta);
    if (!file.ok()) return file.status();
    if (Status status = Filling(**file, source, control).run(); !status.ok()) return status;
  }
  // Also turns the journal on, so that the first real opening has nothing left to write.
  if (auto backend = Backend::open(fs, dir, options); !backend.ok()) return backend.status();
  for (const std::string& made : {own, dir}) {
    if (Status status = fs.sync_dir(made); !status.ok()) return status;
  }
  return Status();
}

}  // namespace

Status build_state(io::FileSystem& fs, const std::string& dir, const Origin& origin,
                   const Options& options, StateSource& source, CopyControl& control) {
  StateMeta meta;
  meta.identity = origin.identity;
  meta.generation = options.generation;
  meta.applied = origin.applied;
  meta.term = origin.term;
  const std::string own = generation_dir(dir, options.generation);
  // Half of one may be left from an attempt before; it counts for nobody.
  if (Status status = fs.remove_tree(own); !status.ok()) return status;
  Status status = fill_generation(fs, dir, meta, options, source, control);
  if (!status.ok()) (void)fs.remove_tree(own);
  return status;
}

}  // namespace keelson::mvcc
