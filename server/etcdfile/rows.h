// Keys and values of etcd's buckets. Encoders write etcd 3.7.1's bytes exactly (they enter its
// hashes); decoders take hostile input and answer false. Pure functions, any thread.
// Source: reference etcd-data.md sections 3.1 to 3.4.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "etcdfile/contents.h"

namespace keelson::etcdfile {

namespace bucket {
inline constexpr std::string_view kKey = "key";
inline constexpr std::string_view kAlarm = "alarm";
inline constexpr std::string_view kAuth = "auth";
inline constexpr std::string_view kAuthRoles = "authRoles";
inline constexpr std::string_view kAuthUsers = "authUsers";
inline constexpr std::string_view kCluster = "cluster";
inline constexpr std::string_view kLease = "lease";
inline constexpr std::string_view kMembers = "members";
inline constexpr std::string_view kMembersRemoved = "members_removed";
inline constexpr std::string_view kMeta = "meta";
// Every bucket but "key", in name order.
inline constexpr std::array<std::string_view, 9> kTables = {
    kAlarm, kAuth, kAuthRoles, kAuthUsers, kCluster, kLease, kMembers, kMembersRemoved, kMeta};
}  // namespace bucket

namespace row {
inline constexpr std::string_view kClusterVersion = "clusterVersion";
inline constexpr std::string_view kDowngrade = "downgrade";
inline constexpr std::string_view kConfState = "confState";
inline constexpr std::string_view kConsistentIndex = "consistent_index";
inline constexpr std::string_view kFinishedCompact = "finishedCompactRev";
inline constexpr std::string_view kScheduledCompact = "scheduledCompactRev";
inline constexpr std::string_view kStorageVersion = "storageVersion";
inline constexpr std::string_view kTerm = "term";
inline constexpr std::string_view kRemoved = "removed";  // the value in "members_removed"
}  // namespace row

std::string revision_key(Revision main, int64_t sub, bool tombstone);
bool parse_revision_key(std::string_view in, RevisionRecord& out);  // leaves kv alone
// Null, or what is wrong with a record's kv: not a KeyValue, or of another revision.
const char* kv_problem(const RevisionRecord& record);

std::string number_value(uint64_t v);  // eight bytes, big endian
bool parse_number(std::string_view in, uint64_t& out);
std::string compact_value(Revision revision);
bool parse_compact(std::string_view in, Revision& out);

std::string lease_key(LeaseId id);
std::string lease_value(const LeaseRecord& lease);
bool parse_lease(std::string_view key, std::string_view value, LeaseRecord& out);

std::string alarm_key(const AlarmRecord& alarm);
bool parse_alarm(std::string_view key, AlarmRecord& out);

bool parse_hex_id(std::string_view in, MemberId& out);

// JSON as Go's encoding/json writes it.
std::string member_json(const MemberRecord& member);
bool parse_member(std::string_view json, MemberRecord& out);
std::string conf_state_json(const ConfStateRecord& state);
bool parse_conf_state(std::string_view json, ConfStateRecord& out);
std::string downgrade_json(const DowngradeRecord& downgrade);
bool parse_downgrade(std::string_view json, DowngradeRecord& out);

}  // namespace keelson::etcdfile
