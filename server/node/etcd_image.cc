#include "node/etcd_image.h"

#include <algorithm>
#include <map>

#include "etcdfile/image_reader.h"
#include "etcdfile/rows.h"
#include "mvcc/image_rows.h"
#include "mvcc/kv_codec.h"
#include "node/versions.h"

namespace keelson::node {
namespace {

namespace bucket = etcdfile::bucket;
namespace row = etcdfile::row;

constexpr size_t kPieceBytes = 512 * 1024;
constexpr uint64_t kPieceRows = 1'000;
constexpr Version kFirstWithStorageVersion{.major = 3, .minor = 6};

// --- out ---

// Our rows as etcd's. The rows of bucket meta come last: some follow from other buckets.
class StateAsRows final : public etcdfile::RowSource {
 public:
  StateAsRows(mvcc::ImageRows& state, mvcc::CopyControl& control)
      : state_(state), control_(control) {
    noted_.consistent_index = state.applied();
    noted_.term = state.applied_term();
    noted_.conf_state.emplace();
  }

  Result<bool> next_row(etcdfile::TableRow& out) override;
  Result<bool> next_revision(etcdfile::RevisionRecord& out) override;
  Index consistent_index() const override { return state_.applied(); }
  Term term() const override { return state_.applied_term(); }
  // What EtcdImage tells; complete once next_row() has come to its end.
  const etcdfile::ImageState& noted() const { return noted_; }

 private:
  Status note(const mvcc::TableRow& in);
  Status note_member(std::string_view json);
  Status note_removed(std::string_view id);
  void complete_meta();
  bool next_meta(etcdfile::TableRow& out);
  Status moved(size_t bytes);

  mvcc::ImageRows& state_;
  mvcc::CopyControl& control_;
  etcdfile::ImageState noted_;
  std::map<std::string, std::string> meta_;
  bool complete_ = false;  // meta_, which is now being given out
  std::map<std::string, std::string>::const_iterator next_meta_;
  size_t piece_bytes_ = 0;
  uint64_t piece_rows_ = 0;
};

Result<bool> StateAsRows::next_row(etcdfile::TableRow& out) {
  while (!complete_) {
    mvcc::TableRow in;
    const auto more = state_.next(in);
    if (!more.ok()) return more;
    if (!*more) {
      complete_meta();
      break;
    }
    if (const Status status = note(in); !status.ok()) return status;
    if (in.bucket == mvcc::Bucket::kMeta) continue;
    out = {mvcc::bucket_name(in.bucket), in.key, in.value};
    return true;
  }
  return next_meta(out);
}

Status StateAsRows::note(const mvcc::TableRow& in) {
  if (in.bucket == mvcc::Bucket::kMembers) return note_member(in.value);
  if (in.bucket == mvcc::Bucket::kMembersRemoved) return note_removed(in.key);
  if (in.bucket == mvcc::Bucket::kCluster && in.key == row::kClusterVersion)
    noted_.cluster_version = in.value;
  if (in.bucket == mvcc::Bucket::kMeta) meta_.emplace(in.key, in.value);
  return Status();
}

Status StateAsRows::note_member(std::string_view json) {
  etcdfile::MemberRecord member;
  if (!etcdfile::parse_member(json, member))
    return Status(Code::kDataLoss, "a row of bucket members is no member");
  auto& conf = *noted_.conf_state;
  (member.learner ? conf.learners : conf.voters).push_back(member.id);
  noted_.members.push_back(std::move(member));
  return Status();
}

Status StateAsRows::note_removed(std::string_view id) {
  MemberId removed;
  if (!etcdfile::parse_hex_id(id, removed))
    return Status(Code::kDataLoss, "a row of bucket members_removed is no member");
  noted_.removed.push_back(removed);
  return Status();
}

void StateAsRows::complete_meta() {
  auto& conf = *noted_.conf_state;
  std::sort(conf.voters.begin(), conf.voters.end());
  std::sort(conf.learners.begin(), conf.learners.end());
  meta_[std::string(row::kConfState)] = etcdfile::conf_state_json(conf);
  const auto version = parse_version(noted_.cluster_version);
  meta_.erase(std::string(row::kStorageVersion));
  if (version && *version >= kFirstWithStorageVersion) {
    noted_.storage_version = noted_.cluster_version;
    meta_[std::string(row::kStorageVersion)] = noted_.storage_version;
  }
  next_meta_ = meta_.begin();
  complete_ = true;
}

bool StateAsRows::next_meta(etcdfile::TableRow& out) {
  if (next_meta_ == meta_.end()) return false;
  out = {bucket::kMeta, next_meta_->first, next_meta_->second};
  ++next_meta_;
  return true;
}

Result<bool> StateAsRows::next_revision(etcdfile::RevisionRecord& out) {
  mvcc::VersionRow in;
  const auto more = state_.next(in);
  if (!more.ok() || !*more) return more;
  control_.rows.fetch_add(1, std::memory_order_relaxed);
  if (const Status status = moved(in.kv.size()); !status.ok()) return status;
  out = {in.main, in.sub, in.tombstone, in.kv};
  return true;
}

// One row more; at the end of a piece others get their turn.
Status StateAsRows::moved(size_t bytes) {
  piece_bytes_ += bytes;
  if (++piece_rows_ < kPieceRows && piece_bytes_ < kPieceBytes) return Status();
  if (control_.cancelled) return Status(Code::kCanceled, "writing the image was cancelled");
  if (control_.pace) control_.pace(piece_bytes_);
  piece_bytes_ = 0;
  piece_rows_ = 0;
  return Status();
}

// --- in ---

// etcd's rows as ours.
class RowsAsState final : public mvcc::StateSource {
 public:
  explicit RowsAsState(etcdfile::ImageReader& image) : image_(image) {}

