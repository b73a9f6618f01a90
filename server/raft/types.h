// What the consensus machine deals in. Plain structs in etcd's dialect (reference peer.md section 4
// and 5); raft includes nothing but base, so conversion to raftpb bytes lives in node/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace keelson::raft {

enum class EntryType : uint8_t { kNormal = 0, kConfChange = 1 };

// Payload bytes are shared between the log in memory, the log thread and the peers' senders:
// encoded once, copied never. Null means no data (a new leader's first entry).
using Payload = std::shared_ptr<const std::string>;

struct Entry {
  Term term;
  Index index;
  EntryType type = EntryType::kNormal;
  Payload data;

  std::string_view bytes() const { return data ? std::string_view(*data) : std::string_view(); }
  bool operator==(const Entry& o) const {
    return term == o.term && index == o.index && type == o.type && bytes() == o.bytes();
  }
};

struct HardState {
  Term term;
  MemberId vote;
  Index commit;
  bool operator==(const HardState&) const = default;
};

struct ConfState {
  std::vector<MemberId> voters;    // ascending
  std::vector<MemberId> learners;  // ascending
  bool operator==(const ConfState&) const = default;
};

struct SnapshotMeta {
  Index index;
  Term term;
  ConfState conf;
  bool operator==(const SnapshotMeta&) const = default;
};

enum class ConfChangeType : uint8_t { kAddVoter = 0, kRemove = 1, kUpdate = 2, kAddLearner = 3 };

struct ConfChange {
  ConfChangeType type = ConfChangeType::kAddVoter;
  MemberId node;  // nobody = refused at apply: changes nothing
};

enum class MessageType : uint8_t {
  kProp = 2,
  kApp = 3,
  kAppResp = 4,
  kVote = 5,
  kVoteResp = 6,
  kSnap = 7,
  kHeartbeat = 8,
  kHeartbeatResp = 9,
  kTransferLeader = 13,
  kTimeoutNow = 14,
  kReadIndex = 15,
  kReadIndexResp = 16,
  kPreVote = 17,
  kPreVoteResp = 18,
};

struct Message {
  MessageType type = MessageType::kApp;
  MemberId to;
  MemberId from;
  Term term;
  Term log_term;
  Index index;
  std::vector<Entry> entries;
  Index commit;
  SnapshotMeta snapshot;  // for kSnap; the state itself travels beside the message
  bool reject = false;
  Index reject_hint;
  std::string context;
};

}  // namespace keelson::raft
