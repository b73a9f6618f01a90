// Every bound on what comes from outside or queues up inside, with its reason and what happens there.
// Units stand at the end of the names.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keelson::limits {

// --- requests -----------------------------------------------------------------------------------
// etcd's defaults; flags change the first two. Above: InvalidArgument / ResourceExhausted.
inline constexpr uint64_t kRequestBytesDefault = 1572864;
inline constexpr uint64_t kRequestOverheadBytes = 512 * 1024;
inline constexpr uint32_t kTxnOpsDefault = 128;
// protobuf's own recursion limit; a deeper message does not decode.
inline constexpr int kTxnDepthMax = 64;

// --- node ---------------------------------------------------------------------------------------
// Entries a turn appends at most: larger batches gain nothing and delay the first answer.
inline constexpr size_t kProposalBatchBytes = 2 * 1024 * 1024;
// Not yet persisted changes: apply pauses above, raft goes on.
inline constexpr size_t kUnpersistedBytes = 64 * 1024 * 1024;
// Proposals waiting between commit and apply; etcd answers "too many requests" above.
inline constexpr uint64_t kUnappliedEntries = 5000;
inline constexpr size_t kUnappliedBytes = 64 * 1024 * 1024;
// Bytes appended but not synced: proposals are refused above (a hanging disk must not eat memory).
inline constexpr size_t kUnsyncedBytes = 64 * 1024 * 1024;
// One slice of long work on the node thread, so that heartbeats and small requests get through.
inline constexpr int64_t kSliceNanoseconds = 2'000'000;

// --- store --------------------------------------------------------------------------------------
inline constexpr size_t kWindowBlockBytes = 1024 * 1024;
// Window and value cache share this budget (hot reads, watchers a little behind).
inline constexpr size_t kCacheBytes = 48 * 1024 * 1024;
// The persister's transaction: whichever comes first.
inline constexpr size_t kPersistRows = 10'000;
inline constexpr int64_t kPersistDelayNanoseconds = 50'000'000;
// Rows and bytes one history or value read hands back at a time.
inline constexpr size_t kReadChunkBytes = 4 * 1024 * 1024;

// --- watch --------------------------------------------------------------------------------------
// Output parked on one stream before its watchers fall back to reading history.
inline constexpr size_t kWatchStreamBytes = 4 * 1024 * 1024;

}  // namespace keelson::limits
