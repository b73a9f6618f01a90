#include "etcdfile/image_reader.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "etcdfile/rows.h"

namespace keelson::etcdfile {
namespace {

constexpr size_t kUnknownBucketsMax = 1000;  // each costs memory

constexpr std::array kStateTables = {bucket::kAlarm, bucket::kCluster, bucket::kMembers,
                                     bucket::kMembersRemoved, bucket::kMeta};
constexpr std::array kAuthTables = {bucket::kAuth, bucket::kAuthRoles, bucket::kAuthUsers};
constexpr std::array kLeaseTable = {bucket::kLease};
constexpr std::array kKeyTable = {bucket::kKey};

bool is_known(std::string_view name) {
  return name == bucket::kKey ||
         std::find(bucket::kTables.begin(), bucket::kTables.end(), name) != bucket::kTables.end();
}

}  // namespace

Result<bool> BucketWalk::next(TableRow& out) {
  while (true) {
    if (cursor_) {
      auto more = cursor_->next(item_);
      if (!more.ok()) return more;
      if (*more && item_.is_bucket) return bad_row("a bucket inside a bucket");
      if (*more) out = {bucket_, item_.key, item_.value};
      if (*more) return true;
      cursor_.reset();
    }
    if (names_.empty()) return false;
    bucket_ = names_.front();
    names_ = names_.subspan(1);
    const auto found = directory_.find(bucket_);
    if (found == directory_.end()) continue;
    auto cursor = reader_.bucket(found->second, reached_);
    if (!cursor.ok()) return cursor.status();
    cursor_.emplace(std::move(*cursor));
  }
}

Status BucketWalk::bad_row(const std::string& what) const {
  return reader_.input().bad(
      item_.page, "bucket " + std::string(bucket_) + ": key " + short_hex(item_.key) + ": " + what);
}

ImageReader::ImageReader(std::unique_ptr<BboltReader> reader, const ReaderOptions& options)
    : reader_(std::move(reader)),
      options_(options),
      reached_(reader_->page_set()),
      rows_reached_(reader_->page_set()),
      auth_(*reader_, directory_, reached_, kAuthTables),
      leases_(*reader_, directory_, reached_, kLeaseTable),
      revisions_(*reader_, directory_, reached_, kKeyTable),
      rows_(*reader_, directory_, rows_reached_, bucket::kTables) {}

Result<std::unique_ptr<ImageReader>> ImageReader::open(io::FileSystem& fs, const std::string& path,
                                                       const ReaderOptions& options) {
  auto reader = BboltReader::open(fs, path);
  if (!reader.ok()) return reader.status();
  std::unique_ptr<ImageReader> image(new ImageReader(std::move(*reader), options));
  if (Status s = image->check_digest(path); !s.ok()) return s;
  if (Status s = image->load_directory(); !s.ok()) return s;
  if (Status s = image->load_state(); !s.ok()) return s;
  return image;
}

Status ImageReader::check_digest(const std::string& path) {
  if (options_.digest == DigestCheck::kSkip) return {};
  auto found = check_trailing_digest(reader_->input().file(), path);
  if (!found.ok()) return found.status();
  digest_ = *found;
  if (digest_ == DigestFound::kNone && options_.digest == DigestCheck::kRequired)
    return Status(Code::kFailedPrecondition,
                  "etcdfile: " + path + " has no SHA-256 at its end: not a saved snapshot");
  return {};
}

Status ImageReader::unknown(const std::string& what) const {
  if (options_.allow_unknown) return {};
  return Status(Code::kFailedPrecondition, "etcdfile: " + reader_->input().path() + " holds " +
                                               what + ", which this program would lose");
}

Status ImageReader::load_directory() {
  auto root = reader_->root(reached_);
  if (!root.ok()) return root.status();
  size_t unknown_buckets = 0;
  while (true) {
    Cursor::Item item;
    auto more = root->next(item);
    if (!more.ok()) return more.status();
    if (!*more) break;
    const std::string name(item.key);
    if (!item.is_bucket)
      return reader_->input().bad(item.page, "key " + short_hex(name) + " stands in no bucket");
    if (!is_known(name)) {
      if (Status s = unknown("bucket " + short_hex(name)); !s.ok()) return s;
      if (++unknown_buckets > kUnknownBucketsMax)
        return reader_->input().bad(item.page, "too many unknown buckets");
      continue;
    }
    auto ref = root->bucket_of(item);
    if (!ref.ok()) return ref.status();
    directory_.emplace(name, std::move(*ref));
  }
  for (const std::string_view name : {bucket::kKey, bucket::kMeta})
    if (!directory_.contains(name))
      return Status(Code::kFailedPrecondition, "etcdfile: " + reader_->input().path() +
                                                   " has no bucket " + std::string(name) +
                                                   ": not an etcd database");
  return {};
}

Status ImageReader::load_state() {
  BucketWalk walk(*reader_, directory_, reached_, kStateTables);
  while (true) {
    TableRow row;
    auto more = walk.next(row);
    if (!more.ok()) return more.status();
    if (!*more) return {};
    if (Status s = load_row(row, walk); !s.ok()) return s;
  }
}

Status ImageReader::load_row(const TableRow& row, const BucketWalk& walk) {
  if (row.bucket == bucket::kMeta) return load_meta(row, walk);
  if (row.bucket == bucket::kCluster) return load_cluster(row, walk);
  if (row.bucket == bucket::kAlarm) {
    AlarmRecord alarm;
    if (!parse_alarm(row.key, alarm)) return walk.bad_row("not an alarm");
    state_.alarms.push_back(alarm);
    return {};
  }
  MemberId id;
  if (!parse_hex_id(row.key, id)) return walk.bad_row("not a member's id");
  if (row.bucket == bucket::kMembersRemoved) {
    state_.removed.push_back(id);
    return {};
  }
  MemberRecord member;
  if (!parse_member(row.value, member) || member.id != id) return walk.bad_row("not this member");
  state_.members.push_back(std::move(member));
  return {};
}

Status ImageReader::load_cluster(const TableRow& row, const BucketWalk& walk) {
  if (row.key == row::kClusterVersion) {
    state_.cluster_version = row.value;
    return {};
  }
  if (row.key != row::kDowngrade) return unknown("cluster row " + short_hex(row.key));
  DowngradeRecord downgrade;
  if (!parse_downgrade(row.value, downgrade)) return walk.bad_row("not a downgrade's state");
  state_.downgrade = downgrade;
  return {};
}

Status ImageReader::load_meta(const TableRow& row, const BucketWalk& walk) {
  bool good = true;
  if (row.key == row::kConsistentIndex) {
    good = parse_number(row.value, state_.consistent_index.value);
  } else if (row.key == row::kTerm) {
    good = parse_number(row.value, state_.term.value);
  } else if (row.key == row::kConfState) {
    good = parse_conf_state(row.value, state_.conf_state.emplace());
  } else if (row.key == row::kScheduledCompact) {
    good = parse_compact(row.value, state_.scheduled_compact.emplace());
  } else if (row.key == row::kFinishedCompact) {
    good = parse_compact(row.value, state_.finished_compact.emplace());
  } else if (row.key == row::kStorageVersion) {
    state_.storage_version = row.value;
  } else {
    return unknown("meta row " + short_hex(row.key));
  }
  return good ? Status() : walk.bad_row("its value cannot be decoded");
}

Result<bool> ImageReader::next(AuthRow& out) {
  TableRow row;
  auto more = auth_.next(row);
  if (!more.ok() || !*more) return more;
  out = {AuthTable::kAuth, row.key, row.value};
  if (row.bucket == bucket::kAuthRoles) out.table = AuthTable::kAuthRoles;
  if (row.bucket == bucket::kAuthUsers) out.table = AuthTable::kAuthUsers;
  return true;
}

Result<bool> ImageReader::next(LeaseRecord& out) {
  TableRow row;
  auto more = leases_.next(row);
  if (!more.ok() || !*more) return more;
  if (!parse_lease(row.key, row.value, out)) return leases_.bad_row("not this lease");
  return true;
}

Result<bool> ImageReader::next(RevisionRecord& out) {
  TableRow row;
  auto more = revisions_.next(row);
  if (!more.ok() || !*more) return more;
  if (!parse_revision_key(row.key, out)) return revisions_.bad_row("not a revision");
  out.kv = row.value;
  if (const char* problem = kv_problem(out)) return revisions_.bad_row(problem);
  return true;
}

Result<bool> ImageReader::next_row(TableRow& out) { return rows_.next(out); }

uint64_t ImageReader::image_bytes() const {
  return reader_->meta().pages * reader_->meta().page_bytes;
}

}  // namespace keelson::etcdfile
