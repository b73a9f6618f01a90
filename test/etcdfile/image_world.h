// Images in memory: contents as plain values, written to and read from a file system that can fail.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/wire.h"
#include "etcdfile/bbolt_reader.h"
#include "etcdfile/bbolt_writer.h"
#include "etcdfile/contents.h"
#include "etcdfile/image_reader.h"
#include "etcdfile/image_writer.h"
#include "support/crash_fs.h"

namespace keelson::etcdfile {

// --- the bbolt layer: bucket name to rows ------------------------------------------------------
using Rows = std::map<std::string, std::string>;
using Buckets = std::map<std::string, Rows>;

inline Result<WrittenImage> write_buckets(io::FileSystem& fs, const std::string& path,
                                          const Buckets& buckets, const WriterOptions& options) {
  auto writer = BboltWriter::create(fs, path, options);
  if (!writer.ok()) return writer.status();
  for (const auto& [name, rows] : buckets) {
    if (Status s = (*writer)->begin_bucket(name); !s.ok()) return s;
    for (const auto& [key, value] : rows)
      if (Status s = (*writer)->add(key, value); !s.ok()) return s;
    if (Status s = (*writer)->end_bucket(); !s.ok()) return s;
  }
  return (*writer)->finish();
}

inline Status read_bucket(BboltReader& reader, const BucketRef& ref, PageSet& reached, Rows& out) {
  auto cursor = reader.bucket(ref, reached);
  if (!cursor.ok()) return cursor.status();
  while (true) {
    Cursor::Item item;
    auto more = cursor->next(item);
    if (!more.ok()) return more.status();
    if (!*more) return {};
    out.emplace_hint(out.end(), item.key, item.value);
  }
}

// Buckets of the root and their rows; buckets inside buckets are not entered.
inline Result<Buckets> read_buckets(io::FileSystem& fs, const std::string& path) {
  auto reader = BboltReader::open(fs, path);
  if (!reader.ok()) return reader.status();
  PageSet reached = (*reader)->page_set();
  auto root = (*reader)->root(reached);
  if (!root.ok()) return root.status();
  Buckets out;
  while (true) {
    Cursor::Item item;
    auto more = root->next(item);
    if (!more.ok()) return more.status();
    if (!*more) return out;
    Rows& rows = out[std::string(item.key)];
    if (!item.is_bucket) continue;
    auto ref = root->bucket_of(item);
    if (!ref.ok()) return ref.status();
    if (Status s = read_bucket(**reader, *ref, reached, rows); !s.ok()) return s;
  }
}

// --- the typed layer ---------------------------------------------------------------------------
inline std::string key_value(std::string_view key, int64_t mod, std::string_view value) {
  std::string out;
  wire::put_bytes(out, 1, key);
  wire::put_int(out, 2, mod);
  wire::put_int(out, 3, mod);
  wire::put_int(out, 4, 1);
  wire::put_bytes(out, 5, value);
  return out;
}

struct Contents {
  struct Version {
    int64_t main;
    int64_t sub;
    bool tombstone;
    std::string kv;
    bool operator==(const Version&) const = default;
  };
  ImageState state;
  std::vector<std::pair<AuthTable, std::pair<std::string, std::string>>> auth;
  std::vector<LeaseRecord> leases;
  std::vector<Version> versions;
  bool operator==(const Contents&) const = default;
};

class ContentsSource final : public ImageSource {
 public:
  explicit ContentsSource(const Contents& contents) : contents_(contents) {}
  const ImageState& state() const override { return contents_.state; }
  Result<bool> next(AuthRow& out) override {
    if (auth_ == contents_.auth.size()) return false;
    const auto& [table, row] = contents_.auth[auth_++];
    out = {table, row.first, row.second};
    return true;
  }
  Result<bool> next(LeaseRecord& out) override {
    if (lease_ == contents_.leases.size()) return false;
    out = contents_.leases[lease_++];
    return true;
  }
  Result<bool> next(RevisionRecord& out) override {
    if (version_ == contents_.versions.size()) return false;
    const Contents::Version& v = contents_.versions[version_++];
    out = {Revision(v.main), v.sub, v.tombstone, v.kv};
    return true;
  }

 private:
  const Contents& contents_;
  size_t auth_ = 0;
  size_t lease_ = 0;
  size_t version_ = 0;
};

inline Result<Contents> read_all(ImageSource& source) {
  Contents out;
  out.state = source.state();
  AuthRow auth;
  LeaseRecord lease;
  RevisionRecord version;
  while (true) {
    auto more = source.next(auth);
    if (!more.ok()) return more.status();
    if (!*more) break;
    out.auth.push_back({auth.table, {std::string(auth.key), std::string(auth.value)}});
  }
  while (true) {
    auto more = source.next(lease);
    if (!more.ok()) return more.status();
    if (!*more) break;
    out.leases.push_back(lease);
  }
  while (true) {
    auto more = source.next(version);
    if (!more.ok()) return more.status();
    if (!*more) return out;
    out.versions.push_back(
        {version.main.value, version.sub, version.tombstone, std::string(version.kv)});
  }
}

inline Result<Contents> read_image(io::FileSystem& fs, const std::string& path,
                                   const ReaderOptions& options = {}) {
  auto reader = ImageReader::open(fs, path, options);
  if (!reader.ok()) return reader.status();
  return read_all(**reader);
}

// Something in every table.
inline Contents sample_contents() {
  Contents c;
  c.state.consistent_index = Index(77);
  c.state.term = Term(3);
  c.state.conf_state = ConfStateRecord{.voters = {MemberId(1), MemberId(~0ull)},
                                       .learners = {MemberId(1ull << 60)},
                                       .voters_outgoing = {},
                                       .learners_next = {},
                                       .auto_leave = false};
  c.state.scheduled_compact = Revision(4);
  c.state.finished_compact = Revision(4);
  c.state.storage_version = "3.7.0";
  c.state.cluster_version = "3.7.0";
  c.state.downgrade = DowngradeRecord{"3.6.0", true};
  c.state.alarms = {{MemberId(1), 1}};
  c.state.members = {{MemberId(1), "m<1>", {"http://a:2380"}, {"http://a:2379"}, false},
                     {MemberId(1ull << 60), "", {"http://b:2380"}, {}, true},
                     {MemberId(~0ull), "m3", {"http://c:2380"}, {"http://c:2379"}, false}};
  c.state.removed = {MemberId(9)};
  c.auth = {{AuthTable::kAuth, {"authEnabled", "\x01"}},
            {AuthTable::kAuthRoles, {"root", "\n\x04root"}},
            {AuthTable::kAuthUsers, {"root", "\n\x04root"}}};
  c.leases = {{LeaseId(5), 60, 0}, {LeaseId(1ll << 60), 100, 42}};
  c.versions = {{4, 0, false, key_value("a", 4, "1")},
                {5, 0, false, key_value("b", 5, "")},
                {5, 1, true,
                 "\n\x01"
                 "a"},
                {1000, 0, false, ""}};
  return c;
}

}  // namespace keelson::etcdfile
