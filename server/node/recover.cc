#include "node/recover.h"

#include <algorithm>

#include "apply/requests.h"
#include "base/bytes.h"
#include "base/wire.h"

namespace keelson::node {
namespace {

raft::ConfState conf_of(const mvcc::Loaded& loaded) {
  raft::ConfState conf;
  for (const mvcc::Loaded::Row& row : loaded.rows) {
    if (row.bucket != mvcc::Bucket::kMembers) continue;
    const auto member = apply::member_from_json(row.value);
    CHECK(member.has_value());
    (member->member.learner ? conf.learners : conf.voters).push_back(member->member.id);
  }
  std::sort(conf.voters.begin(), conf.voters.end());
  std::sort(conf.learners.begin(), conf.learners.end());
  return conf;
}

void restore_lease(const mvcc::Loaded::Row& row, lease::Lessor& lessor) {
  LeaseId id;
  int64_t ttl_s = 0;
  int64_t remaining_s = 0;
  wire::Reader reader(row.value);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) id = LeaseId(f.as_int64());
    if (f.number == 2) ttl_s = f.as_int64();
    if (f.number == 3) remaining_s = f.as_int64();
  }
  CHECK(reader.ok());
  lessor.restore(id, ttl_s, remaining_s);
}

}  // namespace

raft::Start raft_start(const Opened& opened) {
  raft::Start start;
  const wal::Recovered& recovered = opened.recovered;
  start.applied = opened.loaded.applied;
  start.snapshot = {opened.loaded.applied, opened.loaded.applied_term, conf_of(opened.loaded)};
  start.hard = {recovered.hard_state.term, recovered.hard_state.vote, recovered.hard_state.commit};
  start.hard.commit = std::max(start.hard.commit, start.applied);
  start.hard.term = std::max(start.hard.term, opened.loaded.applied_term);
  for (const wal::EntryRecord& record : recovered.entries) {
    if (record.index <= start.applied) continue;
    start.entries.push_back(
        {record.term, record.index, static_cast<raft::EntryType>(record.type), record.data});
  }
  return start;
}

uint64_t first_request_id(const Opened& opened, const Clock& clock) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall()).count();
  const uint64_t prefix = opened.identity.member.value << 48;
  uint64_t first = prefix | ((static_cast<uint64_t>(ms) << 8) & 0x0000'ffff'ffff'ffffu);
  for (const wal::EntryRecord& record : opened.recovered.entries) {
    apply::EnvelopeView envelope;
    if (record.type != 0 || !record.data || !apply::decode(*record.data, envelope)) continue;
    if (envelope.id >> 48 == prefix >> 48) first = std::max(first, envelope.id + 1);
  }
  return first + 1;
}

void restore_small_tables(const mvcc::Loaded& loaded, lease::Lessor& lessor,
                          apply::Membership& membership, apply::Alarms& alarms) {
  std::string bad;
  CHECK(membership.load(loaded.rows, &bad));
  alarms.load(loaded.rows);
  for (const mvcc::Loaded::Row& row : loaded.rows)
    if (row.bucket == mvcc::Bucket::kLease) restore_lease(row, lessor);
  for (const mvcc::Loaded::Leased& leased : loaded.leased) lessor.attach(leased.key, leased.lease);
}

}  // namespace keelson::node
