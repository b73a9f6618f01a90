#include "peer/raftpb.h"

#include "base/bytes.h"
#include "base/wire.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

using raft::Message;
using raft::MessageType;

// Field numbers of raftpb.Message.
enum Number : uint32_t {
  kType = 1,
  kTo,
  kFrom,
  kTerm,
  kLogTerm,
  kIndex,
  kEntries,
  kCommit,
  kSnapshot,
  kReject,
  kRejectHint,
  kContext,
};

// Which fields a type has: these are written even when zero, as the sender in Go does it.
struct Shape {
  bool term = true, log_term = false, index = false, commit = false;
};

Shape shape_of(const Message& m) {
  switch (m.type) {
    case MessageType::kProp:
    case MessageType::kReadIndex:
      return {.term = false};
    case MessageType::kApp:
      return {.log_term = true, .index = true, .commit = true};
    case MessageType::kAppResp:
      return {.log_term = m.reject, .index = m.reject || m.index != Index()};
    case MessageType::kVote:
    case MessageType::kPreVote:
      return {.log_term = true, .index = true};
    case MessageType::kHeartbeat:
      return {.commit = true};
    case MessageType::kReadIndexResp:
      return {.index = true};
    default:
      return {};
  }
}

// proto2: a field that is set is written, zero or not.
void put_number(std::string& out, uint32_t number, uint64_t value) {
  wire::put_tag(out, number, wire::Type::kVarint);
  put_varint(out, value);
}

// Both walk the same fields; a sizer adds up what a writer writes.
struct Sizer {
  size_t size = 0;
  void number(uint32_t, uint64_t value) { size += 1u + static_cast<size_t>(varint_size(value)); }
  void bytes(uint32_t, std::string_view value) {
    size += 1u + static_cast<size_t>(varint_size(value.size())) + value.size();
  }
  void entry(const raft::Entry& e) {
    const size_t inner = entry_size(e);
    size += 1u + static_cast<size_t>(varint_size(inner)) + inner;
  }
};

struct Writer {
  FrameBuffer& out;
  void number(uint32_t n, uint64_t value) { put_number(out.bytes(), n, value); }
  void bytes(uint32_t n, std::string_view value) { wire::put_message(out.bytes(), n, value); }
  void entry(const raft::Entry& e) {
    wire::put_tag(out.bytes(), kEntries, wire::Type::kBytes);
    put_varint(out.bytes(), entry_size(e));
    put_entry(out, e);
  }
};

std::string encode_snapshot(const raft::SnapshotMeta& meta, std::string_view data) {
  std::string conf;
  for (const MemberId voter : meta.conf.voters) put_number(conf, 1, voter.value);
  for (const MemberId learner : meta.conf.learners) put_number(conf, 2, learner.value);
  put_number(conf, 5, 0);  // auto_leave
  std::string metadata;
  wire::put_message(metadata, 1, conf);
  put_number(metadata, 2, meta.index.value);
  put_number(metadata, 3, meta.term.value);
  std::string out;
  wire::put_bytes(out, 1, data);
  wire::put_message(out, 2, metadata);
  return out;
}

template <typename Sink>
void walk(Sink&& sink, const Message& m, std::string_view snapshot_data) {
  const Shape shape = shape_of(m);
  sink.number(kType, static_cast<uint64_t>(m.type));
  sink.number(kTo, m.to.value);
  sink.number(kFrom, m.from.value);
  if (shape.term) sink.number(kTerm, m.term.value);
  if (shape.log_term) sink.number(kLogTerm, m.log_term.value);
  if (shape.index) sink.number(kIndex, m.index.value);
  for (const raft::Entry& entry : m.entries) sink.entry(entry);
  if (shape.commit) sink.number(kCommit, m.commit.value);
  if (m.type == MessageType::kSnap)
    sink.bytes(kSnapshot, encode_snapshot(m.snapshot, snapshot_data));
  if (m.reject) sink.number(kReject, 1);
  if (m.reject && m.type == MessageType::kAppResp) sink.number(kRejectHint, m.reject_hint.value);
  if (!m.context.empty()) sink.bytes(kContext, m.context);
}

bool known_type(uint64_t type) {
  switch (static_cast<MessageType>(type)) {
    case MessageType::kProp:
    case MessageType::kApp:
    case MessageType::kAppResp:
    case MessageType::kVote:
    case MessageType::kVoteResp:
    case MessageType::kSnap:
    case MessageType::kHeartbeat:
    case MessageType::kHeartbeatResp:
    case MessageType::kTransferLeader:
    case MessageType::kTimeoutNow:
    case MessageType::kReadIndex:
    case MessageType::kReadIndexResp:
    case MessageType::kPreVote:
    case MessageType::kPreVoteResp:
      return type <= UINT8_MAX;
  }
  return false;
}

bool is_varint(const wire::Field& f) { return f.type == wire::Type::kVarint; }
bool is_bytes(const wire::Field& f) { return f.type == wire::Type::kBytes; }

// Repeated numbers may come packed, too.
bool add_members(const wire::Field& f, std::vector<MemberId>& members) {
  if (is_varint(f)) {
    members.emplace_back(f.number_value);
    return true;
  }
  std::string_view packed = f.bytes;
  if (!is_bytes(f)) return false;
  while (!packed.empty()) {
    uint64_t value = 0;
    if (!get_varint(packed, value)) return false;
    members.emplace_back(value);
  }
  return true;
}

