// Every bound of the peer port, with its reason and what happens there. Units stand at the end of
// the names.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace keelson::peer::limits {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- frames -------------------------------------------------------------------------------------
// etcd's own bound of a message on a stream. Above: the stream is cut and dialed again.
inline constexpr uint64_t kMessageBytes = 512ull * 1024 * 1024;
// An entry in memory costs more than the eight bytes an empty one takes on the wire: each counts at
// least this much against kMessageBytes.
inline constexpr uint64_t kEntryCostBytes = 64;
// A message in a POST /raft. etcd has no bound; messages are at most 1 MiB of entries, or one entry
// (1.5 MiB with default flags). Above: 400.
inline constexpr size_t kPostBytes = 64 * 1024 * 1024;
// The MsgSnap in front of a snapshot (etcd's bound). Above: 400.
inline constexpr uint64_t kSnapshotMessageBytes = 64ull * 1024 * 1024;
// Bodies of all other requests (etcd's bound for leases). Above: 413.
inline constexpr size_t kPageBodyBytes = 64 * 1024;
// Answers that are read from other members: /members of a large cluster fits many times.
inline constexpr size_t kReplyBytes = 4 * 1024 * 1024;
// Names and values of all headers of one message. Above: 431, or the connection is closed.
inline constexpr size_t kHeaderBytes = 16 * 1024;

// --- queues -------------------------------------------------------------------------------------
// Output of one stream that its socket has not taken: a follower that is slow for longer is better
// served by a probe than by old messages. Above: dropped, raft is told that it is unreachable.
inline constexpr size_t kStreamQueueBytes = 64 * 1024 * 1024;
inline constexpr size_t kStreamQueueMessages = 4096;  // etcd's buffer
// Payloads of at least this size are not copied into the output but referred to.
inline constexpr size_t kSpliceBytes = 4096;
// What one writev() carries at most; more pieces go with the next one.
inline constexpr size_t kPiecesPerWrite = 64;
// Messages that wait for a POST because no stream is attached (etcd's buffer), and their bytes.
inline constexpr size_t kPipelineMessages = 64;
inline constexpr size_t kPipelineBytes = 16 * 1024 * 1024;
// Snapshots that wait for one member (etcd's buffer). Above: reported as failed.
inline constexpr size_t kSnapshotsWaiting = 16;
// Exchanges of Transport::request and fetch under way. Above: answered at once with an error.
inline constexpr size_t kRequests = 256;

// Body bytes of a request that was refused, read so that the sender sees the answer. Above: closed.
inline constexpr uint64_t kDiscardBytes = 16ull * 1024 * 1024;

// --- connections --------------------------------------------------------------------------------
// Accepted ones: a member needs two streams and a handful of POSTs. Above: closed at once.
inline constexpr size_t kConnections = 1024;
// Accepts in one turn: a storm of handshakes must not hold up messages. The rest waits a turn.
inline constexpr size_t kAcceptsPerTurn = 8;
// Snapshots that arrive at the same time. Above: 500, the sender tries again.
inline constexpr size_t kIncomingSnapshots = 4;
// Senders that are not members yet, as X-PeerURLs told them. Above: another one is forgotten.
inline constexpr size_t kRemotes = 64;
// One read of a socket.
inline constexpr size_t kReadBytes = 256 * 1024;
// One read of an image or write of a spooled one.
inline constexpr size_t kImageChunkBytes = 1024 * 1024;

// --- time (etcd's) ------------------------------------------------------------------------------
inline constexpr milliseconds kDial{2000};
inline constexpr seconds kHandshake{10};
inline constexpr seconds kStreamSilence{5};          // a stream without a byte is dead
inline constexpr milliseconds kLinkHeartbeat{1667};  // so the other side notices within 5 s
inline constexpr seconds kWriteStall{5};             // a socket that takes nothing is dead
inline constexpr seconds kIdle{5};                   // of an accepted connection
inline constexpr milliseconds kRedial{100};          // between two tries of one stream
inline constexpr seconds kProbe{4};
inline constexpr milliseconds kRequestRetry{50};
// A POST /raft has no deadline in etcd; a peer that swallows packets must not hold the lane.
inline constexpr seconds kPost{5};
inline constexpr seconds kProposalPost{7};  // its handler may wait for a leader
// A piece of a snapshot that does not leave, and the answer after the last one (the receiver syncs
// the image first).
inline constexpr seconds kSnapshotStall{30};
inline constexpr seconds kSnapshotReply{300};
// How long to leave the backlog alone when accept() fails (no descriptors, no memory).
inline constexpr milliseconds kAcceptPause{100};
// Pool too busy for a piece of a snapshot: tried again.
inline constexpr milliseconds kPoolRetry{10};
// Pages that ask the node: nothing may hang for ever.
inline constexpr seconds kPage{10};

}  // namespace keelson::peer::limits
