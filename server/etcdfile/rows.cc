#include "etcdfile/rows.h"

#include <charconv>

#include "base/bytes.h"
#include "base/check.h"
#include "base/wire.h"

namespace keelson::etcdfile {
namespace {

constexpr size_t kRevisionBytes = 17;  // main, '_', sub
constexpr char kSeparator = '_';
constexpr char kTombstone = 't';

bool next_revision_number(std::string_view in, int64_t& out) {
  out = static_cast<int64_t>(get_u64be(in.data()));
  return out >= 0;
}

}  // namespace

std::string revision_key(Revision main, int64_t sub, bool tombstone) {
  CHECK(main.value >= 0 && sub >= 0);
  std::string out;
  put_u64be(out, static_cast<uint64_t>(main.value));
  out += kSeparator;
  put_u64be(out, static_cast<uint64_t>(sub));
  if (tombstone) out += kTombstone;
  return out;
}

bool parse_revision_key(std::string_view in, RevisionRecord& out) {
  const bool tombstone = in.size() == kRevisionBytes + 1 && in.back() == kTombstone;
  if (in.size() != kRevisionBytes && !tombstone) return false;
  if (in[8] != kSeparator) return false;
  out.tombstone = tombstone;
  return next_revision_number(in, out.main.value) && next_revision_number(in.substr(9), out.sub);
}

const char* kv_problem(const RevisionRecord& record) {
  if (record.kv.empty()) return record.tombstone ? "a tombstone without a key" : nullptr;
  bool has_key = false;
  int64_t mod = 0;
  wire::Reader reader(record.kv);
  for (wire::Field field; reader.next(field);) {
    if (field.number == 1 && field.type == wire::Type::kBytes) has_key = !field.bytes.empty();
    if (field.number == 3 && field.type == wire::Type::kVarint) mod = field.as_int64();
  }
  if (!reader.ok()) return "not a KeyValue";
  if (!has_key) return "a KeyValue without a key";
  if (!record.tombstone && mod != record.main.value) return "a KeyValue of another revision";
  return nullptr;
}

std::string number_value(uint64_t v) {
  std::string out;
  put_u64be(out, v);
  return out;
}

bool parse_number(std::string_view in, uint64_t& out) {
  if (in.size() != 8) return false;
  out = get_u64be(in.data());
  return true;
}

std::string compact_value(Revision revision) { return revision_key(revision, 0, false); }

bool parse_compact(std::string_view in, Revision& out) {
  RevisionRecord record;
  if (!parse_revision_key(in, record) || record.tombstone || record.sub != 0) return false;
  out = record.main;
  return true;
}

std::string lease_key(LeaseId id) { return number_value(static_cast<uint64_t>(id.value)); }

std::string lease_value(const LeaseRecord& lease) {
  std::string out;
  wire::put_int(out, 1, lease.id.value);
  wire::put_int(out, 2, lease.ttl_s);
  wire::put_int(out, 3, lease.remaining_ttl_s);
  return out;
}

bool parse_lease(std::string_view key, std::string_view value, LeaseRecord& out) {
  out = {};
  wire::Reader reader(value);
  for (wire::Field field; reader.next(field);) {
    if (field.number < 1 || field.number > 3) continue;
    if (field.type != wire::Type::kVarint) return false;
    if (field.number == 1) out.id = LeaseId(field.as_int64());
    if (field.number == 2) out.ttl_s = field.as_int64();
    if (field.number == 3) out.remaining_ttl_s = field.as_int64();
  }
  return reader.ok() && out.id.value != 0 && key == lease_key(out.id);
}

std::string alarm_key(const AlarmRecord& alarm) {
  std::string out;
  wire::put_uint(out, 1, alarm.member.value);
  wire::put_int(out, 2, alarm.type);
  return out;
}

bool parse_alarm(std::string_view key, AlarmRecord& out) {
  out = {};
  wire::Reader reader(key);
  for (wire::Field field; reader.next(field);) {
    if (field.number != 1 && field.number != 2) continue;
    if (field.type != wire::Type::kVarint) return false;
    if (field.number == 1) out.member = MemberId(field.number_value);
    if (field.number == 2) out.type = field.as_int64();
  }
  return reader.ok() && out.type != 0;
}

bool parse_hex_id(std::string_view in, MemberId& out) {
  const auto [end, error] = std::from_chars(in.data(), in.data() + in.size(), out.value, 16);
  return error == std::errc() && end == in.data() + in.size();
}

}  // namespace keelson::etcdfile
