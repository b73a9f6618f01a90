#include "etcdfile/image_writer.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/bytes.h"
#include "etcdfile/rows.h"

namespace keelson::etcdfile {
namespace {

using Rows = std::map<std::string, std::string>;

// The records of an ImageSource as rows: streams first, then what ImageState holds.
class EncodedSource final : public RowSource {
 public:
  explicit EncodedSource(ImageSource& source) : source_(source) { encode_state(); }

  Result<bool> next_row(TableRow& out) override {
    if (!auth_done_)
      if (auto more = next_auth(out); !more.ok() || *more) return more;
    if (!leases_done_)
      if (auto more = next_lease(out); !more.ok() || *more) return more;
    return next_state_row(out);
  }
  Index consistent_index() const override { return source_.state().consistent_index; }
  Term term() const override { return source_.state().term; }
  Result<bool> next_revision(RevisionRecord& out) override { return source_.next(out); }

 private:
  Result<bool> next_auth(TableRow& out);
  Result<bool> next_lease(TableRow& out);
  bool next_state_row(TableRow& out);
  void encode_state();
  void encode_meta(Rows& meta) const;

  ImageSource& source_;
  bool auth_done_ = false;
  bool leases_done_ = false;
  std::string lease_key_;
  std::string lease_value_;
  std::map<std::string_view, Rows> state_rows_;
  Rows given_;  // the bucket in hand
  std::string_view given_bucket_;
  Rows::const_iterator next_given_ = given_.end();
};

std::string_view bucket_of(AuthTable table) {
  if (table == AuthTable::kAuth) return bucket::kAuth;
  return table == AuthTable::kAuthRoles ? bucket::kAuthRoles : bucket::kAuthUsers;
}

Result<bool> EncodedSource::next_auth(TableRow& out) {
  AuthRow row;
  auto more = source_.next(row);
  if (!more.ok()) return more;
  auth_done_ = !*more;
  if (*more) out = {bucket_of(row.table), row.key, row.value};
  return more;
}

Result<bool> EncodedSource::next_lease(TableRow& out) {
  LeaseRecord lease;
  auto more = source_.next(lease);
  if (!more.ok()) return more;
  leases_done_ = !*more;
  if (!*more) return more;
  lease_key_ = lease_key(lease.id);
  lease_value_ = lease_value(lease);
  out = {bucket::kLease, lease_key_, lease_value_};
  return more;
}

bool EncodedSource::next_state_row(TableRow& out) {
  while (next_given_ == given_.end()) {
    if (state_rows_.empty()) return false;
    auto bucket = state_rows_.extract(state_rows_.begin());
    given_bucket_ = bucket.key();
    given_ = std::move(bucket.mapped());
    next_given_ = given_.begin();
  }
  out = {given_bucket_, next_given_->first, next_given_->second};
  ++next_given_;
  return true;
}

void EncodedSource::encode_state() {
  const ImageState& state = source_.state();
  for (const AlarmRecord& alarm : state.alarms)
    state_rows_[bucket::kAlarm].emplace(alarm_key(alarm), "");
  for (const MemberRecord& member : state.members)
    state_rows_[bucket::kMembers].emplace(hex(member.id.value), member_json(member));
  for (const MemberId id : state.removed)
    state_rows_[bucket::kMembersRemoved].emplace(hex(id.value), row::kRemoved);
  Rows& cluster = state_rows_[bucket::kCluster];
  if (!state.cluster_version.empty()) cluster.emplace(row::kClusterVersion, state.cluster_version);
  if (state.downgrade) cluster.emplace(row::kDowngrade, downgrade_json(*state.downgrade));
  encode_meta(state_rows_[bucket::kMeta]);
}

void EncodedSource::encode_meta(Rows& meta) const {
  const ImageState& state = source_.state();
  if (state.conf_state) meta.emplace(row::kConfState, conf_state_json(*state.conf_state));
  if (state.scheduled_compact)
    meta.emplace(row::kScheduledCompact, compact_value(*state.scheduled_compact));
  if (state.finished_compact)
    meta.emplace(row::kFinishedCompact, compact_value(*state.finished_compact));
  if (!state.storage_version.empty()) meta.emplace(row::kStorageVersion, state.storage_version);
}

class ImageWriter {
 public:
  ImageWriter(BboltWriter& out, RowSource& source) : out_(out), source_(source) {}

