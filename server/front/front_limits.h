// Bounds of the client port, each with its reason and what happens there. In the style of
// base/limits.h; units stand at the end of the names.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace keelson::front::limits {

// --- sockets and turns --------------------------------------------------------------------------
// One recv a connection and turn takes at most this; more waits for the next turn (others' too).
inline constexpr size_t kReceiveBytes = 64 * 1024;
// Output is made in pieces of this size: big answers are framed while the last piece is in cache.
inline constexpr size_t kOutputPieceBytes = 128 * 1024;
// What one connection may send a turn before others get theirs; the rest leaves in the next turn.
inline constexpr size_t kOutputTurnBytes = 1024 * 1024;
// New connections a listener takes a turn; the rest stays in the backlog.
inline constexpr int kAcceptsPerTurn = 64;
// Descriptors that are not for clients: files, peers, the store. etcd keeps the same number back.
// Above, accepting pauses until a connection closes.
inline constexpr uint64_t kReservedDescriptors = 150;
// After a failed accept (no descriptors, no memory) the listener rests, or it would spin.
inline constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

// After our last byte a peer gets this long to close its side.
inline constexpr Duration kLingerTime = std::chrono::seconds(1);
// Plaintext of one TLS record.
inline constexpr size_t kTlsRecordBytes = 16 * 1024;

// --- TLS ----------------------------------------------------------------------------------------
// Handshake steps cost up to a millisecond each (RSA): a storm must leave room for running calls.
inline constexpr int kHandshakesPerTurn = 8;
inline constexpr Duration kHandshakeTimePerTurn = std::chrono::milliseconds(5);
// etcd's own limit. Above: the connection is closed.
inline constexpr Duration kHandshakeTime = std::chrono::seconds(10);

// --- HTTP/2 -------------------------------------------------------------------------------------
// grpc-go allows two minutes from accept to the end of the client's preface.
inline constexpr Duration kPrefaceTime = std::chrono::seconds(120);
// Streams open at once on one connection, whatever --max-concurrent-streams says (its default is
// "no limit"): 2 KB each. Above: REFUSED_STREAM, which clients retry elsewhere or later.
inline constexpr uint32_t kStreamsPerConnection = 50'000;
// Our receive windows: a whole request (2 MiB by default) fits a stream's, few WINDOW_UPDATEs.
inline constexpr int32_t kStreamWindowBytes = 4 * 1024 * 1024;
inline constexpr int32_t kConnectionWindowBytes = 16 * 1024 * 1024;
// Names and values of one request's headers; nghttp2 itself refuses a single one of 64 KiB.
// Above: the stream is reset.
inline constexpr size_t kHeaderListBytes = 64 * 1024;
// Unfinished request messages held for one connection. Above: the call that grows gets
// ResourceExhausted.
inline constexpr size_t kConnectionInputBytes = 128 * 1024 * 1024;
// Answers parked for one connection whose reader is slow. Above: new calls on it are refused with
// REFUSED_STREAM until it has read; running calls keep what they have.
inline constexpr size_t kConnectionOutputBytes = 512 * 1024 * 1024;
// A call is told on_drained when its parked output falls to this.
inline constexpr size_t kCallDrainedBytes = 256 * 1024;

// Floods: each kind of frame that costs us work and brings nothing draws from a bucket that refills
// with the loop's time. Empty: GOAWAY ENHANCE_YOUR_CALM and the end of the connection.
// Resets, the client's and those that its mistakes force on us: each costs a whole call. Honest
// peak seen: 6,000 calls that time out within 1.3 s; three times that, and twice the rate.
inline constexpr uint32_t kResetBurst = 20'000;
inline constexpr uint32_t kResetsPerSecond = 10'000;
// PING, SETTINGS, empty DATA, PRIORITY and unknown frames. Honest peak: grpc-go's bandwidth pings,
// one for each round trip while data flows.
inline constexpr uint32_t kControlFrameBurst = 5'000;
inline constexpr uint32_t kControlFramesPerSecond = 1'000;
// Answers to PING and SETTINGS that wait because the client does not read. Above the burst, so that
// a flood runs into the bucket and hears why; above this the connection ends without a word.
inline constexpr size_t kParkedAcks = 10'000;

// --- keepalive ----------------------------------------------------------------------------------
// grpc-go's: the third strike ends the connection; without a stream one ping in two hours is fine.
inline constexpr int kPingStrikes = 2;
inline constexpr Duration kPingWithoutStream = std::chrono::hours(2);

// --- HTTP/1.1 -----------------------------------------------------------------------------------
// Request line and headers, and the time to send them (slow senders); idle connections between
// requests. Above: 431 or a close.
inline constexpr size_t kHttp1HeaderBytes = 64 * 1024;
// The first line, by which HTTP/1.1 is known on a shared port; etcd's. Above: closed.
inline constexpr size_t kHttp1FirstLineBytes = 4096;
inline constexpr Duration kHttp1HeaderTime = std::chrono::seconds(60);
inline constexpr Duration kHttp1IdleTime = std::chrono::minutes(5);
// Bytes of pipelined requests that wait for the answer before; above, the socket is not read.
inline constexpr size_t kHttp1PipelineBytes = 64 * 1024;

// --- timers -------------------------------------------------------------------------------------
inline constexpr Duration kCallTick = std::chrono::milliseconds(4);
inline constexpr size_t kCallSlots = 2048;  // 8 s a rotation: most timeouts are below
inline constexpr Duration kConnectionTick = std::chrono::seconds(1);
inline constexpr size_t kConnectionSlots = 8192;  // 2.3 h a rotation: the keepalive interval

}  // namespace keelson::front::limits
