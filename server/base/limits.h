// Every bound on what comes from outside or queues up inside, with its reason and what happens
// there. Units stand at the end of the names.
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
// Of the applied log, kept in memory for followers that are behind.
inline constexpr size_t kCatchupBytes = 16 * 1024 * 1024;
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

// --- streams ------------------------------------------------------------------------------------
// Unsent bytes of a RangeStream or Snapshot above which the next piece is not asked for yet. Must
// be above the mark at which front/ calls on_drained (256 KiB).
inline constexpr size_t kStreamAheadBytes = 1024 * 1024;
// Keepalives of one stream that wait because its answers are not read. Above: the stream ends.
inline constexpr size_t kKeepAlivesWaiting = 4096;

// --- watch --------------------------------------------------------------------------------------
// Output parked on one stream before its watchers fall back to reading history. All streams of a
// loop share kWatchLoopBytes, so with many streams each gets less, but never under the minimum
// (which is above front's on_drained mark).
inline constexpr size_t kWatchStreamBytes = 4 * 1024 * 1024;
inline constexpr size_t kWatchStreamBytesMin = 512 * 1024;
inline constexpr size_t kWatchLoopBytes = 256 * 1024 * 1024;
// Events handed to a loop that it has not looked at yet. Above: dropped, its watchers read history.
inline constexpr size_t kWatchInboxBytes = 16 * 1024 * 1024;
// Events looked at already, kept while history is being read so that its readers can join the live
// ones without chasing them. Above: the oldest go, the readers take another slice.
inline constexpr size_t kWatchRecentBytes = 4 * 1024 * 1024;
// One slice of history: etcd's number of revisions, and bytes (a single revision may exceed them).
inline constexpr size_t kWatchSliceRevisions = 1000;
inline constexpr size_t kWatchSliceBytes = 1024 * 1024;
// Watchers that share one slice (etcd's number), and slices a loop reads at the same time.
inline constexpr size_t kWatchersPerSlice = 512;
inline constexpr size_t kWatchSlicesAtOnce = 4;
// Requests on one watch stream that wait because its output is not read. Above: the stream ends.
inline constexpr size_t kWatchRequestsWaiting = 16384;

}  // namespace keelson::limits
