#include "peer/stream_codec.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

using raft::Message;
using raft::MessageType;

// First bytes of msgapp frames.
constexpr uint8_t kFrameHeartbeat = 0;
constexpr uint8_t kFrameEntries = 1;
constexpr uint8_t kFrameMessage = 2;
constexpr uint64_t kNumberBytes = 8;

}  // namespace

void StreamEncoder::put(FrameBuffer& out, const Message& message) {
  if (kind_ == StreamKind::kMsgApp) return put_app(out, message);
  put_u64be(out.bytes(), message_size(message));
  put_message(out, message);
}

void StreamEncoder::put_app(FrameBuffer& out, const Message& m) {
  CHECK(m.type == MessageType::kApp);
  const bool follows =
      m.index == position_.index && m.log_term == position_.term && m.term == position_.term;
  if (follows) {
    out.bytes() += static_cast<char>(kFrameEntries);
    put_u64be(out.bytes(), m.entries.size());
    for (const raft::Entry& entry : m.entries) {
      put_u64be(out.bytes(), entry_size(entry));
      put_entry(out, entry);
    }
    put_u64be(out.bytes(), m.commit.value);
  } else {
    out.bytes() += static_cast<char>(kFrameMessage);
    put_u64be(out.bytes(), message_size(m));
    put_message(out, m);
  }
  position_ = {m.term, m.index.plus(m.entries.size())};
}

void StreamEncoder::put_link_heartbeat(FrameBuffer& out) const {
  if (kind_ == StreamKind::kMsgApp) {
    out.bytes() += static_cast<char>(kFrameHeartbeat);
  } else {
    out.bytes().append("\0\0\0\0\0\0\0\x02\x08\x08", 10);
  }
}

// A piece that lies in `bytes` as a whole is read in place; only what is cut off is kept.
bool StreamDecoder::feed(std::string_view bytes, std::vector<Message>& out) {
  for (;;) {
    if (!begun_) {
      expect(kind_ == StreamKind::kMsgApp ? Expect::kFrame : Expect::kLength,
             kind_ == StreamKind::kMsgApp ? 1 : kNumberBytes);
      begun_ = true;
    }
    const size_t missing = static_cast<size_t>(needed_) - buffer_.size();
    if (bytes.size() < missing) {
      buffer_.append(bytes);
      return true;
    }
    const std::string_view head = bytes.substr(0, missing);
    bytes.remove_prefix(missing);
    if (buffer_.empty()) {
      if (!step(head, out)) return false;
    } else {
      const std::string piece = std::exchange(buffer_, {}).append(head);
      if (!step(piece, out)) return false;
    }
    if (bytes.empty() && needed_ > 0) return true;
  }
}

void StreamDecoder::expect(Expect what, uint64_t bytes) {
  expected_ = what;
  needed_ = bytes;
}

bool StreamDecoder::step(std::string_view piece, std::vector<Message>& out) {
  switch (expected_) {
    case Expect::kFrame:
      return start_frame(static_cast<uint8_t>(piece[0]));
    case Expect::kCount:
      entries_left_ = get_u64be(piece.data());
      return expect_entry();
    case Expect::kEntryLength:
      return expect_length(get_u64be(piece.data()), Expect::kEntry);
    case Expect::kEntry:
      return take_entry(piece);
    case Expect::kCommit:
      finish_append(Index(get_u64be(piece.data())), out);
      return true;
    case Expect::kLength:
      return expect_length(get_u64be(piece.data()), Expect::kMessage);
    case Expect::kMessage:
      return take_message(piece, out);
  }
  return false;
}

bool StreamDecoder::start_frame(uint8_t type) {
  if (type == kFrameHeartbeat) return true;
  if (type != kFrameEntries && type != kFrameMessage) return false;
  cost_ = 0;
  expect(type == kFrameEntries ? Expect::kCount : Expect::kLength, kNumberBytes);
  return true;
}

bool StreamDecoder::expect_length(uint64_t length, Expect next) {
  if (length > limits::kMessageBytes) return false;
  expect(next, length);
  return true;
}

bool StreamDecoder::expect_entry() {
  expect(entries_left_ > 0 ? Expect::kEntryLength : Expect::kCommit, kNumberBytes);
  return true;
}

bool StreamDecoder::take_entry(std::string_view piece) {
  cost_ += limits::kEntryCostBytes + piece.size();
  if (cost_ > limits::kMessageBytes) return false;
  if (!get_entry(piece, entries_.emplace_back())) return false;
  entries_left_--;
  return expect_entry();
}

void StreamDecoder::finish_append(Index commit, std::vector<Message>& out) {
  Message& m = out.emplace_back();
  m.type = MessageType::kApp;
  m.from = remote_;
  m.to = local_;
  m.term = m.log_term = position_.term;
  m.index = position_.index;
  m.entries = std::exchange(entries_, {});
  m.commit = commit;
  position_.index = position_.index.plus(m.entries.size());
  begun_ = false;
}

bool StreamDecoder::take_message(std::string_view piece, std::vector<Message>& out) {
  begun_ = false;
  Message m;
  const Decoded decoded = get_message(piece, m);
  if (decoded == Decoded::kMalformed) return false;
  if (kind_ == StreamKind::kMsgApp) {
    if (decoded != Decoded::kMessage || m.type != MessageType::kApp) return false;
    position_ = {m.term, m.entries.empty() ? m.index : m.entries.back().index};
  }
  if (decoded == Decoded::kMessage && !is_link_heartbeat(m)) out.push_back(std::move(m));
  return true;
}

void sort_appends(std::vector<Message>& messages) {
  std::vector<size_t> places;
  std::vector<Message> appends;
  for (size_t i = 0; i < messages.size(); i++) {
    if (messages[i].type == MessageType::kApp) places.push_back(i);
  }
  const auto before = [](const Message& a, const Message& b) {
    return a.term != b.term ? a.term < b.term : a.index < b.index;
  };
  const auto unordered = [&](size_t a, size_t b) { return before(messages[b], messages[a]); };
  if (std::adjacent_find(places.begin(), places.end(), unordered) == places.end()) return;
  for (const size_t place : places) appends.push_back(std::move(messages[place]));
  std::stable_sort(appends.begin(), appends.end(), before);
  for (size_t i = 0; i < places.size(); i++) messages[places[i]] = std::move(appends[i]);
}

}  // namespace keelson::peer
