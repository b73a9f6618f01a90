#include "watch/encode.h"

#include "base/wire.h"

namespace keelson::watch {
namespace {

// Fields of WatchResponse, Event and KeyValue (reference api.md section 3).
constexpr uint32_t kHeader = 1, kWatchId = 2, kCreated = 3, kCanceled = 4, kCompactRevision = 5,
                   kCancelReason = 6, kFragment = 7, kEvents = 11;
constexpr uint32_t kType = 1, kKv = 2, kPrevKv = 3;
constexpr uint32_t kModRevision = 3;
constexpr uint64_t kDelete = 1;

// A tombstone's record holds only the key; on the wire it tells its revision, too.
size_t kv_size(const mvcc::Event& event) {
  const auto revision = static_cast<uint64_t>(event.main.value);
  return event.kv.size() + (event.tombstone ? wire::uint_size(kModRevision, revision) : 0);
}

size_t body_size(const mvcc::Event& event, bool prev) {
  size_t size = wire::message_size(kKv, kv_size(event));
  if (event.tombstone) size += wire::uint_size(kType, kDelete);
  if (prev && !event.prev_kv.empty()) size += wire::message_size(kPrevKv, event.prev_kv.size());
  return size;
}

}  // namespace

std::string encode_header(const Ids& ids, Revision revision) {
  std::string header;
  wire::put_uint(header, 1, ids.cluster.value);
  wire::put_uint(header, 2, ids.member.value);
  wire::put_int(header, 3, revision.value);
  wire::put_uint(header, 4, ids.term.value);
  std::string out;
  wire::put_message(out, kHeader, header);
  return out;
}

std::string encode_head(std::string_view header, int64_t watch_id, const Flags& flags) {
  constexpr size_t kOthersMax = 32;
  std::string out;
  out.reserve(header.size() + kOthersMax + flags.cancel_reason.size());
  out.append(header);
  wire::put_int(out, kWatchId, watch_id);
  wire::put_bool(out, kCreated, flags.created);
  wire::put_bool(out, kCanceled, flags.canceled);
  wire::put_int(out, kCompactRevision, flags.compact_revision.value);
  wire::put_bytes(out, kCancelReason, flags.cancel_reason);
  wire::put_bool(out, kFragment, flags.fragment);
  return out;
}

size_t encoded_event_size(const mvcc::Event& event, bool prev) {
  return wire::message_size(kEvents, body_size(event, prev));
}

void append_event(std::string& out, const mvcc::Event& event, bool prev) {
  wire::put_tag(out, kEvents, wire::Type::kBytes);
  put_varint(out, body_size(event, prev));
  if (event.tombstone) wire::put_uint(out, kType, kDelete);
  wire::put_tag(out, kKv, wire::Type::kBytes);
  put_varint(out, kv_size(event));
  out.append(event.kv);
  if (event.tombstone) wire::put_int(out, kModRevision, event.main.value);
  if (prev && !event.prev_kv.empty()) wire::put_message(out, kPrevKv, event.prev_kv);
}

}  // namespace keelson::watch
