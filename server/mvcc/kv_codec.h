// etcd's own bytes for keys and values of bucket "key", written in place.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mvcc/types.h"

namespace keelson::mvcc {

// Writes exactly key_value_size(in) bytes at `out`; returns the end.
char* write_key_value(const KeyValueView& in, char* out);

// The key inside an encoded KeyValue; empty when there is none (etcd's bump marker) or it is
// damaged.
std::string_view key_of(std::string_view kv);

// Main revision big endian, '_', sub revision big endian, 't' behind a tombstone's.
void revision_key(Revision main, uint32_t sub, bool tombstone, std::string& out);
std::optional<Revision> parse_revision_key(std::string_view in);

std::optional<Bucket> bucket_by_name(std::string_view name);

// Row names in bucket "meta" that the store itself writes.
inline constexpr std::string_view kScheduledCompactRow = "scheduledCompactRev";
inline constexpr std::string_view kFinishedCompactRow = "finishedCompactRev";
inline constexpr std::string_view kConsistentIndexRow = "consistent_index";
inline constexpr std::string_view kTermRow = "term";
inline constexpr std::string_view kStorageVersionRow = "storageVersion";

}  // namespace keelson::mvcc
