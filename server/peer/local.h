// What the pages of the peer port need from the member behind it. The node side implements it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"

namespace keelson::peer {

struct HashKvAnswer {
  int64_t revision = 0;  // the store's, when it was hashed
  uint32_t hash = 0;
  int64_t compact_revision = 0;  // -1: never compacted
  int64_t hash_revision = 0;
};

struct LeaseAnswer {
  LeaseId id;
  int64_t ttl_seconds = 0;
  int64_t granted_ttl_seconds = 0;
  std::vector<std::string> keys;
};

// Called on the port's thread; nothing may block. Answers that take time come through `done`, once,
// on any thread, also after the port is gone (they are dropped then). Status texts reach the other
// member as they are (reference peer.md sections 2.2 and 9).
class Local {
 public:
  template <typename T>
  using Done = std::function<void(Result<T>)>;
  virtual ~Local() = default;

  // --- at once ---------------------------------------------------------------------------------
  // JSON array of etcd's Member objects ascending by id, without a newline: the local view.
  virtual std::string members_json() const = 0;
  virtual std::string cluster_version() const = 0;  // "3.7.0"; empty: not decided yet
  virtual std::string storage_version() const = 0;  // empty: unknown

  // --- later -----------------------------------------------------------------------------------
  // The member array afterwards. NotFound ("membership: ID not found") and FailedPrecondition
  // ("membership: can only promote a learner member", "etcdserver: can only promote a learner
  // member which is in sync with leader") reach the caller, all else is an internal error. `token`
  // is the caller's, empty when there is none.
  virtual void promote_member(MemberId member, const std::string& token,
                              Done<std::string> done) = 0;
  // Revision 0: the current one. Every failure is a 400 with its text.
  virtual void hash_kv(int64_t revision, Done<HashKvAnswer> done) = 0;
  // The new TTL in seconds. NotFound ("lease not found"); DeadlineExceeded ("waiting for node to
  // catch up its applied index has timed out", after 1 s); else 400 ("not a primary lessor").
  virtual void lease_keep_alive(LeaseId id, Done<int64_t> done) = 0;
  // As above; Unavailable: 500 ("not a primary lessor", when demoted meanwhile).
  virtual void lease_time_to_live(LeaseId id, bool keys, Done<LeaseAnswer> done) = 0;
  // After a linearizable read. Failure: 500 "failed linearized read: TEXT".
  virtual void downgrade_enabled(Done<bool> done) = 0;
};

}  // namespace keelson::peer
