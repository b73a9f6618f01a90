// What an etcd database says, in plain terms, for writing and for reading. The same interface
// serves both: an image is written from an ImageSource, and a read image is one. Source: reference
// etcd-data.md section 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"

namespace keelson::etcdfile {

// One stored version of a key: a row of bucket "key".
struct RevisionRecord {
  Revision main;
  int64_t sub = 0;
  bool tombstone = false;
  // mvccpb.KeyValue as etcd encodes it (fields ascending, zeros left out; of a tombstone the key
  // only). Empty: the marker of a restore that raised the revision.
  std::string_view kv;
};

struct LeaseRecord {
  LeaseId id;
  int64_t ttl_s = 0;
  int64_t remaining_ttl_s = 0;  // 0: no checkpoint was made
  bool operator==(const LeaseRecord&) const = default;
};

struct AlarmRecord {
  MemberId member;
  int64_t type = 0;  // 1 NOSPACE, 2 CORRUPT
  bool operator==(const AlarmRecord&) const = default;
};

struct MemberRecord {
  MemberId id;
  std::string name;  // empty: never started
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls;
  bool learner = false;
  bool operator==(const MemberRecord&) const = default;
};

struct ConfStateRecord {
  std::vector<MemberId> voters;
  std::vector<MemberId> learners;
  std::vector<MemberId> voters_outgoing;
  std::vector<MemberId> learners_next;
  bool auto_leave = false;
  bool operator==(const ConfStateRecord&) const = default;
};

struct DowngradeRecord {
  std::string target;  // "3.6.0"; may be empty when it is off
  bool enabled = false;
  bool operator==(const DowngradeRecord&) const = default;
};

// The tables auth, authRoles and authUsers; keys and values as etcd has them (authpb).
enum class AuthTable : uint8_t { kAuth, kAuthRoles, kAuthUsers };
struct AuthRow {
  AuthTable table = AuthTable::kAuth;
  std::string_view key;
  std::string_view value;
};

// Everything but key space, leases and auth: small, held in memory.
struct ImageState {
  Index consistent_index;  // raft index of the last entry that is in the image; 0: unknown
  Term term;               // of that entry; 0: unknown
  std::optional<ConfStateRecord> conf_state;
  std::optional<Revision> scheduled_compact;
  std::optional<Revision> finished_compact;
  std::string storage_version;  // "3.7.0"; empty: none
  std::string cluster_version;  // the same
  std::optional<DowngradeRecord> downgrade;
  std::vector<AlarmRecord> alarms;    // in any order when written
  std::vector<MemberRecord> members;  // the same
  std::vector<MemberId> removed;      // the same
  bool operator==(const ImageState&) const = default;
};

// Forward only. True: the next record is in `out`, its views valid until the next call on the
// source; false: no more. A failure ends the use of the source. One thread at a time.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual const ImageState& state() const = 0;
  virtual Result<bool> next(AuthRow& out) = 0;         // by table, then by key
  virtual Result<bool> next(LeaseRecord& out) = 0;     // by id as an unsigned number
  virtual Result<bool> next(RevisionRecord& out) = 0;  // by main, then sub revision
};

// A row of a small table as etcd's own bytes, for a store that keeps them as they are.
struct TableRow {
  std::string_view bucket;  // "alarm", "lease", "members", ... never "key"
  std::string_view key;
  std::string_view value;
};

// The second kind of source: rows of the small tables come encoded. Rules as above.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Rows of one bucket together and ascending by key; buckets in any order, none twice. In bucket
  // "meta", rows "consistent_index" and "term" are ignored: the next two functions tell them.
  virtual Result<bool> next_row(TableRow& out) = 0;
  virtual Index consistent_index() const = 0;  // 0: not written
  virtual Term term() const = 0;               // 0: not written
  virtual Result<bool> next_revision(RevisionRecord& out) = 0;
};

}  // namespace keelson::etcdfile
