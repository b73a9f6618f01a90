#include "lease/lessor.h"

#include <algorithm>

namespace keelson::lease {

using std::chrono::seconds;

Lessor::Lessor(int64_t ttl_s_min, const Clock& clock, Registry& metrics)
    : ttl_s_min_(ttl_s_min),
      clock_(clock),
      granted_(metrics.counter("etcd_debugging_lease_granted_total",
                               "The total number of granted leases.")),
      revoked_(metrics.counter("etcd_debugging_lease_revoked_total",
                               "The total number of revoked leases.")),
      renewed_(metrics.counter("etcd_debugging_lease_renewed_total",
                               "The number of renewals this member handled as leader.")),
      expired_(metrics.counter("etcd_debugging_server_lease_expired_total",
                               "The number of leases this member found expired as leader.")),
      ttls_(metrics.histogram("etcd_debugging_lease_ttl_total", "Granted time to live, in seconds.",
                              1, 2, 24)) {}

Result<const Lease*> Lessor::grant(LeaseId id, int64_t ttl_s) {
  if (id.value == 0) return Status(Code::kNotFound, "etcdserver: requested lease not found");
  if (ttl_s > kTtlSecondsMax) return Status(Code::kOutOfRange, "etcdserver: too large lease TTL");
  if (leases_.contains(id))
    return Status(Code::kFailedPrecondition, "etcdserver: lease already exists");
  Lease& lease = leases_[id];
  lease.id = id;
  lease.ttl_s = std::max(ttl_s, ttl_s_min_);
  if (primary_) schedule(lease, clock_.now() + seconds(lease.ttl_s));
  granted_.add();
  ttls_.observe(static_cast<double>(lease.ttl_s));
  return static_cast<const Lease*>(&lease);
}

Result<Lease> Lessor::revoke(LeaseId id) {
  const auto it = leases_.find(id);
  if (it == leases_.end()) return Status(Code::kNotFound, "etcdserver: requested lease not found");
  Lease lease = std::move(it->second);
  leases_.erase(it);
  for (const std::string& key : lease.keys) key_lease_.erase(key);
  revoked_.add();
  return lease;
}

void Lessor::checkpoint(LeaseId id, int64_t remaining_s) {
  const auto it = leases_.find(id);
  if (it == leases_.end()) return;
  it->second.remaining_s = remaining_s;
}

void Lessor::attach(std::string_view key, LeaseId id) {
  const auto it = key_lease_.find(key);
  if (it != key_lease_.end()) {
    if (it->second == id) return;
    if (const auto old = leases_.find(it->second); old != leases_.end()) {
      const auto held = old->second.keys.find(key);
      if (held != old->second.keys.end()) old->second.keys.erase(held);
    }
    key_lease_.erase(it);
  }
  if (id.value == 0) return;
  key_lease_.emplace(std::string(key), id);
  if (const auto lease = leases_.find(id); lease != leases_.end()) lease->second.keys.emplace(key);
}

LeaseId Lessor::lease_of(std::string_view key) const {
  const auto it = key_lease_.find(key);
  return it == key_lease_.end() ? LeaseId() : it->second;
}

const Lease* Lessor::find(LeaseId id) const {
  const auto it = leases_.find(id);
  return it == leases_.end() ? nullptr : &it->second;
}

void Lessor::restore(LeaseId id, int64_t ttl_s, int64_t remaining_s) {
  Lease& lease = leases_[id];
  lease.id = id;
  lease.ttl_s = std::max(ttl_s, ttl_s_min_);
  lease.remaining_s = remaining_s;
}

void Lessor::promote(Duration extension) {
  primary_ = true;
  for (auto& [id, lease] : leases_) {
    const int64_t ttl = lease.remaining_s > 0 ? lease.remaining_s : lease.ttl_s;
    schedule(lease, clock_.now() + seconds(ttl) + extension);
  }
}

void Lessor::demote() {
  primary_ = false;
  for (auto& [id, lease] : leases_) lease.expiry = TimePoint::max();
  due_ = {};
}

Result<int64_t> Lessor::renew(LeaseId id) {
  if (!primary_) return Status(Code::kUnknown, "not a primary lessor");
  const auto it = leases_.find(id);
  if (it == leases_.end() || it->second.expiry <= clock_.now())
    return Status(Code::kNotFound, "etcdserver: requested lease not found");
  Lease& lease = it->second;
  lease.remaining_s = 0;
  schedule(lease, clock_.now() + seconds(lease.ttl_s));
  renewed_.add();
  return lease.ttl_s;
}

int64_t Lessor::remaining_s(const Lease& lease) const {
  if (lease.expiry == TimePoint::max()) return lease.ttl_s;
  return std::chrono::duration_cast<seconds>(lease.expiry - clock_.now()).count();
}

void Lessor::schedule(Lease& lease, TimePoint expiry) {
  lease.expiry = expiry;
  due_.push({expiry, lease.id});
  rebuild_if_bloated();
}

void Lessor::rebuild_if_bloated() {
  if (due_.size() < 1024 || due_.size() < 2 * leases_.size()) return;
  std::vector<Due> live;
  live.reserve(leases_.size());
  for (const auto& [id, lease] : leases_)
    if (lease.expiry != TimePoint::max()) live.push_back({lease.expiry, id});
  due_ =
      std::priority_queue<Due, std::vector<Due>, std::greater<>>(std::greater<>(), std::move(live));
}

void Lessor::drop_stale_heads() {
  while (!due_.empty()) {
    const auto it = leases_.find(due_.top().id);
    // A renewed lease left its old due time behind; retries stand later than the expiry.
    if (it != leases_.end() && it->second.expiry <= due_.top().when) return;
    due_.pop();
  }
}

std::vector<LeaseId> Lessor::expired(size_t max, Duration retry) {
  std::vector<LeaseId> out;
  const TimePoint now = clock_.now();
  for (drop_stale_heads(); !due_.empty() && due_.top().when <= now && out.size() < max;
       drop_stale_heads()) {
    const Due due = due_.top();
    due_.pop();
    if (due.when == leases_.at(due.id).expiry) expired_.add();
    out.push_back(due.id);
    due_.push({now + retry, due.id});
  }
  return out;
}

std::optional<TimePoint> Lessor::next_expiry() {
  drop_stale_heads();
  if (!primary_ || due_.empty()) return std::nullopt;
  return due_.top().when;
}

std::vector<const Lease*> Lessor::list() const {
  std::vector<const Lease*> out;
  out.reserve(leases_.size());
  for (const auto& [id, lease] : leases_) out.push_back(&lease);
  std::sort(out.begin(), out.end(), [](const Lease* a, const Lease* b) {
    return a->expiry != b->expiry ? a->expiry < b->expiry : a->id < b->id;
  });
  return out;
}

}  // namespace keelson::lease
