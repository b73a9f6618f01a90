// Lease and cluster entries.
#include "apply/applier.h"
#include "base/bytes.h"
#include "base/wire.h"

namespace keelson::apply {
namespace {

std::string lease_key(LeaseId id) {
  std::string key;
  put_u64be(key, static_cast<uint64_t>(id.value));
  return key;
}

std::string lease_row(const lease::Lease& lease) {
  std::string row;
  wire::put_int(row, 1, lease.id.value);
  wire::put_int(row, 2, lease.ttl_s);
  wire::put_int(row, 3, lease.remaining_s);
  return row;
}

}  // namespace

Applied Applier::apply_lease_grant(const HeaderFacts& facts) {
  Applied out;
  int64_t ttl_s = 0;
  LeaseId id;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) ttl_s = f.as_int64();
    if (f.number == 2) id = LeaseId(f.as_int64());
  }
  CHECK(reader.ok());
  auto granted = state_.lessor.grant(id, ttl_s);
  if (!granted.ok()) {
    out.status = granted.status();
    return out;
  }
  out.quota_crossed = !settings_.quota_allows(kLeaseGrantCost);
  state_.store.put_row(mvcc::Bucket::kLease, lease_key(id), lease_row(**granted));
  put_header(out.body, facts, state_.store.current());
  wire::put_int(out.body, 2, id.value);
  wire::put_int(out.body, 3, (*granted)->ttl_s);
  return out;
}

Applied Applier::apply_lease_revoke(const HeaderFacts&) {
  Applied out;
  LeaseId id;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);)
    if (f.number == 1) id = LeaseId(f.as_int64());
  CHECK(reader.ok());
  auto lease = state_.lessor.revoke(id);
  if (!lease.ok()) {
    out.status = lease.status();
    return out;
  }
  revoked_ = id;
  deletion_.emplace(state_.store, state_.lessor,
                    std::vector<std::string>(lease->keys.begin(), lease->keys.end()));
  return out;
}

void Applier::finish_revoke() { state_.store.erase_row(mvcc::Bucket::kLease, lease_key(revoked_)); }

Applied Applier::apply_lease_checkpoint(const HeaderFacts& facts) {
  Applied out;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);) {
    if (f.number != 1 || f.type != wire::Type::kBytes) continue;
    LeaseId id;
    int64_t remaining_s = 0;
    wire::Reader inner(f.bytes);
    for (wire::Field g; inner.next(g);) {
      if (g.number == 1) id = LeaseId(g.as_int64());
      if (g.number == 2) remaining_s = g.as_int64();
    }
    CHECK(inner.ok());
    state_.lessor.checkpoint(id, remaining_s);
    if (const lease::Lease* lease = state_.lessor.find(id))
      state_.store.put_row(mvcc::Bucket::kLease, lease_key(id), lease_row(*lease));
  }
  CHECK(reader.ok());
  out.body = header_only(facts, state_.store.current());
  return out;
}

Applied Applier::apply_cluster_version(const HeaderFacts&) {
  Applied out;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);)
    if (f.number == 1) state_.membership.set_cluster_version(std::string(f.bytes));
  CHECK(reader.ok());
  out.cluster_changed = true;
  return out;
}

Applied Applier::apply_member_attributes(const HeaderFacts&) {
  Applied out;
  MemberId id;
  std::string name;
  std::vector<std::string> urls;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1 && f.type == wire::Type::kVarint) id = MemberId(f.number_value);
    if (f.number != 2 || f.type != wire::Type::kBytes) continue;
    wire::Reader inner(f.bytes);
    for (wire::Field g; inner.next(g);) {
      if (g.number == 1) name = g.bytes;
      if (g.number == 2) urls.emplace_back(g.bytes);
    }
    CHECK(inner.ok());
  }
  CHECK(reader.ok());
  state_.membership.set_attributes(id, std::move(name), std::move(urls));
  out.cluster_changed = true;
  return out;
}

Applied Applier::apply_downgrade(const HeaderFacts& facts) {
  Applied out;
  bool enabled = false;
  std::string target;
  wire::Reader reader(envelope_.body);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) enabled = f.as_bool();
    if (f.number == 2) target = f.bytes;
  }
  CHECK(reader.ok());
  state_.membership.set_downgrade(enabled, target);
  out.cluster_changed = true;
  out.body = header_only(facts, state_.store.current());
  wire::put_bytes(out.body, 2, state_.membership.cluster_version().substr(0, 3));
  return out;
}

}  // namespace keelson::apply
