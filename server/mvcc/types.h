// What the store hands out: facts about keys, encoded records and the memory that keeps them alive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace keelson::mvcc {

inline constexpr Revision kNeverCompacted{-1};

// One version of a key as the index knows it. `seq` names its row; the row's bytes are etcd's own
// mvccpb.KeyValue encoding (ascending fields, zero fields left out; a tombstone holds only the
// key).
struct KeyMeta {
  Revision mod;
  uint32_t sub = 0;
  Revision create;  // 0 for a tombstone
  int64_t version = 0;
  Seq seq;
  bool tombstone = false;
};

// Encoded KeyValue bytes and what keeps them alive.
struct Record {
  std::shared_ptr<const void> hold;
  std::string_view kv;
  explicit operator bool() const { return !kv.empty(); }
};

// One change of the key space, as history and watchers see it.
struct Event {
  Revision main;
  uint32_t sub = 0;
  bool tombstone = false;
  Seq seq;
  Seq prev_seq;  // row of the live version that this change replaced; 0 when it created the key
  std::string_view key;      // inside kv
  std::string_view kv;       // encoded KeyValue; alive as long as the batch that carries the event
  std::string_view prev_kv;  // encoded; empty when not asked for, not in memory or compacted
};

// The fields of an encoded KeyValue; views into it. False when the bytes are not a KeyValue.
struct KeyValueView {
  std::string_view key;
  int64_t create_revision = 0;
  int64_t mod_revision = 0;
  int64_t version = 0;
  std::string_view value;
  int64_t lease = 0;
};
bool decode_key_value(std::string_view in, KeyValueView& out);
void encode_key_value(const KeyValueView& in, std::string& out);
size_t key_value_size(const KeyValueView& in);

// [key, end) as requests spell it: end empty = the single key; end "\0" = everything from key on.
struct KeyRange {
  std::string_view key;
  std::string_view end;

  bool single() const { return end.empty(); }
  bool open_ended() const { return end.size() == 1 && end[0] == '\0'; }
  bool contains(std::string_view k) const {
    if (single()) return k == key;
    return k >= key && (open_ended() || k < end);
  }
};

// etcd's buckets of small tables; row keys and values are byte for byte what etcd stores there
// (reference etcd-data.md section 3), so that hashes and exports need no second encoding.
enum class Bucket : uint8_t {
  kAlarm,
  kAuth,
  kAuthRoles,
  kAuthUsers,
  kCluster,
  kLease,
  kMembers,
  kMembersRemoved,
  kMeta,
};
inline constexpr int kBucketCount = 9;
std::string_view bucket_name(Bucket bucket);  // "alarm", "authRoles", ...

}  // namespace keelson::mvcc