  Result<WrittenImage> run() {
    if (Status s = write_tables(); !s.ok()) return s;
    if (Status s = write_empty_tables(); !s.ok()) return s;
    if (Status s = write_meta(); !s.ok()) return s;
    if (Status s = write_revisions(); !s.ok()) return s;
    return out_.finish();
  }

 private:
  Status write_tables();
  Status write_row(const TableRow& row);
  Status write_empty_tables();
  Status write_meta();
  Status write_revisions();

  BboltWriter& out_;
  RowSource& source_;
  std::string_view open_;  // one of bucket::kTables
  std::set<std::string_view> written_;
  Rows meta_;  // written last: two of its rows come from elsewhere
};

Status ImageWriter::write_tables() {
  while (true) {
    TableRow row;
    auto more = source_.next_row(row);
    if (!more.ok()) return more.status();
    if (!*more) return open_.empty() ? Status() : out_.end_bucket();
    if (Status s = write_row(row); !s.ok()) return s;
  }
}

Status ImageWriter::write_row(const TableRow& row) {
  if (row.bucket == bucket::kMeta) {
    meta_.emplace(row.key, row.value);
    return {};
  }
  if (row.bucket == open_) return out_.add(row.key, row.value);
  const auto known = std::find(bucket::kTables.begin(), bucket::kTables.end(), row.bucket);
  if (known == bucket::kTables.end())
    return Status(Code::kInvalidArgument,
                  "etcdfile: bucket " + std::string(row.bucket) + " is none of etcd's tables");
  if (!open_.empty())
    if (Status s = out_.end_bucket(); !s.ok()) return s;
  open_ = *known;
  written_.insert(open_);
  if (Status s = out_.begin_bucket(open_); !s.ok()) return s;
  return out_.add(row.key, row.value);
}

Status ImageWriter::write_empty_tables() {
  for (const std::string_view table : bucket::kTables) {
    if (table == bucket::kMeta || written_.contains(table)) continue;
    if (Status s = out_.begin_bucket(table); !s.ok()) return s;
    if (Status s = out_.end_bucket(); !s.ok()) return s;
  }
  return {};
}

Status ImageWriter::write_meta() {
  meta_.erase(std::string(row::kConsistentIndex));
  meta_.erase(std::string(row::kTerm));
  if (const Index index = source_.consistent_index(); index.value != 0)
    meta_.emplace(row::kConsistentIndex, number_value(index.value));
  if (const Term term = source_.term(); term.value != 0)
    meta_.emplace(row::kTerm, number_value(term.value));
  if (Status s = out_.begin_bucket(bucket::kMeta); !s.ok()) return s;
  for (const auto& [key, value] : meta_)
    if (Status s = out_.add(key, value); !s.ok()) return s;
  return out_.end_bucket();
}

Status ImageWriter::write_revisions() {
  if (Status s = out_.begin_bucket(bucket::kKey); !s.ok()) return s;
  while (true) {
    RevisionRecord record;
    auto more = source_.next_revision(record);
    if (!more.ok()) return more.status();
    if (!*more) return out_.end_bucket();
    if (const char* problem = kv_problem(record))
      return Status(Code::kInvalidArgument,
                    "etcdfile: revision " + std::to_string(record.main.value) + " has " + problem);
    const std::string key = revision_key(record.main, record.sub, record.tombstone);
    if (Status s = out_.add(key, record.kv); !s.ok()) return s;
  }
}

}  // namespace

Result<WrittenImage> write_image(io::FileSystem& fs, const std::string& path, RowSource& source,
                                 const WriterOptions& options) {
  auto writer = BboltWriter::create(fs, path, options);
  if (!writer.ok()) return writer.status();
  return ImageWriter(**writer, source).run();
}

Result<WrittenImage> write_image(io::FileSystem& fs, const std::string& path, ImageSource& source,
                                 const WriterOptions& options) {
  EncodedSource encoded(source);
  return write_image(fs, path, encoded, options);
}

}  // namespace keelson::etcdfile