bool get_conf(std::string_view in, raft::ConfState& conf) {
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1 && !add_members(f, conf.voters)) return false;
    if (f.number == 2 && !add_members(f, conf.learners)) return false;
    if (f.number == 3 || f.number == 4) return false;  // joint: no member of etcd makes it
    if (f.number == 5 && (!is_varint(f) || f.as_bool())) return false;
  }
  return reader.ok();
}

bool get_metadata(std::string_view in, raft::SnapshotMeta& meta) {
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number < 1 || f.number > 3) continue;
    if (f.number == 1 ? !is_bytes(f) : !is_varint(f)) return false;
    if (f.number == 1 && !get_conf(f.bytes, meta.conf)) return false;
    if (f.number == 2) meta.index = Index(f.number_value);
    if (f.number == 3) meta.term = Term(f.number_value);
  }
  return reader.ok();
}

bool get_snapshot(std::string_view in, raft::SnapshotMeta& meta) {
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 2 && (!is_bytes(f) || !get_metadata(f.bytes, meta))) return false;
  }
  return reader.ok();
}

bool get_bytes_field(const wire::Field& f, Message& m) {
  if (f.number == kContext) m.context = f.bytes;
  if (f.number == kSnapshot) return get_snapshot(f.bytes, m.snapshot);
  if (f.number == kEntries) return get_entry(f.bytes, m.entries.emplace_back());
  return true;
}

void get_number_field(const wire::Field& f, Message& m) {
  const uint64_t v = f.number_value;
  switch (f.number) {
    case kTo:
      m.to = MemberId(v);
      break;
    case kFrom:
      m.from = MemberId(v);
      break;
    case kTerm:
      m.term = Term(v);
      break;
    case kLogTerm:
      m.log_term = Term(v);
      break;
    case kIndex:
      m.index = Index(v);
      break;
    case kCommit:
      m.commit = Index(v);
      break;
    case kReject:
      m.reject = v != 0;
      break;
    case kRejectHint:
      m.reject_hint = Index(v);
      break;
    default:
      break;
  }
}

}  // namespace

void FrameBuffer::append(const raft::Payload& payload) {
  if (!payload) return;
  if (payload->size() < limits::kSpliceBytes) {
    bytes_ += *payload;
    return;
  }
  splices_.push_back({bytes_.size(), payload});
  spliced_bytes_ += payload->size();
}

std::string FrameBuffer::flat() const {
  std::string out;
  out.reserve(size());
  size_t done = 0;
  for (const Splice& splice : splices_) {
    out.append(bytes_, done, splice.at - done).append(*splice.payload);
    done = splice.at;
  }
  return out.append(bytes_, done);
}

size_t entry_size(const raft::Entry& entry) {
  const std::string_view data = entry.bytes();
  return wire::uint_size(1, static_cast<uint64_t>(entry.type)) +
         wire::uint_size(2, entry.term.value) + wire::uint_size(3, entry.index.value) +
         (data.empty() ? 0 : wire::message_size(4, data.size()));
}

void put_entry(FrameBuffer& out, const raft::Entry& entry) {
  std::string& bytes = out.bytes();
  wire::put_uint(bytes, 1, static_cast<uint64_t>(entry.type));
  wire::put_uint(bytes, 2, entry.term.value);
  wire::put_uint(bytes, 3, entry.index.value);
  if (entry.bytes().empty()) return;
  wire::put_tag(bytes, 4, wire::Type::kBytes);
  put_varint(bytes, entry.data->size());
  out.append(entry.data);
}

size_t message_size(const Message& message, std::string_view snapshot_data) {
  Sizer sizer;
  walk(sizer, message, snapshot_data);
  return sizer.size;
}

void put_message(FrameBuffer& out, const Message& message, std::string_view snapshot_data) {
  walk(Writer{out}, message, snapshot_data);
}

bool get_entry(std::string_view in, raft::Entry& entry) {
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number < 1 || f.number > 4) continue;
    if (f.number == 4 ? !is_bytes(f) : !is_varint(f)) return false;
    if (f.number == 1) {
      if (f.number_value > static_cast<uint64_t>(raft::EntryType::kConfChange)) return false;
      entry.type = static_cast<raft::EntryType>(f.number_value);
    }
    if (f.number == 2) entry.term = Term(f.number_value);
    if (f.number == 3) entry.index = Index(f.number_value);
    if (f.number == 4) {
      entry.data = f.bytes.empty() ? nullptr : std::make_shared<const std::string>(f.bytes);
    }
  }
  return reader.ok();
}

Decoded get_message(std::string_view in, Message& message) {
  uint64_t type = 0;
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number < kType || f.number > kContext) continue;
    const bool bytes = f.number == kEntries || f.number == kSnapshot || f.number == kContext;
    if (bytes ? !is_bytes(f) : !is_varint(f)) return Decoded::kMalformed;
    if (f.number == kType) type = f.number_value;
    if (bytes && !get_bytes_field(f, message)) return Decoded::kMalformed;
    if (!bytes) get_number_field(f, message);
  }
  if (!reader.ok()) return Decoded::kMalformed;
  if (!known_type(type)) return Decoded::kIgnored;
  message.type = static_cast<MessageType>(type);
  return Decoded::kMessage;
}

bool is_link_heartbeat(const Message& message) {
  return message.type == MessageType::kHeartbeat && message.to == MemberId() &&
         message.from == MemberId();
}

}  // namespace keelson::peer