  Result<bool> next(mvcc::TableRow& out) override {
    while (true) {
      etcdfile::TableRow in;
      const auto more = image_.next_row(in);
      if (!more.ok() || !*more) return more;
      if (is_elsewhere(in)) continue;
      const auto known = mvcc::bucket_by_name(in.bucket);
      if (!known) continue;  // the reader was told to pass over it
      if (etcdfile::LeaseRecord lease;
          *known == mvcc::Bucket::kLease && !etcdfile::parse_lease(in.key, in.value, lease))
        return Status(Code::kDataLoss, "a row of bucket lease is no lease");
      out = {.bucket = *known, .key = in.key, .value = in.value};
      return true;
    }
  }

  Result<bool> next(mvcc::VersionRow& out) override {
    etcdfile::RevisionRecord in;
    const auto more = image_.next(in);
    if (!more.ok() || !*more) return more;
    out = {.main = in.main, .sub = in.sub, .tombstone = in.tombstone, .kv = in.kv};
    return true;
  }

 private:
  static bool is_elsewhere(const etcdfile::TableRow& in) {
    return in.bucket == bucket::kMeta &&
           (in.key == row::kConsistentIndex || in.key == row::kTerm || in.key == row::kConfState);
  }

  etcdfile::ImageReader& image_;
};

Status check_claim(const etcdfile::ImageState& state, const ImageClaim& claim) {
  if (state.consistent_index == claim.index && state.term == claim.term) return Status();
  const auto place = [](Index index, Term term) {
    return "index " + std::to_string(index.value) + " of term " + std::to_string(term.value);
  };
  return Status(Code::kFailedPrecondition,
                "the image is of " + place(state.consistent_index, state.term) +
                    ", the message that it came with of " + place(claim.index, claim.term));
}

}  // namespace

Result<EtcdImage> write_etcd_image(io::FileSystem& fs, const std::string& from,
                                   const std::string& to, const etcdfile::WriterOptions& options,
                                   mvcc::CopyControl& control) {
  auto state = mvcc::ImageRows::open(fs, from);
  if (!state.ok()) return state.status();
  StateAsRows rows(**state, control);
  auto written = etcdfile::write_image(fs, to, rows, options);
  if (!written.ok()) return written.status();
  return EtcdImage{.file = *written, .state = rows.noted()};
}

Result<etcdfile::ImageState> build_from_etcd_image(io::FileSystem& fs, const std::string& path,
                                                   const std::string& dir, mvcc::Identity identity,
                                                   const mvcc::Options& options, ImageClaim claim,
                                                   mvcc::CopyControl& control) {
  auto image = etcdfile::ImageReader::open(fs, path);
  if (!image.ok()) return image.status();
  if (Status status = check_claim((*image)->state(), claim); !status.ok()) return status;
  RowsAsState rows(**image);
  const mvcc::Origin origin{.identity = identity, .applied = claim.index, .term = claim.term};
  if (Status status = mvcc::Store::build(fs, dir, origin, options, rows, control); !status.ok())
    return status;
  return (*image)->state();
}

}  // namespace keelson::node
