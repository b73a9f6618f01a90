// What members say and do, as text: one line a message, a batch, a role. An entry reads index/term.
#pragma once

#include <string>

#include "raft/member.h"

namespace keelson::raft::test {

inline std::string number_text(uint64_t n) { return std::to_string(n); }

inline std::string entry_text(const Entry& entry) {
  std::string text = number_text(entry.index.value) + "/" + number_text(entry.term.value);
  if (entry.type == EntryType::kConfChange) {
    static constexpr const char* kNames[] = {"voter", "remove", "update", "learner"};
    const ConfChange change = decode(entry);
    return text + " " + kNames[static_cast<size_t>(change.type)] + " " +
           number_text(change.node.value);
  }
  const auto bytes = entry.bytes();
  const bool number = bytes.size() == 8 && bytes[0] == '\0';
  if (number) return "#" + number_text(get_u64be(bytes.data()));
  return bytes.empty() ? text : text + " " + std::string(bytes);
}

inline std::string entries_text(const std::vector<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries) text += (text.empty() ? "" : ", ") + entry_text(entry);
  return "[" + text + "]";
}

inline std::string ids_text(const std::vector<MemberId>& ids) {
  std::string text;
  for (const MemberId id : ids) text += (text.empty() ? "" : " ") + number_text(id.value);
  return text;
}

inline std::string conf_text(const ConfState& conf) {
  std::string text = "voters " + ids_text(conf.voters);
  if (!conf.learners.empty()) text += " learners " + ids_text(conf.learners);
  return text;
}

inline const char* type_text(MessageType type) {
  switch (type) {
    case MessageType::kProp:
      return "Prop";
    case MessageType::kApp:
      return "App";
    case MessageType::kAppResp:
      return "AppResp";
    case MessageType::kVote:
      return "Vote";
    case MessageType::kVoteResp:
      return "VoteResp";
    case MessageType::kSnap:
      return "Snap";
    case MessageType::kHeartbeat:
      return "Heartbeat";
    case MessageType::kHeartbeatResp:
      return "HeartbeatResp";
    case MessageType::kTransferLeader:
      return "TransferLeader";
    case MessageType::kTimeoutNow:
      return "TimeoutNow";
    case MessageType::kReadIndex:
      return "ReadIndex";
    case MessageType::kReadIndexResp:
      return "ReadIndexResp";
    case MessageType::kPreVote:
      return "PreVote";
    case MessageType::kPreVoteResp:
      return "PreVoteResp";
  }
  return "?";
}

inline std::string message_text(const Message& m) {
  std::string text = number_text(m.from.value) + ">" + number_text(m.to.value) + " ";
  text += type_text(m.type);
  if (m.term != Term()) text += " t" + number_text(m.term.value);
  if (m.type == MessageType::kApp || m.type == MessageType::kVote ||
      m.type == MessageType::kPreVote) {
    text += " at " + number_text(m.index.value) + "/" + number_text(m.log_term.value);
  } else if (m.index != Index()) {
    text += " index " + number_text(m.index.value);
  }
  if (!m.entries.empty()) text += " " + entries_text(m.entries);
  if (m.commit != Index()) text += " commit " + number_text(m.commit.value);
  if (m.type == MessageType::kSnap) {
    text += " snapshot " + number_text(m.snapshot.index.value) + "/" +
            number_text(m.snapshot.term.value) + " " + conf_text(m.snapshot.conf);
  }
  if (m.reject) text += " reject";
  if (m.reject && m.type == MessageType::kAppResp) {
    text += " hint " + number_text(m.reject_hint.value) + "/" + number_text(m.log_term.value);
  }
  if (m.context.size() == 8) return text + " round " + number_text(get_u64le(m.context.data()));
  return m.context.empty() ? text : text + " " + m.context;
}

inline const char* role_text(RoleKind role) {
  static constexpr const char* kNames[] = {"follower", "pre-candidate", "candidate", "leader"};
  return kNames[static_cast<size_t>(role)];
}

inline std::string batch_text(const Output& out) {
  std::string text = "batch " + number_text(out.batch) + (out.must_sync ? "" : " lazy");
  if (out.install) {
    text += " install " + number_text(out.install->index.value) + "/" +
            number_text(out.install->term.value) + " " + conf_text(out.install->conf);
  }
  if (out.hard_state) {
    text += " term " + number_text(out.hard_state->term.value) + " vote " +
            number_text(out.hard_state->vote.value) + " commit " +
            number_text(out.hard_state->commit.value);
  }
  return out.entries.empty() ? text : text + " " + entries_text(out.entries);
}

inline std::string output_text(MemberId id, const Raft& raft, const Output& out) {
  const std::string indent = "  " + number_text(id.value) + ": ";
  std::string text;
  if (out.role_changed) {
    text += indent + role_text(raft.role()) + " t" + number_text(raft.term().value) + " leader " +
            number_text(raft.leader().value) + "\n";
  }
  if (out.batch != 0) text += indent + batch_text(out) + "\n";
  for (const Message& m : out.messages) text += indent + message_text(m) + "\n";
  if (!out.committed.empty()) text += indent + "committed " + entries_text(out.committed) + "\n";
  for (const ReadState& read : out.reads) {
    text +=
        indent + "read #" + number_text(read.id) + " at " + number_text(read.index.value) + "\n";
  }
  for (const uint64_t read : out.dropped_reads) {
    text += indent + "dropped read #" + number_text(read) + "\n";
  }
  return text;
}

inline std::string status_text(const Member& m) {
  const std::string id = number_text(m.id().value);
  if (!m.up()) return id + ": down\n";
  const Raft& raft = m.raft();
  std::string text = id + ": " + role_text(raft.role()) + " t" + number_text(raft.term().value) +
                     " log " + number_text(raft.first_index().value) + ".." +
                     number_text(raft.last_index().value) + " stable " +
                     number_text(raft.stable_index().value) + " commit " +
                     number_text(raft.commit().value) + " applied " +
                     number_text(raft.applied().value) + " " + conf_text(raft.conf()) + "\n";
  for (const auto& peer : raft.progress()) {
    text += "   peer " + number_text(peer.id.value) + " match " + number_text(peer.match.value) +
            " next " + number_text(peer.next.value) + (peer.recent_active ? "" : " silent") +
            (peer.learner ? " learner" : "") + (peer.snapshot_pending ? " snapshot" : "") + "\n";
  }
  return text;
}

}  // namespace keelson::raft::test
