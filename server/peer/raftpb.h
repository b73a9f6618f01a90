// raftpb, etcd's encoding of raft messages (reference peer.md section 4), from and to raft's own
// structs. Pure functions. Input is hostile: every length is checked, damage gives kMalformed.
//
// raft's messages and the wire agree without translation: contexts of ReadIndex travel as the data
// of entries[0], MsgProp and MsgReadIndex have no term, contexts of heartbeats and votes are bytes.
// What raft does not have (joint configurations, entries of type ConfChangeV2) is malformed here,
// since no member may act on half of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "raft/types.h"

namespace keelson::peer {

// --- encoding -----------------------------------------------------------------------------------

// Bytes for a socket: owned ones, and payloads that are referred to in place of being copied.
class FrameBuffer {
 public:
  struct Splice {
    size_t at;  // goes in front of bytes()[at]
    raft::Payload payload;
  };
  std::string& bytes() { return bytes_; }
  const std::string& bytes() const { return bytes_; }
  const std::vector<Splice>& splices() const { return splices_; }
  // Copies small payloads, refers to large ones.
  void append(const raft::Payload& payload);
  size_t size() const { return bytes_.size() + spliced_bytes_; }
  bool empty() const { return size() == 0; }
  std::string flat() const;  // all in one piece: for tests and TLS

 private:
  std::string bytes_;
  std::vector<Splice> splices_;
  size_t spliced_bytes_ = 0;
};

size_t entry_size(const raft::Entry& entry);
void put_entry(FrameBuffer& out, const raft::Entry& entry);
// `snapshot_data` is raftpb.Snapshot.data of a MsgSnap.
size_t message_size(const raft::Message& message, std::string_view snapshot_data = {});
void put_message(FrameBuffer& out, const raft::Message& message,
                 std::string_view snapshot_data = {});

// --- decoding -----------------------------------------------------------------------------------

enum class Decoded : uint8_t {
  kMessage,
  kIgnored,  // a type that never comes from another member, or that nobody knows
  kMalformed,
};

bool get_entry(std::string_view in, raft::Entry& entry);
// Snapshot.data is not kept: only members of 3.6 and older read it.
Decoded get_message(std::string_view in, raft::Message& message);

// A MsgHeartbeat from nobody to nobody, in whatever form members write it.
bool is_link_heartbeat(const raft::Message& message);

}  // namespace keelson::peer
