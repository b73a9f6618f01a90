// The leases of the key space: what was granted, which keys hang on it, and - on the leader only -
// when it ends. Grant, revoke, attach, detach and checkpoint come from apply and are deterministic;
// time is the leader's and decides nothing but which revocations it proposes (reference
// semantics.md section 7). One owner: the node thread.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/status.h"

namespace keelson::lease {

inline constexpr int64_t kTtlSecondsMax = 9'000'000'000;

struct Lease {
  LeaseId id;
  int64_t ttl_s = 0;                    // granted, after the minimum was applied
  int64_t remaining_s = 0;              // from a checkpoint; 0 = full ttl
  TimePoint expiry = TimePoint::max();  // max while this member is not the primary
  std::set<std::string, std::less<>> keys;
};

class Lessor {
 public:
  // `ttl_s_min` must be equal on every member (it follows from the election timeout).
  Lessor(int64_t ttl_s_min, const Clock& clock, Registry& metrics);

  // ---- apply
  // ------------------------------------------------------------------------------------- Errors:
  // NotFound for id 0, OutOfRange above the longest TTL, FailedPrecondition when it exists.
  Result<const Lease*> grant(LeaseId id, int64_t ttl_s);
  // Takes the lease out; its keys in ascending order are the caller's to delete. NotFound.
  Result<Lease> revoke(LeaseId id);
  void checkpoint(LeaseId id, int64_t remaining_s);
  // The key's lease becomes `id` (0 detaches). Unknown ids are remembered for the key but never
  // expire.
  void attach(std::string_view key, LeaseId id);
  LeaseId lease_of(std::string_view key) const;
  const Lease* find(LeaseId id) const;
  // From the store at start: no minimum, no checks.
  void restore(LeaseId id, int64_t ttl_s, int64_t remaining_s);

  // ---- the leader's clock
  // -------------------------------------------------------------------------- This member leads:
  // every lease gets its remaining (or full) time plus `extension`.
  void promote(Duration extension);
  void demote();
  bool primary() const { return primary_; }
  // Full TTL again. NotFound when unknown or already expired; Unknown "not a primary lessor".
  Result<int64_t> renew(LeaseId id);
  // Whole seconds left, truncated; negative once expired.
  int64_t remaining_s(const Lease& lease) const;
  // Up to `max` leases whose time is over; each is named again only after `retry`, in case the
  // proposal got lost.
  std::vector<LeaseId> expired(size_t max, Duration retry);
  std::optional<TimePoint> next_expiry();

  size_t size() const { return leases_.size(); }
  // Sorted by remaining time, then id.
  std::vector<const Lease*> list() const;

 private:
  struct Due {
    TimePoint when;
    LeaseId id;
    bool operator>(const Due& o) const { return when > o.when; }
  };
  void schedule(Lease& lease, TimePoint expiry);
  void drop_stale_heads();
  // Due entries of renewed leases stay behind as stale ones; above twice the leases they are
  // rebuilt.
  void rebuild_if_bloated();

  const int64_t ttl_s_min_;
  const Clock& clock_;
  Counter& granted_;
  Counter& revoked_;
  Counter& renewed_;
  Counter& expired_;
  Histogram& ttls_;
  bool primary_ = false;
  std::unordered_map<LeaseId, Lease> leases_;
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  std::unordered_map<std::string, LeaseId, KeyHash, std::equal_to<>> key_lease_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace keelson::lease
