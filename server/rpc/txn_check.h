// What is refused of a transaction before it is proposed, what it costs, and whether it needs the
// log.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "rpc/strict.h"

namespace keelson::rpc {

// Shared with the plain RPCs (reference errors.md section 3; the first failure wins).
Status check_range(std::string_view key, int32_t sort_order, int32_t sort_target);
Status check_put(std::string_view key, bool ignore_value, size_t value_size, bool ignore_lease,
                 int64_t lease);
Status check_delete(std::string_view key);

// Operation counts, compares and operations in order, then duplicate keys.
Status check_txn(const TxnTree& txn, uint64_t max_ops);

// etcd's rule on keys changed twice on one path of execution; see txn_duplicates.cc.
bool has_duplicate_keys(const TxnTree& txn);

// Bytes charged against the quota: the dearer branch, nested ones included.
int64_t put_cost(size_t key_size, size_t value_size);
int64_t txn_cost(const TxnTree& txn);

enum class TxnClass : uint8_t {
  kWrite,         // through the log
  kReadOnly,      // direct ranges only: one consistent state after a read barrier
  kSerializable,  // all of them serializable, or no operation at all: the local state
};
TxnClass classify(const TxnTree& txn);

}  // namespace keelson::rpc
